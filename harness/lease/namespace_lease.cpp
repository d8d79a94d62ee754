#include "harness/lease/namespace_lease.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "harness/kube/watch.h"
#include "harness/lease/holder.h"

namespace stateproof::lease {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kLeaseName = "stateproof";
constexpr const char* kRunLabel = "stateproof.dev/run";
constexpr const char* kHolder = "stateproof.dev/holder";
constexpr const char* kMainNamespace = "stateproof.dev/lease-in";
constexpr auto kRenewEvery = 10s;
constexpr auto kDuration = 40s;  // three renewals may be lost to an API outage
constexpr auto kKept = std::chrono::seconds{std::chrono::hours{24 * 30}};
constexpr auto kDeletionLimit = 120s;  // the namespace controller empties it kind by kind

tl::unexpected<HarnessError> fail(std::string sentence) {
  return tl::make_unexpected(HarnessError{std::move(sentence)});
}

Timestamp now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string micro_time(Timestamp time) {
  // MicroTime wants six digits.
  std::string text = format_rfc3339(time);
  return text.insert(text.size() - 1, "000");
}

std::string annotation(const json& ns, const char* key) {
  const json annotations = ns.at("metadata").value("annotations", json::object());
  return annotations.value(key, "");
}

// The controller of namespaces looks first after five seconds, and once more after another five when pods
// were still there. Those that end meanwhile need not be waited for; what is refused here it removes itself.
void empty(const kube::Client& client, const std::string& name) {
  for (const kube::Resource& resource :
       {kube::kStatefulSets, kube::kDeployments, kube::kReplicaSets, kube::kPods, kube::kClaims}) {
    const auto found = client.list(resource, name);
    if (!found) continue;
    for (const json& object : found->items)
      (void)client.remove(resource, name, object.at("metadata").at("name").get<std::string>());
  }
}

// Wakes when a namespace is gone.
class NamespaceGone : public kube::WatchSink {
 public:
  void on_event(const kube::Resource&, kube::WatchEvent event) override {
    set([&] { present_ = event.type != kube::WatchEventType::kDeleted; });
  }
  void on_synced(const kube::Resource&) override {
    set([&] { synced_ = true; });
  }
  void on_gap(const kube::Resource&, const kube::WatchGap&) override {}
  void on_trouble(const kube::Resource&, const kube::ApiError&) override {}
  void on_failed(const kube::Resource&, const kube::ApiError& error) override {
    set([&] { failed_ = error.sentence(); });
  }

  tl::expected<void, HarnessError> await(const std::string& name, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kDeletionLimit, [&] { return (synced_ && !present_) || !failed_.empty(); });
    if (!failed_.empty()) return fail(failed_);
    if (stop.stop_requested()) return fail("Interrupted.");
    if (synced_ && !present_) return {};
    return fail(
        fmt::format("Namespace {} of an earlier run is still being deleted after {} s; look at its "
                    "status.conditions: kubectl get namespace {} -o yaml.",
                    name, kDeletionLimit.count(), name));
  }

 private:
  template <class Change>
  void set(Change change) {
    const std::scoped_lock lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool present_ = false;
  bool synced_ = false;
  std::string failed_;
};

tl::expected<void, HarnessError> await_gone(const kube::Client& client, const std::string& name,
                                            const std::stop_token& stop) {
  NamespaceGone gone;
  kube::Watcher watcher(client);
  watcher.start({.resource = kube::kNamespaces,
                 .ns = "",
                 .label_selector = "",
                 .field_selector = "metadata.name=" + name,
                 .sink = &gone});
  return gone.await(name, stop);
}

std::string holder_of(const json& ns) {
  const auto holder = Holder::parse(annotation(ns, kHolder));
  return holder ? fmt::format("process {} on {}", holder->pid, holder->host) : "another process";
}

using Judge = bool (*)(const json& lease, Timestamp now);

// A namespace is as abandoned as the Lease of its run. One without a Lease yet counts from its creation.
bool lease_is(Judge abandoned, const kube::Client& client, const json& ns, Timestamp server_now) {
  const std::string own_name = ns.at("metadata").at("name");
  std::string main = annotation(ns, kMainNamespace);
  if (main.empty()) main = own_name;
  const auto lease = client.get(kube::kLeases, main, kLeaseName);
  if (lease) return abandoned(*lease, server_now);
  if (!lease.error().is_not_found()) return false;
  return abandoned({{"spec",
                     {{"holderIdentity", annotation(ns, kHolder)},
                      {"renewTime", ns.at("metadata").value("creationTimestamp", "")},
                      {"leaseDurationSeconds", kDuration.count()}}}},
                   server_now);
}

bool is_terminating(const json& ns) { return ns.at("metadata").contains("deletionTimestamp"); }

// By the API server's clock, in whole seconds; nullopt when it does not say.
std::optional<Timestamp> last_written(const json& object) {
  std::optional<Timestamp> newest;
  for (const json& fields : object.at("metadata").value("managedFields", json::array()))
    if (const auto time = parse_rfc3339(fields.value("time", "")))
      newest = newest ? std::max(*newest, *time) : *time;
  return newest;
}

}  // namespace

