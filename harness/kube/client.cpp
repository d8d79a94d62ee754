#include "harness/kube/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/kube/backoff.h"
#include "harness/kube/list_limits.h"
#include "harness/kube/list_page.h"
#include "harness/kube/object_stream.h"
#include "harness/kube/transport.h"
#include "harness/kube/url.h"
#include "harness/model/bounded_json.h"
#include "harness/model/object_name.h"

namespace stateproof::kube {
namespace {

using Kind = ApiError::Kind;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kFirstWait{200};
constexpr milliseconds kLongestWait{5'000};

/// What may be sent again when no good answer came.
enum class Repeat {
  kAlways,        ///< doing it twice is doing it once
  kIfNotStarted,  ///< only after a refusal that came before any effect (429)
  kNever,
};

bool is_worth_repeating(const ApiError& error, Repeat repeat) {
  if (repeat == Repeat::kNever) return false;
  if (error.retry_after > kMostPatience) return false;
  if (error.is_too_many_requests()) return true;
  if (repeat != Repeat::kAlways) return false;
  if (error.kind == Kind::kConnection) return true;
  // A 504 says that the server's cache is behind; a 500 counts only when the server itself proposes to try
  // again.
  const bool unavailable = error.http_status == 503 || error.http_status == 504;
  return error.kind == Kind::kStatus && (unavailable || (error.http_status == 500 && error.retry_after));
}

Result<HttpResponse> send_once(Transport& transport, const HttpRequest& request) {
  auto answer = transport.request(request);
  if (answer && (answer->status < 200 || answer->status > 299)) {
    return tl::unexpected(error_from_answer(*answer, request.shown()));
  }
  return answer;
}

Result<HttpResponse> send(Transport& transport, const HttpRequest& request, Repeat repeat) {
  Backoff backoff{kFirstWait, kLongestWait};
  for (int attempt = 1;; ++attempt) {
    auto answer = send_once(transport, request);
    if (answer || attempt >= transport.options().max_attempts ||
        !is_worth_repeating(answer.error(), repeat)) {
      return answer;
    }
    const auto own = backoff.next();
    const auto& asked = answer.error().retry_after;
    const auto wait = std::max(own, milliseconds{asked.value_or(std::chrono::seconds{0})});
    if (!transport.pause(wait, request.stop)) {
      return tl::unexpected(ApiError::of(Kind::kCancelled, "stopped", request.shown()));
    }
  }
}

Result<Dated> send_for_dated_json(Transport& transport, HttpRequest request, Repeat repeat) {
  request.headers.emplace_back("Accept: application/json");
  const auto answer = send(transport, request, repeat);
  if (!answer) return tl::unexpected(answer.error());
  auto value = parse_bounded_json(answer->body);
  if (!value || !has_object_names(*value))
    return tl::unexpected(error_from_content(answer->body, request.shown()));
  return Dated{*std::move(value), date_of(answer->headers)};
}

Result<json> send_for_json(Transport& transport, HttpRequest request, Repeat repeat) {
  return send_for_dated_json(transport, std::move(request), repeat).map([](Dated&& dated) {
    return std::move(dated.object);
  });
}

HttpRequest request_of(const char* method, std::string path, std::string counted_as) {
  HttpRequest request;
  request.method = method;
  request.path = std::move(path);
  request.counted_as = std::move(counted_as);
  return request;
}

HttpRequest with_body(HttpRequest request, const json& body, std::string_view type = "application/json") {
  // Invalid UTF-8 inside a string must not throw; the server will complain about it in its own words.
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  request.headers.push_back(fmt::format("Content-Type: {}", type));
  return request;
}

std::string_view propagation_policy(Propagation propagation) {
  switch (propagation) {
    case Propagation::kBackground:
      return "Background";
    case Propagation::kForeground:
      return "Foreground";
    case Propagation::kOrphan:
      return "Orphan";
  }
  return "";
}

json delete_options(const DeleteOptions& options) {
  json body{{"kind", "DeleteOptions"}, {"apiVersion", "v1"}};
  if (options.grace_period) body["gracePeriodSeconds"] = options.grace_period->count();
  if (options.propagation) body["propagationPolicy"] = propagation_policy(*options.propagation);
  if (!options.precondition_uid.empty()) body["preconditions"]["uid"] = options.precondition_uid;
  return body;
}

std::string_view patch_content_type(PatchType type) {
  switch (type) {
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
    case PatchType::kJson:
      return "application/json-patch+json";
  }
  return "";
}

/// "get pods", or "get scale" for a subresource.
std::string counted(std::string_view verb, const Resource& r, std::string_view subresource = {}) {
  return fmt::format("{} {}", verb, subresource.empty() ? r.plural : subresource);
}

Result<ObjectList> list_once(Transport& transport, const Resource& r, std::string_view ns,
                             const ListOptions& options, const std::stop_token& stop) {
  ObjectList all;
  ListLimits limits;
  std::string next;
  do {
    HttpRequest request = list_request(r, ns, options, next);
    request.stop = stop;
    const auto answer = send(transport, request, Repeat::kAlways);
    if (!answer) return tl::unexpected(answer.error());
    auto page = parse_list_page(r, answer->body, request);
    if (!page) return tl::unexpected(page.error());
    if (auto endless = limits.take(*page, answer->body.size(), request)) return tl::unexpected(*endless);
    all.items.insert(all.items.end(), std::make_move_iterator(page->items.begin()),
                     std::make_move_iterator(page->items.end()));
    all.resource_version = std::move(page->resource_version);
    next = std::move(page->continue_token);
  } while (!next.empty());
  return all;
}

}  // namespace

Result<std::optional<Timestamp>> stream_objects(const Client& client, const Resource& r, std::string_view ns,
                                                int page_size, const std::function<void(json&&)>& take) {
  ListOptions options;
  options.page_size = page_size;
  std::optional<Timestamp> served;
  std::string next;
  ListLimits limits;
  do {
    HttpRequest request = list_request(r, ns, options, next);
    request.stop = client.stop();
    const auto answer = send(*client.transport(), request, Repeat::kAlways);
    if (!answer) return tl::unexpected(answer.error());
    auto page = parse_list_page(r, answer->body, request);
    if (!page) return tl::unexpected(page.error());
    if (auto endless = limits.take(*page, answer->body.size(), request)) return tl::unexpected(*endless);
    if (!served) served = date_of(answer->headers);
    for (json& object : page->items) take(std::move(object));
    next = std::move(page->continue_token);
  } while (!next.empty());
  return served;
}

Result<Client> Client::create(ClusterConfig config, ClientOptions options) {
  auto transport = Transport::create(std::move(config), std::move(options));
  if (!transport) return tl::unexpected(transport.error());
  return Client(*std::move(transport));
}

Result<json> Client::get(const Resource& r, std::string_view ns, std::string_view name) const {
  return send_for_json(*transport_, read(request_of("GET", r.path(ns, name), counted("get", r))),
                       Repeat::kAlways);
}

Result<Dated> Client::get_dated(const Resource& r, std::string_view ns, std::string_view name) const {
  return send_for_dated_json(*transport_, read(request_of("GET", r.path(ns, name), counted("get", r))),
                             Repeat::kAlways);
}

HttpRequest Client::read(HttpRequest request) const {
  request.stop = stop_;
  return request;
}

HttpRequest Client::change(HttpRequest request) const {
  request.stop = stop_;
  request.fence = fence_;
  return request;
}

Client Client::until(std::stop_token stop) const {
  Client client(*this);
  client.stop_ = std::move(stop);
  return client;
}

Client Client::fenced(Fence fence) const {
  Client client(*this);
  client.fence_ = std::move(fence);
  return client;
}

Result<ObjectList> Client::list(const Resource& r, std::string_view ns, const ListOptions& options) const {
  auto all = list_once(*transport_, r, ns, options, stop_);
  if (all || !all.error().is_gone()) return all;
  // A continue token outlived the history that it points into. In one piece the list cannot expire.
  ListOptions whole = options;
  whole.page_size = 0;
  return list_once(*transport_, r, ns, whole, stop_);
}

Result<json> Client::create_object(const Resource& r, std::string_view ns, const json& object) const {
  return send_for_json(*transport_,
                       change(with_body(request_of("POST", r.path(ns), counted("create", r)), object)),
                       Repeat::kIfNotStarted);
}

Result<json> Client::review(const Resource& r, const json& question) const {
  return send_for_json(*transport_,
                       read(with_body(request_of("POST", r.path({}), counted("create", r)), question)),
                       Repeat::kAlways);
}

Result<void> Client::try_create(const Resource& r, std::string_view ns, const json& object) const {
  Query query;
  query.add("dryRun", "All");
  const auto answer = send_for_json(
      *transport_,
      read(with_body(request_of("POST", r.path(ns) + query.text(), counted("create", r)), object)),
      Repeat::kAlways);
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

Result<json> Client::replace(const Resource& r, std::string_view ns, std::string_view name,
                             const json& object) const {
  return send_for_json(*transport_,
                       change(with_body(request_of("PUT", r.path(ns, name), counted("update", r)), object)),
                       Repeat::kIfNotStarted);
}

Result<json> Client::apply(const Resource& r, std::string_view ns, std::string_view name, const json& object,
                           std::string_view field_manager, bool force) const {
  Query query;
  query.add("fieldManager", field_manager);
  if (force) query.add("force", "true");
  HttpRequest request = request_of("PATCH", r.path(ns, name) + query.text(), counted("apply", r));
  // JSON is YAML; the type of apply+json exists only since 1.32.
  return send_for_json(*transport_,
                       change(with_body(std::move(request), object, "application/apply-patch+yaml")),
                       Repeat::kAlways);
}

Result<json> Client::patch(const Resource& r, std::string_view ns, std::string_view name, PatchType type,
                           const json& patch, std::string_view subresource) const {
  HttpRequest request = request_of("PATCH", r.path(ns, name, subresource), counted("patch", r, subresource));
  // The operations of a JSON patch add up; a merge patch says how things shall be.
  const Repeat repeat = type == PatchType::kMerge ? Repeat::kAlways : Repeat::kIfNotStarted;
  return send_for_json(*transport_, change(with_body(std::move(request), patch, patch_content_type(type))),
                       repeat);
}

Result<json> Client::remove(const Resource& r, std::string_view ns, std::string_view name,
                            const DeleteOptions& options) const {
  HttpRequest request = request_of("DELETE", r.path(ns, name), counted("delete", r));
  // By name alone, a second try could hit the successor.
  const Repeat repeat = options.precondition_uid.empty() ? Repeat::kIfNotStarted : Repeat::kAlways;
  return send_for_json(*transport_, change(with_body(std::move(request), delete_options(options))), repeat);
}

Result<json> Client::get_scale(const Resource& r, std::string_view ns, std::string_view name) const {
  return send_for_json(*transport_,
                       read(request_of("GET", r.path(ns, name, "scale"), counted("get", r, "scale"))),
                       Repeat::kAlways);
}

Result<json> Client::scale(const Resource& r, std::string_view ns, std::string_view name,
                           int replicas) const {
  return patch(r, ns, name, PatchType::kMerge, {{"spec", {{"replicas", replicas}}}}, "scale");
}

Result<json> Client::replace_scale(const Resource& r, std::string_view ns, std::string_view name,
                                   const json& scale) const {
  return send_for_json(
      *transport_,
      change(with_body(request_of("PUT", r.path(ns, name, "scale"), counted("update", r, "scale")), scale)),
      Repeat::kIfNotStarted);
}

Result<json> Client::evict(std::string_view ns, std::string_view pod, const DeleteOptions& options) const {
  const json eviction{{"apiVersion", "policy/v1"},
                      {"kind", "Eviction"},
                      {"metadata", {{"name", pod}, {"namespace", ns}}},
                      {"deleteOptions", delete_options(options)}};
  HttpRequest request =
      request_of("POST", kPods.path(ns, pod, "eviction"), counted("create", kPods, "eviction"));
  return send_for_json(*transport_, change(with_body(std::move(request), eviction)), Repeat::kNever);
}

Result<std::string> Client::pod_log(std::string_view ns, std::string_view pod, std::string_view container,
                                    bool previous, int tail_lines) const {
  Query query;
  query.add_if_set("container", container).add("tailLines", std::to_string(tail_lines));
  if (previous) query.add("previous", "true");
  auto answer =
      send(*transport_,
           read(request_of("GET", kPods.path(ns, pod, "log") + query.text(), counted("get", kPods, "log"))),
           Repeat::kAlways);
  if (!answer) return tl::unexpected(answer.error());
  return std::move(answer->body);
}

Result<json> Client::get_path(std::string_view path) const {
  const std::string text(path);
  return send_for_json(*transport_, read(request_of("GET", text, "get " + text.substr(0, text.find('?')))),
                       Repeat::kAlways);
}

Result<std::string> Client::get_text(std::string_view path) const {
  const std::string text(path);
  auto answer = send(*transport_, read(request_of("GET", text, "get " + text)), Repeat::kAlways);
  if (!answer) return tl::unexpected(answer.error());
  return std::move(answer->body);
}

RequestCounts Client::request_counts() const { return transport_->counts(); }

const ClusterConfig& Client::config() const { return transport_->config(); }

}  // namespace stateproof::kube
