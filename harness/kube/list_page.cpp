#include "harness/kube/list_page.h"

#include <fmt/format.h>

#include <utility>

#include "harness/kube/url.h"
#include "harness/model/bounded_json.h"
#include "harness/model/object_name.h"

namespace stateproof::kube {

HttpRequest list_request(const Resource& resource, std::string_view ns, const ListOptions& options,
                         std::string_view continue_token) {
  Query query;
  if (options.page_size > 0) query.add("limit", std::to_string(options.page_size));
  query.add_if_set("labelSelector", options.label_selector)
      .add_if_set("fieldSelector", options.field_selector)
      .add_if_set("continue", continue_token);
  HttpRequest request;
  request.path = resource.path(ns) + query.text();
  request.counted_as = fmt::format("list {}", resource.plural);
  request.headers = {"Accept: application/json"};
  return request;
}

Result<ListPage> parse_list_page(const Resource& resource, std::string_view body,
                                 const HttpRequest& request) {
  auto parsed = parse_bounded_json(body);
  if (!parsed) return tl::unexpected(error_from_content(body, request.shown()));
  nlohmann::json& list = *parsed;
  const auto metadata = list.is_object() ? list.find("metadata") : list.end();
  if (metadata == list.end() || !metadata->is_object() || !list.contains("items")) {
    return tl::unexpected(ApiError::of(ApiError::Kind::kProtocol, "not a list of objects", request.shown()));
  }
  ListPage page;
  page.resource_version = text_of(*metadata, "resourceVersion");
  page.continue_token = text_of(*metadata, "continue");
  if (page.resource_version.empty()) {
    return tl::unexpected(
        ApiError::of(ApiError::Kind::kProtocol, "a list without a version", request.shown()));
  }
  if (auto& items = list["items"]; items.is_array()) {
    page.items = std::move(items.get_ref<nlohmann::json::array_t&>());
  }
  for (nlohmann::json& item : page.items) {
    if (!item.is_object() || !has_object_names(item))
      return tl::unexpected(ApiError::of(ApiError::Kind::kProtocol,
                                         "a list with an object whose name is not valid", request.shown()));
    complete_type(item, resource);
  }
  return page;
}

std::string text_of(const nlohmann::json& object, const char* field) {
  if (!object.is_object()) return {};
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void complete_type(nlohmann::json& object, const Resource& resource) {
  if (!object.is_object()) return;
  if (!object.contains("kind")) object["kind"] = resource.kind;
  if (!object.contains("apiVersion")) {
    object["apiVersion"] =
        fmt::format("{}{}{}", resource.group, resource.group.empty() ? "" : "/", resource.version);
  }
}

}  // namespace stateproof::kube