bool is_ours(const json& ns) {
  const json labels = ns.at("metadata").value("labels", json::object());
  return labels.value("app.kubernetes.io/managed-by", "") == "stateproof";
}

std::vector<std::string> namespaces_of(const LeaseRequest& request) {
  const std::string main = request.name.empty() ? "stateproof-" + request.run : request.name;
  std::vector<std::string> names{main};
  for (const std::string& suffix : request.more) names.push_back(main + "-" + suffix);
  return names;
}

tl::expected<std::unique_ptr<NamespaceLease>, HarnessError> NamespaceLease::take(
    const kube::Client& client, const LeaseRequest& request) {
  std::unique_ptr<NamespaceLease> lease(new NamespaceLease(client));
  if (auto created = lease->create_all(namespaces_of(request), request); !created) {
    lease->release();
    return tl::make_unexpected(created.error());
  }
  lease->keep_renewing();
  return lease;
}

tl::expected<std::unique_ptr<NamespaceLease>, HarnessError> NamespaceLease::take_up(
    const kube::Client& client, const LeaseRequest& request) {
  std::unique_ptr<NamespaceLease> lease(new NamespaceLease(client));
  if (auto taken = lease->take_up_all(request); !taken) return tl::make_unexpected(taken.error());
  lease->keep_renewing();
  return lease;
}

void NamespaceLease::keep_renewing() {
  renewer_ = std::jthread([this](const std::stop_token& stop) { renew(stop); });
}

NamespaceLease::~NamespaceLease() = default;

tl::expected<void, HarnessError> NamespaceLease::create_all(const std::vector<std::string>& names,
                                                            const LeaseRequest& request) {
  for (const std::string& name : names) {
    if (auto created = create_one(name, request); !created) return created;
    if (name != names.front()) continue;
    if (auto held = hold(request.spared); !held) return held;
  }
  return sweep();
}

tl::expected<void, HarnessError> NamespaceLease::take_up_all(const LeaseRequest& request) {
  const std::vector<std::string> names = namespaces_of(request);
  for (const std::string& name : names) {
    const auto existing = client_.get(kube::kNamespaces, "", name);
    if (!existing && !existing.error().is_not_found()) return fail(existing.error().sentence());
    const bool stands = existing && is_ours(*existing) && !is_terminating(*existing) &&
                        existing->at("metadata").at("labels").value(kRunLabel, "") == request.run;
    if (!stands)
      return fail(
          fmt::format("Namespace {} of the killed run {} is gone, and what its clients wrote down with "
                      "it; begin a new run.",
                      name, request.run));
  }
  const auto lease = client_.get(kube::kLeases, names.front(), kLeaseName);
  if (!lease) return fail(lease.error().sentence());
  if (!is_abandoned(*lease, now()))
    return fail(fmt::format("Namespace {} is in use; wait for the run that holds it.", names.front()));
  // With its version, so that of two who take it up one is refused.
  const auto taken = client_.patch(
      kube::kLeases, names.front(), kLeaseName, kube::PatchType::kMerge,
      {{"metadata", {{"resourceVersion", lease->at("metadata").at("resourceVersion")}}},
       {"spec", {{"holderIdentity", Holder::this_process().identity()}, {"renewTime", micro_time(now())}}}});
  if (!taken) return fail(taken.error().sentence());
  if (const auto written = last_written(*taken)) clock_skew_ = *written - now();
  names_ = names;
  return sweep();
}

tl::expected<void, HarnessError> NamespaceLease::sweep() {
  auto swept = sweep_abandoned(client_, server_now(), Spared::kStay);
  if (!swept) return tl::make_unexpected(swept.error());
  swept_ = std::move(*swept);
  return {};
}

