// Pods that their node does not let in, or throws out: the controller recreates them at once, so that one
// look may find the newest of many well.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/node_fit.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/selectors.h"
#include "harness/diagnosis/shell.h"
#include "harness/diagnosis/writing.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

// Reasons of the kubelet's admission and eviction, as they stand in status.reason and in events.
constexpr std::array<std::string_view, 16> kRejections{
    "Evicted",     "SysctlForbidden", "UnexpectedAdmissionError", "OutOfcpu",
    "OutOfmemory", "OutOfpods",       "OutOfephemeral-storage",   "NodeAffinity",
    "NodePorts",   "AppArmor",        "TopologyAffinityError",    "PodOSNotSupported",
    "Preempting",  "Preempted",       "PodFeatureUnsupported",    "PodLevelResourcesNotAdmittedReason"};
constexpr auto kRecent = 10min;

bool is_rejection(const std::string& reason) {
  return std::find(kRejections.begin(), kRejections.end(), reason) != kRejections.end();
}

/// What befell pods of a name.
struct Rejections {
  std::string reason;
  std::string message;
  std::optional<Timestamp> last;
  std::size_t count = 0;
  std::vector<Evidence> evidence;
};

Rejections rejections_of(const Workload& workload, const std::string& name, const SeenPod* seen) {
  Rejections found;
  std::set<std::string> uids;
  for (const json* event : workload.events("Pod", name)) {
    const std::string reason = text(*event, "reason");
    const auto at = time_of_event(*event);
    if (!is_rejection(reason) || workload.older_than(at, 30min)) continue;
    uids.insert(text(member(*event, "involvedObject"), "uid"));
    if (found.last && at && *at < *found.last) continue;
    found.reason = reason;
    found.message = text(*event, "message");
    found.last = at;
    found.evidence = {event_evidence(*event)};
  }
  if (seen != nullptr && seen->pod.phase == "Failed") {
    const json& status = member(*seen->served, "status");
    if (const std::string reason = text(status, "reason"); !reason.empty()) {
      found.reason = reason;
      found.message = text(status, "message");
      found.last = workload.snapshot().taken;
      uids.insert(seen->pod.meta.ref.uid.value);
      found.evidence.push_back({seen->pod.meta.ref.text(), "status.reason", reason + ": " + found.message});
    }
  }
  found.count = uids.size();
  return found;
}

std::string between(const std::string& message, std::string_view begin, char end) {
  const auto at = message.find(begin);
  if (at == std::string::npos) return {};
  const auto to = message.find(end, at + begin.size());
  return to == std::string::npos ? std::string{} : message.substr(at + begin.size(), to - at - begin.size());
}

/// Names the limit that the pod exceeds; false when it is none of its own.
bool tell_limit(const Workload& workload, const Rejections& rejections, Finding& finding) {
  const std::string volume = between(rejections.message, "sage of EmptyDir volume \"", '"');
  const std::string limit = between(rejections.message, "exceeds the limit \"", '"');
  if (!volume.empty()) {
    finding.id = "evicted-over-limit";
    finding.cause += fmt::format(": its emptyDir {} exceeds its sizeLimit {}.", volume, limit);
    finding.evidence.push_back({workload.described(),
                                fmt::format("spec.template.spec.volumes[{}].emptyDir.sizeLimit", volume),
                                limit});
    finding.remedy = {
        {"raise the limit",
         patch_template(workload,
                        {{"volumes", json::array({{{"name", volume},
                                                   {"emptyDir", {{"sizeLimit", more_than(limit)}}}}})}})},
        {"or let the data live in a claim, where it also outlives the pod", {}, 2}};
    return true;
  }
  const std::string container = between(rejections.message, "Container ", ' ');
  const std::string own = between(rejections.message, "local ephemeral storage limit \"", '"');
  const std::string total = between(rejections.message, "total limit of containers ", '.');
  if (own.empty() && total.empty()) return false;
  finding.id = "evicted-over-limit";
  const std::string name = own.empty() ? text(in(workload.template_spec(), "containers").empty()
                                                  ? json{}
                                                  : in(workload.template_spec(), "containers").front(),
                                              "name")
                                       : container;
  finding.cause += fmt::format(": {} writes more to the node's disk than its ephemeral-storage limit {}.",
                               own.empty() ? "it" : "container " + container, own.empty() ? total : own);
  finding.remedy = {
      {"raise the limit",
       patch_template(
           workload,
           {{"containers",
             json::array(
                 {{{"name", name},
                   {"resources",
                    {{"limits", {{"ephemeral-storage", more_than(own.empty() ? total : own)}}}}}}})}})},
      {"or let the data live in a claim, where it also outlives the pod", {}, 2}};
  return true;
}

