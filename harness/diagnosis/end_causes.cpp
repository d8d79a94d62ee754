// Pods that do not go, and pods whose node is lost.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/containers.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

// Unmounting and the kubelet's last word take seconds after the grace period.
constexpr auto kFarewell = 20s;

Remedy out_of_service(const std::string& node) {
  return {
      "or when it is certain that the machine is off, say so; its pods then move, and volumes are detached",
      command_line(
          {"kubectl", "taint", "node", node, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"}),
      2};
}

// A grace period that has minutes to go holds everything behind the pod: a hook, or a program that does not
// heed SIGTERM.
std::optional<Finding> long_farewell(const Workload& workload, const SeenPod& seen) {
  const Pod& pod = seen.pod;
  const auto grace =
      std::chrono::seconds{number(member(*seen.served, "metadata"), "deletionGracePeriodSeconds")};
  const Timestamp asked = *pod.meta.deletion - grace;
  if (workload.older_than(pod.meta.deletion, -10min) || !workload.older_than(asked, 40s)) return std::nullopt;
  std::vector<Evidence> hooks;
  Remedy end{"or end it now; it is then killed without having finished",
             workload.kubectl({"delete", "pod", pod.meta.ref.name, "--grace-period=1"}), 2};
  for (const Container& container : containers_of(*seen.served))
    if (const json& hook = in(*container.spec, "lifecycle", "preStop");
        hook.is_object() && container.running().is_object()) {
      hooks.push_back({pod.meta.ref.text(),
                       fmt::format("spec.{}[{}].lifecycle.preStop", container.list(), container.name()),
                       action_text(hook)});
      // The kubelet waits for the hook, however short the grace period becomes.
      end.command = kill_all(workload, pod.meta.ref.name, container);
    }
  Finding finding{
      "termination-waits",
      fmt::format("The pod was deleted, and {} until its grace period of {} s is over, at {}.",
                  hooks.empty() ? "its containers do not end: they have time"
                                : "its preStop hook still runs: it has time",
                  grace.count(), format_rfc3339(*pod.meta.deletion)),
      {{pod.meta.ref.text(), "metadata.deletionGracePeriodSeconds", fmt::format("{}", grace.count()), asked}},
      {{"wait, if what it does there is worth it; see what it says",
        workload.kubectl({"logs", pod.meta.ref.name, "--all-containers", "--tail=50"})},
       end},
      "A database that is killed has to recover when it starts again; a grace period of 0 would give its "
      "name away "
      "while it still runs."};
  finding.evidence.insert(finding.evidence.end(), hooks.begin(), hooks.end());
  if (const json* failed = workload.event("Pod", pod.meta.ref.name, "FailedPreStopHook"))
    finding.evidence.push_back(event_evidence(*failed));
  finding.since = asked;
  return finding;
}

}  // namespace

namespace {

Finding node_gone(const Workload& workload, const SeenPod& seen) {
  Finding finding{"node-gone",
                  fmt::format("The pod's node {} no longer exists.", seen.pod.node),
                  {{seen.pod.meta.ref.text(), "spec.nodeName", seen.pod.node}},
                  {{"the pod garbage collector removes the pod within a minute; a volume on "
                    "that node alone is lost with it"}}};
  if (text(workload.template_spec(), "nodeName") != seen.pod.node) return finding;
  finding.cause = fmt::format("The template names the node {}, which does not exist.", seen.pod.node);
  finding.evidence.push_back({workload.described(), "spec.template.spec.nodeName", seen.pod.node});
  finding.remedy = {
      {"leave the choice of the node to the scheduler",
       patch_set(workload, json::array({{{"op", "remove"}, {"path", "/spec/template/spec/nodeName"}}}))},
      replace_after(workload, seen)};
  return finding;
}

}  // namespace

std::optional<Finding> node_cause(const Workload& workload, const SeenPod& seen) {
  if (seen.pod.node.empty() || !workload.snapshot().nodes) return std::nullopt;
  const json* node = workload.node(seen.pod.node);
  if (node == nullptr) return node_gone(workload, seen);
  const json& ready = condition(*node, "Ready");
  if (text(ready, "status") == "True") return std::nullopt;
  Finding finding{
      "node-lost",
      fmt::format("The pod's node {} is not Ready, and whether the pod still runs there cannot be known.",
                  seen.pod.node),
      {{ref_text(*node), "status.conditions[Ready]", text(ready, "status") + ": " + text(ready, "message"),
        time(ready, "lastTransitionTime")},
       {seen.pod.meta.ref.text(), "spec.nodeName", seen.pod.node}},
      {{"bring the node back"}, out_of_service(seen.pod.node)},
      "Do not force the deletion of the pod first: if it still runs, two pods have one identity and perhaps "
      "one "
      "volume. A volume that exists on this node only cannot move at all."};
  return finding;
}

std::optional<Finding> termination_cause(const Workload& workload, const SeenPod& seen) {
  const Pod& pod = seen.pod;
  if (!pod.terminating()) return std::nullopt;
  if (!workload.older_than(pod.meta.deletion, 0s)) return long_farewell(workload, seen);
  if (auto lost = node_cause(workload, seen)) return lost;
  const Evidence deleted{pod.meta.ref.text(), "metadata.deletionTimestamp",
                         format_rfc3339(*pod.meta.deletion), pod.meta.deletion};
  bool running = false;
  for (const ContainerState& container : pod.containers) running = running || container.running;
  if (!pod.meta.finalizers.empty() && !running) {
    Finding finding{
        "finalizer-holds-pod",
        fmt::format("The pod has ended, and a finalizer keeps it: {}.", fmt::join(pod.meta.finalizers, ", ")),
        {deleted,
         {pod.meta.ref.text(), "metadata.finalizers",
          fmt::format("{}", fmt::join(pod.meta.finalizers, ", "))}},
        {{"fix the controller that should remove its finalizer"},
         {"or remove it yourself, if that controller no longer exists",
          merge_patch({"-n", workload.ns(), "pod", pod.meta.ref.name},
                      {{"metadata", {{"finalizers", nullptr}}}}),
          2}},
        "What the finalizer's owner wanted to do first stays undone."};
    return finding;
  }
  if (!workload.older_than(pod.meta.deletion, kFarewell)) return std::nullopt;
  Finding finding{
      "termination-hangs",
      fmt::format("The pod's grace period is over, its node {} is Ready, and the pod is still there.",
                  pod.node),
      {deleted},
      {{"ask the kubelet and the container runtime of the node; a volume that is not unmounted is "
        "the usual cause",
        workload.kubectl({"describe", "pod", pod.meta.ref.name})}},
      "A forced deletion takes the pod out of the API alone: its containers and mounts may live on."};
  if (const json* event = workload.event("Pod", pod.meta.ref.name, "FailedKillPod"))
    finding.evidence.push_back(event_evidence(*event));
  return finding;
}

}  // namespace stateproof::diagnosis