tl::expected<void, HarnessError> NamespaceLease::create_one(const std::string& name,
                                                            const LeaseRequest& request) {
  const json ns{{"apiVersion", "v1"},
                {"kind", "Namespace"},
                {"metadata",
                 {{"name", name},
                  {"labels", {{"app.kubernetes.io/managed-by", "stateproof"}, {kRunLabel, request.run}}},
                  {"annotations",
                   {{kHolder, Holder::this_process().identity()},
                    {kMainNamespace, names_.empty() ? name : names_.front()}}}}}};
  auto created = client_.create_object(kube::kNamespaces, "", ns);
  if (!created && created.error().is_conflict()) {
    if (auto taken = take_over(name, request); !taken) return taken;
    created = client_.create_object(kube::kNamespaces, "", ns);
  }
  if (!created) return fail(created.error().sentence());
  if (const auto stamp = parse_rfc3339(created->at("metadata").value("creationTimestamp", "")))
    clock_skew_ = *stamp - now();
  names_.push_back(name);
  return {};
}

tl::expected<void, HarnessError> NamespaceLease::take_over(const std::string& name,
                                                           const LeaseRequest& request) {
  const auto existing = client_.get(kube::kNamespaces, "", name);
  if (!existing) {
    if (existing.error().is_not_found()) return {};  // gone meanwhile
    return fail(existing.error().sentence());
  }
  if (!is_ours(*existing))
    return fail(fmt::format(
        "Namespace {} exists and was not made by stateproof; give another --namespace, or none.", name));
  if (!is_terminating(*existing)) {
    if (!lease_is(is_abandoned, client_, *existing, server_now()))
      return fail(fmt::format("Namespace {} is in use by {}; wait for that run, or give another --namespace.",
                              name, holder_of(*existing)));
    if (auto removed = client_.remove(kube::kNamespaces, "", name);
        !removed && !removed.error().is_not_found())
      return fail(removed.error().sentence());
  }
  return await_gone(client_, name, request.stop);
}

Timestamp NamespaceLease::server_now() const { return now() + clock_skew_; }

tl::expected<void, HarnessError> NamespaceLease::hold(std::chrono::seconds spared) {
  const json lease{
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata", {{"name", kLeaseName}, {"annotations", {{kSpared, std::to_string(spared.count())}}}}},
      {"spec",
       {{"holderIdentity", Holder::this_process().identity()},
        {"leaseDurationSeconds", kDuration.count()},
        {"renewTime", micro_time(server_now())}}}};
  if (auto created = client_.create_object(kube::kLeases, names_.front(), lease); !created)
    return fail(created.error().sentence());
  return {};
}

void NamespaceLease::renew(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!pause_.wait_for(lock, stop, kRenewEvery, [&] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) return;
    // A renewal that fails is tried again in time: the lease outlasts three of them.
    (void)client_.patch(kube::kLeases, names_.front(), kLeaseName, kube::PatchType::kMerge,
                        {{"spec", {{"renewTime", micro_time(server_now())}}}});
  }
}

tl::expected<void, HarnessError> NamespaceLease::keep() {
  renewer_ = {};
  const auto kept = client_.patch(kube::kLeases, names_.front(), kLeaseName, kube::PatchType::kMerge,
                                  {{"spec",
                                    {{"holderIdentity", "kept"},
                                     {"leaseDurationSeconds", kKept.count()},
                                     {"renewTime", micro_time(server_now())}}}});
  if (!kept) return fail(kept.error().sentence());
  return {};
}

std::vector<std::string> NamespaceLease::release() {
  renewer_ = {};
  std::vector<std::string> failed;
  for (const std::string& name : names_) {
    const auto removed = client_.remove(kube::kNamespaces, "", name);
    if (!removed && !removed.error().is_not_found())
      failed.push_back(name + ": " + removed.error().sentence());
    empty(client_, name);
  }
  return failed;
}

tl::expected<std::vector<std::string>, HarnessError> sweep_abandoned(const kube::Client& client,
                                                                     Timestamp server_now, Spared spared) {
  const auto found = client.list(kube::kNamespaces, "", {.label_selector = kManagedBy, .field_selector = ""});
  if (!found) return fail(found.error().sentence());
  std::vector<std::string> swept;
  for (const json& ns : found->items) {
    if (!lease_is(spared == Spared::kStay ? is_given_up : is_abandoned, client, ns, server_now)) continue;
    const std::string name = ns.at("metadata").at("name");
    if (is_terminating(ns) || client.remove(kube::kNamespaces, "", name)) swept.push_back(name);
  }
  return swept;
}

}  // namespace stateproof::lease
