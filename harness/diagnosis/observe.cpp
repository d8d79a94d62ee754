#include "harness/diagnosis/observe.h"

#include <fmt/format.h>

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;

constexpr int kLogLines = 40;

tl::unexpected<HarnessError> fail(std::string sentence) {
  return tl::make_unexpected(HarnessError{std::move(sentence)});
}

}  // namespace

tl::expected<Snapshot, HarnessError> observe(const kube::Client& client, const Scope& scope) {
  Snapshot snapshot;
  snapshot.taken = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  std::optional<HarnessError> trouble;
  const auto read = [&](const kube::Resource& resource, const std::string& ns, const char* gap) -> Objects {
    if (trouble) return std::nullopt;
    auto list = client.list(resource, ns);
    if (list) return std::move(list->items);
    if (!list.error().is_forbidden() && !list.error().is_not_found())
      trouble = HarnessError{list.error().sentence()};
    else if (gap != nullptr)
      snapshot.unread.push_back(
          fmt::format("{} may not be listed{}: {}.", resource.plural,
                      resource.namespaced && !ns.empty() ? " in namespace " + ns : std::string{}, gap));
    return std::nullopt;
  };

  if (scope.set.empty()) {
    auto sets = client.list(kube::kStatefulSets, scope.ns);
    if (!sets) return fail(sets.error().sentence());
    snapshot.sets = std::move(sets->items);
  } else {
    auto set = client.get(kube::kStatefulSets, scope.ns, scope.set);
    if (!set && set.error().is_not_found())
      return fail(
          fmt::format("There is no StatefulSet {} in namespace {}; see kubectl -n {} get statefulsets.",
                      scope.set, scope.ns, scope.ns));
    if (!set) return fail(set.error().sentence());
    snapshot.sets = std::vector<json>{std::move(*set)};
  }
  // What the nodes have free depends on the pods of all namespaces.
  snapshot.pods = read(kube::kPods, "", scope.ns.empty() ? "no pod can be looked at" : nullptr);
  const bool all_pods = snapshot.pods.has_value();
  if (!all_pods && !scope.ns.empty()) snapshot.pods = read(kube::kPods, scope.ns, "no pod can be looked at");
  if (trouble) return tl::make_unexpected(*trouble);
  if (!snapshot.pods)
    return fail(snapshot.unread.front() + " Grant list on pods, for example by the ClusterRole view.");
  if (!all_pods)
    snapshot.unread.emplace_back(
        "pods of other namespaces may not be listed: what the nodes have free is not known.");
  snapshot.claims = read(kube::kClaims, scope.ns, "claims are not looked at");
  snapshot.services = read(kube::kServices, scope.ns, "the governing Service is not looked at");
  snapshot.events =
      read(kube::kEvents, scope.ns, "why pods are not created, and which volumes fail, stays unknown");
  snapshot.quotas = read(kube::kResourceQuotas, scope.ns, "their numbers are not shown");
  snapshot.volumes =
      read(kube::kVolumes, "", "lost data, and on which node a volume stands, is not looked at");
  snapshot.nodes =
      read(kube::kNodes, "", "why no node takes a pod, and whether a node is lost, is not looked at");
  snapshot.storage_classes = read(kube::kStorageClasses, "", "why a claim is not bound is not looked at");
  snapshot.attachments =
      read(kube::kVolumeAttachments, "", "volumes that are attached elsewhere are not looked at");
  if (trouble) return tl::make_unexpected(*trouble);

  for (const LogWanted& wanted : logs_wanted(snapshot)) {
    auto log = client.pod_log(wanted.ns, wanted.pod, wanted.container, wanted.previous, kLogLines);
    if (log) snapshot.logs[wanted.key()] = std::move(*log);
    if (!log && log.error().is_forbidden())
      snapshot.unread.push_back(
          fmt::format("the log of {} may not be read: why it fails is not looked at.", wanted.key()));
  }
  return snapshot;
}

}  // namespace stateproof::diagnosis