void tell_sysctl(const Workload& workload, const Rejections& rejections, Finding& finding) {
  finding.id = "sysctl-forbidden";
  const std::string name = between(rejections.message, "sysctl: \"", '"');
  finding.cause +=
      fmt::format(": the node does not allow the sysctl {}.", name.empty() ? rejections.message : name);
  std::size_t index = 0;
  for (const json& sysctl : in(workload.template_spec(), "securityContext", "sysctls")) {
    if (text(sysctl, "name") == name || name.empty()) {
      finding.evidence.push_back(
          {workload.described(), "spec.template.spec.securityContext.sysctls", text(sysctl, "name")});
      finding.remedy.push_back(
          {"take it out of the template: only the kubelet's safe ones are allowed",
           patch_set(workload,
                     json::array({{{"op", "remove"},
                                   {"path", fmt::format("/spec/template/spec/securityContext/sysctls/{}",
                                                        index)}}}))});
      break;
    }
    ++index;
  }
  finding.remedy.push_back({"or allow it on the nodes (allowedUnsafeSysctls of the kubelet)", {}, 2});
}

/// Of a pod that asks for more of a resource ("OutOfcpu") than any node has altogether; empty where one has
/// it.
std::vector<Remedy> ask_for_what_nodes_have(const Workload& workload, const Rejections& rejections,
                                            const std::string& pod) {
  constexpr std::string_view kOut = "OutOf";
  if (rejections.reason.rfind(kOut, 0) != 0 || !workload.snapshot().nodes) return {};
  const std::string resource = rejections.reason.substr(kOut.size());
  double most = 0;
  for (const json& node : *workload.snapshot().nodes)
    most =
        std::max(most, parse_quantity(text(in(node, "status", "allocatable"), resource.c_str())).value_or(0));
  if (most <= 0 || requested({{"spec", workload.template_spec()}}, resource) <= most) return {};
  for (const json& container : in(workload.template_spec(), "containers"))
    if (!text(in(container, "resources", "requests"), resource.c_str()).empty())
      return {{fmt::format("ask for less {}: no node has as much, the largest {}", resource,
                           amount_text(resource, most)),
               workload.kubectl({"set", "resources", "statefulset/" + workload.name(), "-c",
                                 text(container, "name"),
                                 "--requests=" + resource + "=" + amount_text(resource, most / 2)})},
              {"then replace the pod",
               workload.kubectl({"delete", "pod", pod, "--ignore-not-found", "--wait=false"})}};
  return {};
}

/// Of a pod whose template names its node and labels that no node has; empty where one has them.
std::vector<Remedy> meet_the_selector(const Workload& workload, const Rejections& rejections,
                                      const std::string& pod) {
  const std::string node = text(workload.template_spec(), "nodeName");
  const Labels selector = texts(workload.template_spec(), "nodeSelector");
  if (rejections.reason != "NodeAffinity" || node.empty() || selector.empty() || !workload.snapshot().nodes)
    return {};
  for (const json& known : *workload.snapshot().nodes)
    if (selects(selector, labels_of(known))) return {};
  std::vector<std::string> label{"kubectl", "label", "node", node};
  for (const auto& [key, value] : selector) label.push_back(key + "=" + value);
  return {
      {"remove the nodeSelector from the template: no node has these labels",
       patch_set(workload, json::array({{{"op", "remove"}, {"path", "/spec/template/spec/nodeSelector"}}}))},
      {"then replace the pod",
       workload.kubectl({"delete", "pod", pod, "--ignore-not-found", "--wait=false"})},
      {"or label the node that the template names", command_line(label), 2}};
}

}  // namespace

