#include "harness/evidence/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/report/text.h"

namespace stateproof::evidence {
namespace {

using nlohmann::json;

constexpr std::size_t kMostEvents = 12;  // of one object; all are in events.txt

const json& at(const json& object, const char* pointer) {
  static const json nothing;
  const json::json_pointer path(pointer);
  return object.is_structured() && object.contains(path) ? object.at(path) : nothing;
}

/// As a person writes it: texts without quotes, nothing as an empty text.
std::string shown(const json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return report::one_line(value.get_ref<const std::string&>());
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string shown(const json& object, const char* pointer) { return shown(at(object, pointer)); }

std::string row(std::string_view name, const std::string& value, int depth = 1) {
  return value.empty() ? "" : fmt::format("{:{}}{:<{}} {}\n", "", 2 * depth, name, 22 - 2 * depth, value);
}

/// "a=1, b=2"
std::string pairs(const json& map) {
  std::string text;
  if (map.is_object())
    for (const auto& [name, value] : map.items())
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, shown(value));
  return text;
}

std::string list(const json& values) {
  std::string text;
  if (values.is_array())
    for (const json& value : values) text += (text.empty() ? "" : ", ") + shown(value);
  return text;
}

std::string heading(const json& object) {
  const std::string ns = shown(object, "/metadata/namespace");
  std::string text = fmt::format("{} {}{}\n", shown(object, "/kind"), ns.empty() ? "" : ns + "/",
                                 shown(object, "/metadata/name"));
  text += row("created", shown(object, "/metadata/creationTimestamp"));
  text += row("being deleted", shown(object, "/metadata/deletionTimestamp"));
  text += row("uid", shown(object, "/metadata/uid"));
  text += row("labels", pairs(at(object, "/metadata/labels")));
  text += row("finalizers", list(at(object, "/metadata/finalizers")));
  for (const json& owner : at(object, "/metadata/ownerReferences"))
    text += row("owner", fmt::format("{} {} ({})", shown(owner, "/kind"), shown(owner, "/name"),
                                     shown(owner, "/uid")));
  return text;
}

std::string conditions(const json& object) {
  std::string text;
  for (const json& one : at(object, "/status/conditions"))
    text += row(shown(one, "/type"),
                fmt::format("{}  {}  {}  {}", shown(one, "/status"), shown(one, "/lastTransitionTime"),
                            shown(one, "/reason"), shown(one, "/message")),
                2);
  return text.empty() ? text : "  conditions\n" + text;
}

std::string describe_set(const json& set) {
  std::string text;
  text += row("wanted", shown(set, "/spec/replicas"));
  text += row("generation", fmt::format("{}, observed {}", shown(set, "/metadata/generation"),
                                        shown(set, "/status/observedGeneration")));
  text +=
      row("pods", fmt::format("{} created, {} Ready, {} available, {} current, {} updated",
                              shown(set, "/status/replicas"), shown(set, "/status/readyReplicas"),
                              shown(set, "/status/availableReplicas"), shown(set, "/status/currentReplicas"),
                              shown(set, "/status/updatedReplicas")));
  text += row("revisions", fmt::format("current {}, update {}", shown(set, "/status/currentRevision"),
                                       shown(set, "/status/updateRevision")));
  text += row("pod management", shown(set, "/spec/podManagementPolicy"));
  text += row("update strategy", shown(set, "/spec/updateStrategy"));
  text += row("claim retention", pairs(at(set, "/spec/persistentVolumeClaimRetentionPolicy")));
  text += row("service", shown(set, "/spec/serviceName"));
  text += row("selector", pairs(at(set, "/spec/selector/matchLabels")));
  for (const json& container : at(set, "/spec/template/spec/containers"))
    text += row("container", shown(container, "/name") + "  " + shown(container, "/image"));
  for (const json& claim : at(set, "/spec/volumeClaimTemplates"))
    text += row("claim template", fmt::format("{}  {}  class {}", shown(claim, "/metadata/name"),
                                              shown(claim, "/spec/resources/requests/storage"),
                                              shown(claim, "/spec/storageClassName")));
  return text;
}

std::string state_of(const json& state) {
  if (!state.is_object()) return {};
  std::string text;
  for (const auto& [name, detail] : state.items()) text += name + "  " + pairs(detail);
  return text;
}

std::string describe_pod(const json& pod) {
  std::string text;
  text += row("phase", shown(pod, "/status/phase"));
  text += row("reason", shown(pod, "/status/reason"));
  text += row("message", shown(pod, "/status/message"));
  text += row("node", shown(pod, "/spec/nodeName"));
  for (const json& one : at(pod, "/status/podIPs")) text += row("address", shown(one, "/ip"));
  text += row("grace period", shown(pod, "/metadata/deletionGracePeriodSeconds"));
  text += conditions(pod);
  for (const char* part : {"/status/initContainerStatuses", "/status/containerStatuses"})
    for (const json& one : at(pod, part)) {
      text += row("container", fmt::format("{}  ready {}, restarted {} times", shown(one, "/name"),
                                           shown(one, "/ready"), shown(one, "/restartCount")));
      text += row("image", shown(one, "/image"), 2);
      text += row("state", state_of(at(one, "/state")), 2);
      text += row("state before", state_of(at(one, "/lastState")), 2);
    }
  for (const json& volume : at(pod, "/spec/volumes"))
    text += row("volume", fmt::format("{}  {}", shown(volume, "/name"),
                                      shown(volume, "/persistentVolumeClaim/claimName")));
  return text;
}

std::string describe_claim(const json& claim) {
  return row("phase", shown(claim, "/status/phase")) + row("volume", shown(claim, "/spec/volumeName")) +
         row("class", shown(claim, "/spec/storageClassName")) +
         row("wanted", shown(claim, "/spec/resources/requests/storage")) +
         row("capacity", shown(claim, "/status/capacity/storage")) +
         row("access modes", list(at(claim, "/spec/accessModes"))) +
         row("chosen node", shown(claim, "/metadata/annotations/volume.kubernetes.io~1selected-node")) +
         conditions(claim);
}

std::string describe_volume(const json& volume) {
  return row("phase", shown(volume, "/status/phase")) +
         row("claim",
             fmt::format("{}/{} ({})", shown(volume, "/spec/claimRef/namespace"),
                         shown(volume, "/spec/claimRef/name"), shown(volume, "/spec/claimRef/uid"))) +
         row("class", shown(volume, "/spec/storageClassName")) +
         row("reclaim policy", shown(volume, "/spec/persistentVolumeReclaimPolicy")) +
         row("capacity", shown(volume, "/spec/capacity/storage")) +
         row("node affinity", shown(volume, "/spec/nodeAffinity/required"));
}

std::string describe_service(const json& service) {
  return row("cluster IP", shown(service, "/spec/clusterIP")) +
         row("selector", pairs(at(service, "/spec/selector"))) + row("ports", shown(service, "/spec/ports")) +
         row("unready published", shown(service, "/spec/publishNotReadyAddresses"));
}

std::string describe_slice(const json& slice) {
  std::string text;
  for (const json& one : at(slice, "/endpoints"))
    text += row("endpoint", fmt::format("{}  {}  {}", list(at(one, "/addresses")), shown(one, "/hostname"),
                                        pairs(at(one, "/conditions"))));
  return text;
}

std::string describe_budget(const json& budget) {
  return row("spec", pairs(at(budget, "/spec"))) +
         row("healthy", fmt::format("{} of {} wanted", shown(budget, "/status/currentHealthy"),
                                    shown(budget, "/status/desiredHealthy"))) +
         row("allowed", shown(budget, "/status/disruptionsAllowed")) + conditions(budget);
}

std::string describe_node(const json& node) {
  return row("cordoned", shown(node, "/spec/unschedulable")) + row("taints", shown(node, "/spec/taints")) +
         row("kubelet", shown(node, "/status/nodeInfo/kubeletVersion")) +
         row("runtime", shown(node, "/status/nodeInfo/containerRuntimeVersion")) +
         row("system", shown(node, "/status/nodeInfo/osImage") + ", kernel " +
                           shown(node, "/status/nodeInfo/kernelVersion")) +
         row("allocatable", pairs(at(node, "/status/allocatable"))) +
         row("volumes in use", list(at(node, "/status/volumesInUse"))) + conditions(node);
}

std::string describe_class(const json& storage) {
  return row("provisioner", shown(storage, "/provisioner")) +
         row("binding mode", shown(storage, "/volumeBindingMode")) +
         row("reclaim policy", shown(storage, "/reclaimPolicy")) +
         row("expansion", shown(storage, "/allowVolumeExpansion")) +
         row("default", shown(storage, "/metadata/annotations/storageclass.kubernetes.io~1is-default-class"));
}

struct Kind {
  const char* name;
  std::string (*describe)(const json& object);
};

constexpr Kind kKinds[] = {{"StatefulSet", describe_set},
                           {"Pod", describe_pod},
                           {"PersistentVolumeClaim", describe_claim},
                           {"PersistentVolume", describe_volume},
                           {"Service", describe_service},
                           {"EndpointSlice", describe_slice},
                           {"PodDisruptionBudget", describe_budget},
                           {"Node", describe_node},
                           {"StorageClass", describe_class}};

std::string time_of(const json& event) {
  for (const char* field :
       {"/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/metadata/creationTimestamp"})
    if (std::string time = shown(event, field); !time.empty()) return time;
  return {};
}

std::vector<const json*> by_time(const std::vector<json>& events) {
  std::vector<const json*> sorted;
  for (const json& event : events) sorted.push_back(&event);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const json* a, const json* b) { return time_of(*a) < time_of(*b); });
  return sorted;
}

