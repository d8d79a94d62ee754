#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kube/client.h"
#include "harness/kube/transport.h"

namespace stateproof::kube {

/// One answer to a LIST, which the server may have cut into several.
struct ListPage {
  std::vector<nlohmann::json> items;  ///< each with apiVersion and kind filled in
  std::string resource_version;
  std::string continue_token;  ///< empty on the last page
};

/// Never asks with resourceVersion=0: an answer from a stale cache proves nothing.
HttpRequest list_request(const Resource& resource, std::string_view ns, const ListOptions& options,
                         std::string_view continue_token);

Result<ListPage> parse_list_page(const Resource& resource, std::string_view body, const HttpRequest& request);

/// A string field of an object; empty when there is none.
std::string text_of(const nlohmann::json& object, const char* field);

/// Fills in what a served object of `resource` may leave out.
void complete_type(nlohmann::json& object, const Resource& resource);

}  // namespace stateproof::kube
