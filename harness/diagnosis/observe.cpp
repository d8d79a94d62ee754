#include "harness/diagnosis/observe.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "harness/kube/object_stream.h"
#include "harness/kube/watch.h"
#include "harness/model/bounded_json.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

constexpr kube::Resource kResourceClaims{"resource.k8s.io", "v1", "resourceclaims", "ResourceClaim"};
constexpr kube::Resource kCsiNodes{"storage.k8s.io", "v1", "csinodes", "CSINode", false};
constexpr kube::Resource kMutatingWebhooks{"admissionregistration.k8s.io", "v1",
                                           "mutatingwebhookconfigurations", "MutatingWebhookConfiguration",
                                           false};
constexpr kube::Resource kValidatingWebhooks{"admissionregistration.k8s.io", "v1",
                                             "validatingwebhookconfigurations",
                                             "ValidatingWebhookConfiguration", false};

constexpr const char* kApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr int kLogLines = 40;
constexpr const char* kNoLog = "unable to retrieve container logs for ";  // what the kubelet says instead
// A page is held as text and as objects at once: small ones keep a large cluster small.
constexpr int kPage = 250;

void forget_bookkeeping(json& object) {
  if (auto meta = object.find("metadata"); meta != object.end() && meta->is_object()) {
    meta->erase("managedFields");
    if (auto annotations = meta->find("annotations"); annotations != meta->end() && annotations->is_object())
      annotations->erase(kApplied);
  }
}

bool keep_plain(json& object) {
  forget_bookkeeping(object);
  return true;
}

// When it was changed last is told by the times of its managed fields alone.
bool keep_claim(json& claim) {
  json times = json::array();
  for (const json& entry : in(claim, "metadata", "managedFields"))
    times.push_back({{"time", text(entry, "time")}, {"subresource", text(entry, "subresource")}});
  forget_bookkeeping(claim);
  if (!times.empty()) claim["metadata"]["managedFields"] = std::move(times);
  return true;
}

/// Of what was applied last only the replicas are looked at.
std::string applied_replicas(const std::string& applied) {
  const json object = parse_bounded_json(applied).value_or(json());
  const json& replicas = in(object, "spec", "replicas");
  return replicas.is_number_integer() ? json{{"spec", {{"replicas", replicas}}}}.dump() : std::string{};
}

bool keep_set(json& set) {
  // Who changed what is told by the managed fields of a set.
  if (const std::string applied = text(in(set, "metadata", "annotations"), kApplied); !applied.empty())
    set["metadata"]["annotations"][kApplied] = applied_replicas(applied);
  return true;
}

bool keep_node(json& node) {
  forget_bookkeeping(node);
  if (auto status = node.find("status"); status != node.end() && status->is_object()) status->erase("images");
  return true;
}

bool keep_event(json& event) {
  const std::string kind = text(member(event, "involvedObject"), "kind");
  if (kind != "Pod" && kind != "StatefulSet" && kind != "PersistentVolumeClaim") return false;
  forget_bookkeeping(event);
  return true;
}

bool is_of_a_set(const json& pod) {
  const json& owners = in(pod, "metadata", "ownerReferences");
  return std::any_of(owners.begin(), owners.end(),
                     [](const json& owner) { return text(owner, "kind") == "StatefulSet"; });
}

// Of pods that belong to no set: what they take of their node, and how others find them.
bool keep_pod(json& pod) {
  forget_bookkeeping(pod);
  if (is_of_a_set(pod)) return true;
  json kept{
      {"kind", "Pod"}, {"metadata", json::object()}, {"spec", json::object()}, {"status", json::object()}};
  const auto copy = [&](const char* part, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
      if (const json& value = in(pod, part, key); !value.is_null()) kept[part][key] = value;
  };
  copy("metadata",
       {"name", "namespace", "uid", "labels", "ownerReferences", "creationTimestamp", "deletionTimestamp"});
  copy("spec", {"nodeName", "hostNetwork", "overhead", "resources", "schedulerName"});
  copy("status", {"phase", "conditions"});
  if (const json& apart = in(pod, "spec", "affinity", "podAntiAffinity"); apart.is_object())
    kept["spec"]["affinity"]["podAntiAffinity"] = apart;
  for (const json& volume : in(pod, "spec", "volumes"))
    if (member(volume, "persistentVolumeClaim").is_object()) kept["spec"]["volumes"].push_back(volume);
  for (const char* list : {"containers", "initContainers"})
    for (const json& container : in(pod, "spec", list)) {
      json small{{"name", text(container, "name")}};
      for (const char* key : {"resources", "ports", "restartPolicy"})
        if (const json& value = member(container, key); !value.is_null()) small[key] = value;
      kept["spec"][list].push_back(std::move(small));
    }
  pod = std::move(kept);
  return true;
}

/// Reads lists, and says for each that may not be read what is not found without it.
class Reading {
 public:
  Reading(const kube::Client& client, Snapshot& snapshot) : client_(client), snapshot_(snapshot) {}

