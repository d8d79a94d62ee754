#include "harness/lease/testing/small_cluster.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/lease/ownership.h"

namespace stateproof::lease::testing {
namespace {

using nlohmann::json;

std::string http_date(Timestamp time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string leases_of(const std::string& ns) {
  return fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases", ns);
}

}  // namespace

SmallCluster::SmallCluster(const std::vector<std::string>& names) {
  server_.always("GET /api/v1/namespaces", [this](Connection& c) { list_namespaces(c); });
  server_.always("POST /api/v1/namespaces", [this](Connection& c) { create_namespace(c); });
  server_.always("WATCH /api/v1/namespaces", [](Connection& c) {
    c.begin_stream();
    c.await_close();
  });
  for (const std::string& name : names) serve(name);
}

void SmallCluster::serve(const std::string& name) {
  server_.always("DELETE /api/v1/namespaces/" + name,
                 [=, this](Connection& c) { delete_namespace(c, name); });
  server_.always("POST " + leases_of(name), [=, this](Connection& c) { create_lease(c, name); });
  const std::string lease = leases_of(name) + "/" + kLeaseName;
  server_.always("GET " + lease, [=, this](Connection& c) { get_lease(c, name); });
  server_.always("PATCH " + lease, [=, this](Connection& c) { patch_lease(c, name); });
}

kube::Client SmallCluster::client(kube::ClientOptions options) const {
  return *kube::Client::create(server_.config(), std::move(options));
}

void SmallCluster::answer(Connection& c, int status, const json& body) const {
  c.respond(status, body.dump(), {{"Content-Type", "application/json"}, {"Date", http_date(now_)}});
}

void SmallCluster::refuse(Connection& c, int status, const char* reason) const {
  answer(c, status, kube::testing::status_object(status, reason, "told so"));
}

void SmallCluster::list_namespaces(Connection& c) {
  const std::scoped_lock lock(mutex_);
  const auto wanted = c.request().query("fieldSelector");
  json items = json::array();
  for (const auto& [name, stored] : stored_)
    if (!wanted || *wanted == "metadata.name=" + name) items.push_back(stored.ns);
  answer(c, 200, {{"kind", "NamespaceList"}, {"metadata", {{"resourceVersion", "1"}}}, {"items", items}});
}

void SmallCluster::create_namespace(Connection& c) {
  const std::scoped_lock lock(mutex_);
  json object = c.request().json();
  const std::string name = name_of(object);
  if (stored_.contains(name)) return refuse(c, 409, "AlreadyExists");
  store_namespace(name, std::move(object));
  answer(c, 201, stored_.at(name).ns);
}

void SmallCluster::store_namespace(const std::string& name, json object) {
  object["metadata"]["name"] = name;
  object["metadata"]["uid"] = fmt::format("uid-{}", ++version_);
  object["metadata"]["resourceVersion"] = std::to_string(version_);
  object["metadata"]["creationTimestamp"] = format_rfc3339(now_);
  stored_[name].ns = std::move(object);
}

void SmallCluster::delete_namespace(Connection& c, const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const auto found = stored_.find(name);
  if (found == stored_.end()) return refuse(c, 404, "NotFound");
  const std::string wanted =
      c.request().json().value("/preconditions/uid"_json_pointer, uid_of(found->second.ns));
  if (wanted != uid_of(found->second.ns)) return refuse(c, 409, "Conflict");
  if (found->second.lingers)
    found->second.ns["metadata"]["deletionTimestamp"] = format_rfc3339(now_);
  else
    stored_.erase(found);
  answer(c, 200, json::object());
}

void SmallCluster::get_lease(Connection& c, const std::string& ns) {
  const std::scoped_lock lock(mutex_);
  const auto found = stored_.find(ns);
  if (found == stored_.end() || found->second.lease.is_null()) return refuse(c, 404, "NotFound");
  answer(c, 200, found->second.lease);
}

void SmallCluster::create_lease(Connection& c, const std::string& ns) {
  const std::scoped_lock lock(mutex_);
  const auto found = stored_.find(ns);
  if (found == stored_.end()) return refuse(c, 404, "NotFound");
  if (!found->second.lease.is_null()) return refuse(c, 409, "AlreadyExists");
  found->second.lease = c.request().json();
  stamp(found->second.lease);
  answer(c, 201, found->second.lease);
}

void SmallCluster::patch_lease(Connection& c, const std::string& ns) {
  const std::scoped_lock lock(mutex_);
  if (refusal_ != 0) return refuse(c, refusal_, "Refused");
  const auto found = stored_.find(ns);
  if (found == stored_.end() || found->second.lease.is_null()) return refuse(c, 404, "NotFound");
  const json merge = c.request().json();
  const std::string wanted = merge.value("/metadata/resourceVersion"_json_pointer, "");
  if (!wanted.empty() && wanted != version_of(found->second.lease)) return refuse(c, 409, "Conflict");
  found->second.lease.merge_patch(merge);
  stamp(found->second.lease);
  answer(c, 200, found->second.lease);
}

void SmallCluster::stamp(json& lease) {
  lease["metadata"]["resourceVersion"] = std::to_string(++version_);
  lease["metadata"]["managedFields"] = {{{"manager", "stateproof"}, {"time", format_rfc3339(now_)}}};
}

void SmallCluster::advance(std::chrono::seconds time) {
  const std::scoped_lock lock(mutex_);
  now_ += time;
}

void SmallCluster::make_namespace(const std::string& name, const json& metadata) {
  const std::scoped_lock lock(mutex_);
  store_namespace(name, {{"metadata", metadata}});
}

void SmallCluster::make_lease(const std::string& ns, json lease) {
  const std::scoped_lock lock(mutex_);
  stamp(lease);
  stored_.at(ns).lease = std::move(lease);
}

void SmallCluster::write_lease(const std::string& ns, const json& merge) {
  const std::scoped_lock lock(mutex_);
  stored_.at(ns).lease.merge_patch(merge);
  stamp(stored_.at(ns).lease);
}

void SmallCluster::drop_namespace(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  stored_.erase(name);
}

void SmallCluster::refuse_renewals(int status) {
  const std::scoped_lock lock(mutex_);
  refusal_ = status;
}

void SmallCluster::linger(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  stored_.at(name).lingers = true;
}

std::optional<json> SmallCluster::ns(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = stored_.find(name);
  return found == stored_.end() ? std::nullopt : std::optional{found->second.ns};
}

json SmallCluster::lease(const std::string& ns) const {
  const std::scoped_lock lock(mutex_);
  const auto found = stored_.find(ns);
  return found == stored_.end() ? json(nullptr) : found->second.lease;
}

std::vector<std::string> SmallCluster::names() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, stored] : stored_) names.push_back(name);
  return names;
}

bool SmallCluster::await_writes(const std::string& ns, std::size_t count) {
  return server_.await_requests("PATCH " + leases_of(ns) + "/" + kLeaseName, count);
}

bool SmallCluster::await_round(const std::string& ns) {
  return await_writes(ns, server_.requests("PATCH " + leases_of(ns) + "/" + kLeaseName).size() + 2);
}

}  // namespace stateproof::lease::testing