std::string event_line(const json& event) {
  const std::string count = shown(event, "/count");
  return fmt::format("{}  {}  {}{}  {}", time_of(event), shown(event, "/type"), shown(event, "/reason"),
                     count.empty() || count == "1" ? "" : " (" + count + " times)", shown(event, "/message"));
}

std::string events_of(const json& object, const std::vector<const json*>& events) {
  const std::string uid = shown(object, "/metadata/uid");
  std::vector<std::string> lines;
  for (const json* event : events)
    if (!uid.empty() && shown(*event, "/involvedObject/uid") == uid) lines.push_back(event_line(*event));
  if (lines.empty()) return {};
  std::string text = "  events\n";
  const std::size_t left_out = lines.size() - std::min(lines.size(), kMostEvents);
  if (left_out > 0) text += fmt::format("    {} earlier ones in events.txt\n", left_out);
  for (std::size_t i = left_out; i < lines.size(); ++i) text += "    " + lines[i] + "\n";
  return text;
}

}  // namespace

std::string describe(const ObjectsByKind& objects) {
  static const std::vector<json> none;
  const auto events = objects.find("Event");
  const std::vector<const json*> sorted = by_time(events == objects.end() ? none : events->second);
  std::string text;
  for (const Kind& kind : kKinds) {
    const auto found = objects.find(kind.name);
    if (found == objects.end()) continue;
    for (const json& object : found->second)
      text += heading(object) + kind.describe(object) + events_of(object, sorted) + "\n";
  }
  return text;
}

std::string events_text(const std::vector<json>& events) {
  std::string text;
  for (const json* event : by_time(events))
    text += fmt::format("{}  [{} {}/{}]\n", event_line(*event), shown(*event, "/involvedObject/kind"),
                        shown(*event, "/involvedObject/namespace"), shown(*event, "/involvedObject/name"));
  return text;
}

}  // namespace stateproof::evidence