  Objects read(const kube::Resource& resource, const std::string& ns, const char* gap,
               bool (*keep)(json&) = keep_plain) {
    if (trouble) return std::nullopt;
    std::vector<json> objects;
    const auto take = [&](json&& object) {
      if (keep(object)) objects.push_back(std::move(object));
    };
    auto list = kube::stream_objects(client_, resource, ns, kPage, take);
    if (!list && list.error().is_gone()) {  // history was compacted between two pages: once more
      objects.clear();
      list = kube::stream_objects(client_, resource, ns, kPage, take);
    }
    if (list) {
      served = *list;
      return objects;
    }
    if (!list.error().is_forbidden() && !list.error().is_not_found())
      trouble = HarnessError{list.error().sentence()};
    else if (gap != nullptr)
      snapshot_.unread.push_back(
          fmt::format("{} may not be listed{}: {}.", resource.plural,
                      resource.namespaced && !ns.empty() ? " in namespace " + ns : std::string{}, gap));
    return std::nullopt;
  }

  std::optional<HarnessError> trouble;
  std::optional<Timestamp> served;  ///< when the server answered last

 private:
  const kube::Client& client_;
  Snapshot& snapshot_;
};

/// The sets, and whether the wanted one is among them.
std::optional<HarnessError> read_sets(const kube::Client& client, const Scope& scope, Snapshot& snapshot) {
  std::vector<json> all;
  const auto sets = kube::stream_objects(client, kube::kStatefulSets, scope.ns, kPage, [&](json&& set) {
    if (keep_set(set)) all.push_back(std::move(set));
  });
  if (sets) {
    snapshot.sets = std::move(all);
  } else if (scope.set.empty() || !sets.error().is_forbidden()) {
    return HarnessError{sets.error().sentence()};
  } else {  // the right to this one is enough
    auto set = client.get(kube::kStatefulSets, scope.ns, scope.set);
    if (!set && !set.error().is_not_found()) return HarnessError{set.error().sentence()};
    snapshot.sets.emplace();
    if (set) snapshot.sets->push_back(std::move(*set));
  }
  const bool found =
      scope.set.empty() || std::any_of(snapshot.sets->begin(), snapshot.sets->end(), [&](const json& set) {
        return text(member(set, "metadata"), "name") == scope.set;
      });
  if (found) return std::nullopt;
  return HarnessError{
      fmt::format("There is no StatefulSet {} in namespace {}; see kubectl -n {} get statefulsets.",
                  scope.set, scope.ns, scope.ns)};
}

bool any_event_says(const Snapshot& snapshot, std::string_view words) {
  return snapshot.events &&
         std::any_of(snapshot.events->begin(), snapshot.events->end(), [&](const json& event) {
           return text(event, "message").find(words) != std::string::npos;
         });
}

bool any_pod_awaits_devices(const Snapshot& snapshot) {
  return snapshot.pods && std::any_of(snapshot.pods->begin(), snapshot.pods->end(), [](const json& pod) {
           return text(in(pod, "spec"), "nodeName").empty() && in(pod, "spec", "resourceClaims").is_array();
         });
}

// Of little use but to those for whom an event points to it.
void read_what_is_pointed_at(Reading& reading, const std::string& ns, Snapshot& snapshot) {
  if (any_event_says(snapshot, "failed calling webhook")) {
    snapshot.webhooks =
        reading.read(kMutatingWebhooks, "", "to which configuration a webhook belongs is not looked at");
    Objects validating = reading.read(kValidatingWebhooks, "", nullptr);
    if (validating && snapshot.webhooks)
      snapshot.webhooks->insert(snapshot.webhooks->end(), std::make_move_iterator(validating->begin()),
                                std::make_move_iterator(validating->end()));
  }
  if (any_event_says(snapshot, "max volume count"))
    snapshot.csi_nodes = reading.read(kCsiNodes, "", "how many volumes a node takes is not looked at");
  if (any_pod_awaits_devices(snapshot))
    snapshot.resource_claims =
        reading.read(kResourceClaims, ns, "whether the devices that pods claim exist is not looked at");
}

/// Newest time that any object tells, for a server that does not say what time it is.
Timestamp newest_time(const Snapshot& snapshot) {
  Timestamp newest{};
  if (snapshot.events)
    for (const json& event : *snapshot.events)
      if (const auto at = time_of_event(event)) newest = std::max(newest, *at);
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  return newest == Timestamp{} ? now : std::max(newest, now);
}

void read_logs(const kube::Client& client, Snapshot& snapshot) {
  for (const LogWanted& wanted : logs_wanted(snapshot)) {
    auto log = client.pod_log(wanted.ns, wanted.pod, wanted.container, wanted.previous, kLogLines);
    // The former container may just have been removed; the present one runs the same program.
    if (wanted.previous && (!log ? !log.error().is_forbidden() : log->rfind(kNoLog, 0) == 0))
      log = client.pod_log(wanted.ns, wanted.pod, wanted.container, false, kLogLines);
    if (log && log->rfind(kNoLog, 0) == 0) log->clear();
    if (log) snapshot.logs[wanted.key()] = std::move(*log);
    if (!log && log.error().is_forbidden())
      snapshot.unread.push_back(
          fmt::format("the log of {} may not be read: why it fails is not looked at.", wanted.key()));
  }
}

