// Pods that do not go, and pods whose node is lost.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/diagnosis/causes.h"
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
      "or, when it is certain that the machine is off, say so; its pods then move, and volumes are detached",
      fmt::format("kubectl taint node {} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute", node)};
}

}  // namespace

Remedy delete_pod(const Workload& workload, const std::string& pod) {
  return {"replace the pod", workload.kubectl() + "delete pod " + pod};
}

std::optional<Finding> node_cause(const Workload& workload, const SeenPod& seen) {
  if (seen.pod.node.empty() || !workload.snapshot().nodes) return std::nullopt;
  const json* node = workload.node(seen.pod.node);
  if (node == nullptr) {
    Finding finding{"node-gone",
                    fmt::format("The pod's node {} does not exist any more.", seen.pod.node),
                    {{seen.pod.meta.ref.text(), "spec.nodeName", seen.pod.node}},
                    {{"the pod garbage collector removes the pod within a minute; a volume that stands on "
                      "that node alone is lost with it"}}};
    return finding;
  }
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
      "volume. A volume that stands on this node alone cannot move at all."};
  return finding;
}

std::optional<Finding> termination_cause(const Workload& workload, const SeenPod& seen) {
  const Pod& pod = seen.pod;
  if (!pod.terminating() || !workload.older_than(pod.meta.deletion, 0s)) return std::nullopt;
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
        {{"mend the controller that should take its finalizer away"},
         {"or take it away for it, when it is gone for good",
          fmt::format("{}patch pod {} --type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'",
                      workload.kubectl(), pod.meta.ref.name)}},
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
        fmt::format("kubectl describe pod -n {} {}", workload.ns(), pod.meta.ref.name)}},
      "A forced deletion takes the pod out of the API alone: its containers and mounts may live on."};
  if (const json* event = workload.event("Pod", pod.meta.ref.name, "FailedKillPod"))
    finding.evidence.push_back(event_evidence(*event));
  return finding;
}

}  // namespace stateproof::diagnosis