std::optional<Finding> rejection_cause(const Workload& workload, Ordinal ordinal, const SeenPod* seen) {
  const std::string name = workload.pod_name(ordinal);
  const Rejections rejections = rejections_of(workload, name, seen);
  if (rejections.count == 0) return std::nullopt;
  const bool failed = seen != nullptr && seen->pod.phase == "Failed";
  const bool ready = seen != nullptr && seen->pod.ready;
  const bool recent = !workload.older_than(rejections.last, kRecent);
  // One that came back well is over, unless its own limit will throw it out again.
  const bool own_limit = rejections.message.find("exceeds the") != std::string::npos ||
                         rejections.message.find("exceeded its") != std::string::npos;
  if (!failed && (!recent || (rejections.count < 2 && !own_limit))) return std::nullopt;
  // Somebody has changed the set since, and the pod is well; one that was let in is not rejected.
  const bool at_runtime = rejections.reason == "Evicted" || rejections.reason.rfind("Preempt", 0) == 0;
  if (ready && (!at_runtime || workload.changed() > rejections.last)) return std::nullopt;
  // One that waits for a node waits for the scheduler, whatever befell the pods before it.
  if (seen != nullptr && !failed && seen->pod.node.empty() && !at_runtime) return std::nullopt;
  std::string on = seen == nullptr ? std::string{} : seen->pod.node;
  if (on.empty()) on = text(workload.template_spec(), "nodeName");
  const std::string node = on.empty() ? "its node" : "node " + on;
  const std::string times =
      rejections.count > 1 ? fmt::format(" again and again ({} times)", rejections.count) : std::string{};
  const bool evicted = rejections.reason == "Evicted";
  Finding finding{"pod-rejected",
                  evicted ? fmt::format("The pod is evicted (Evicted) and recreated{}", times)
                          : fmt::format("The pod is not let in by {} ({}) and recreated{}", node,
                                        rejections.reason, times),
                  rejections.evidence,
                  {}};
  if (const json* again = workload.event("StatefulSet", workload.name(), "RecreatingFailedPod"))
    finding.evidence.push_back(event_evidence(*again));
  if (evicted && tell_limit(workload, rejections, finding)) {
    finding.trap = "Nothing of an emptyDir, or of a container's own files, outlives the eviction.";
  } else if (rejections.reason == "SysctlForbidden") {
    tell_sysctl(workload, rejections, finding);
  } else {
    finding.id = evicted ? "evicted-under-pressure" : "pod-rejected";
    finding.cause += ": " + rejections.message;
    if (evicted)
      finding.remedy = {{"let the pods request what they use, so that they go where it is free; or "
                         "give the node more"},
                        {"see what the node lacks", "kubectl describe nodes"}};
    else if (auto less = ask_for_what_nodes_have(workload, rejections, name); !less.empty())
      finding.remedy = std::move(less);
    else if (auto meet = meet_the_selector(workload, rejections, name); !meet.empty())
      finding.remedy = std::move(meet);
    else if (!text(workload.template_spec(), "nodeName").empty())
      finding.remedy = {
          {"leave the choice of the node to the scheduler: remove nodeName from the template",
           patch_set(workload, json::array({{{"op", "remove"}, {"path", "/spec/template/spec/nodeName"}}}))},
          {"then replace the pod",
           workload.kubectl({"delete", "pod", name, "--ignore-not-found", "--wait=false"})},
          {"or do what the node's message asks for, in the template or on the node", {}, 2}};
    else
      finding.remedy = {{"do what the node's message asks for, in the template or on the node"}};
  }
  finding.stage = stage::kNode;
  finding.since = rejections.last;
  return finding;
}

}  // namespace stateproof::diagnosis