/// What pods and events do while somebody looks on.
class Onlooker : public kube::WatchSink {
 public:
  void on_event(const kube::Resource& resource, kube::WatchEvent event) override {
    constexpr std::size_t kMost = 5000;
    const std::scoped_lock lock(mutex_);
    if (resource == kube::kEvents && keep_event(event.object) && events_.size() < kMost)
      events_.push_back(std::move(event.object));
    else if (resource == kube::kPods && is_of_a_set(event.object) && pods_.size() < kMost)
      pods_.push_back(std::move(event.object));
  }
  void on_synced(const kube::Resource&) override {}
  void on_gap(const kube::Resource&, const kube::WatchGap&) override {}
  void on_trouble(const kube::Resource&, const kube::ApiError&) override {}
  void on_failed(const kube::Resource&, const kube::ApiError&) override {}

  void wait(std::chrono::seconds duration, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    (void)over_.wait_for(lock, stop, duration, [] { return false; });
  }

  /// Adds what was seen to a later look.
  void tell(Snapshot& snapshot) {
    const std::scoped_lock lock(mutex_);
    snapshot.former_pods = std::move(pods_);
    if (!snapshot.events) return;
    std::set<std::string> known;
    for (const json& event : *snapshot.events) known.insert(text(member(event, "metadata"), "uid"));
    for (json& event : events_)
      if (known.insert(text(member(event, "metadata"), "uid")).second)
        snapshot.events->push_back(std::move(event));
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any over_;
  std::vector<json> pods_;
  std::vector<json> events_;
};

}  // namespace

tl::expected<Snapshot, HarnessError> observe(const kube::Client& client, const Scope& scope) {
  Snapshot snapshot;
  snapshot.wanted_set = scope.set;
  Reading reading(client, snapshot);
  if (auto trouble = read_sets(client, scope, snapshot)) return tl::make_unexpected(*trouble);
  // What the nodes have free depends on the pods of all namespaces.
  snapshot.pods =
      reading.read(kube::kPods, "", scope.ns.empty() ? "no pod can be looked at" : nullptr, keep_pod);
  const bool all_pods = snapshot.pods.has_value();
  if (!all_pods && !scope.ns.empty())
    snapshot.pods = reading.read(kube::kPods, scope.ns, "no pod can be looked at", keep_pod);
  const auto seen_at = reading.served;
  if (reading.trouble) return tl::make_unexpected(*reading.trouble);
  if (!snapshot.pods)
    return fail(snapshot.unread.front() + " Grant list on pods, for example by the ClusterRole view.");
  if (!all_pods)
    snapshot.unread.emplace_back(
        "pods of other namespaces may not be listed: what the nodes have free is not known.");
  snapshot.claims = reading.read(kube::kClaims, scope.ns, "claims are not looked at", keep_claim);
  snapshot.services = reading.read(kube::kServices, scope.ns, "the governing Service is not looked at");
  snapshot.events = reading.read(
      kube::kEvents, scope.ns, "why pods are not created, and which volumes fail, stays unknown", keep_event);
  snapshot.quotas = reading.read(kube::kResourceQuotas, scope.ns, "their numbers are not shown");
  snapshot.volumes =
      reading.read(kube::kVolumes, "", "lost data, and on which node a volume is, is not checked");
  snapshot.nodes = reading.read(
      kube::kNodes, "", "why no node takes a pod, and whether a node is lost, is not looked at", keep_node);
  snapshot.storage_classes =
      reading.read(kube::kStorageClasses, "", "why a claim is not bound is not looked at");
  snapshot.attachments =
      reading.read(kube::kVolumeAttachments, "", "volumes that are attached elsewhere are not looked at");
  snapshot.budgets = reading.read(kube::kPodDisruptionBudgets, scope.ns,
                                  "whether a drain may take all members is not looked at");
  snapshot.autoscalers =
      reading.read(kube::kHorizontalPodAutoscalers, scope.ns, "who else scales the set is not looked at");
  read_what_is_pointed_at(reading, scope.ns, snapshot);
  if (reading.trouble) return tl::make_unexpected(*reading.trouble);
  snapshot.taken = seen_at ? *seen_at : newest_time(snapshot);
  read_logs(client, snapshot);
  return snapshot;
}

tl::expected<Snapshot, HarnessError> observe_for(const kube::Client& client, const Scope& scope,
                                                 std::chrono::seconds duration, const std::stop_token& stop) {
  Onlooker onlooker;
  {
    kube::Watcher watcher(client);
    for (const kube::Resource& resource : {kube::kPods, kube::kEvents}) {
      kube::WatchRequest request{resource};
      request.ns = scope.ns;
      request.sink = &onlooker;
      watcher.start(std::move(request));
    }
    onlooker.wait(duration, stop);
  }
  auto snapshot = observe(client, scope);
  if (snapshot) onlooker.tell(*snapshot);
  return snapshot;
}

}  // namespace stateproof::diagnosis
