#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "harness/diagnosis/causes.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

bool meets(const json& expression, const std::map<std::string, std::string>& labels) {
  const auto label = labels.find(text(expression, "key"));
  const std::string how = text(expression, "operator");
  const json& values = member(expression, "values");
  const bool listed =
      label != labels.end() && std::find(values.begin(), values.end(), label->second) != values.end();
  if (how == "In") return listed;
  if (how == "NotIn") return !listed;
  if (how == "Exists") return label != labels.end();
  if (how == "DoesNotExist") return label == labels.end();
  return true;  // Gt and Lt: not decided here, and so no ground for a finding
}

// A node selector as volumes and affinities have it: any of its terms will do.
bool meets_any(const json& terms, const json& node) {
  const auto labels = texts(member(node, "metadata"), "labels");
  return std::any_of(terms.begin(), terms.end(), [&](const json& term) {
    for (const json& expression : member(term, "matchExpressions"))
      if (!meets(expression, labels)) return false;
    for (const json& field : member(term, "matchFields"))
      if (!meets(field, {{"metadata.name", name_of(node)}})) return false;
    return true;
  });
}

bool selected(const json& pod, const json& node) {
  const auto labels = texts(member(node, "metadata"), "labels");
  for (const auto& [key, value] : texts(in(pod, "spec"), "nodeSelector"))
    if (const auto label = labels.find(key); label == labels.end() || label->second != value) return false;
  const json& terms = in(pod, "spec", "affinity", "nodeAffinity",
                         "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
  return !terms.is_array() || meets_any(terms, node);
}

bool tolerates(const json& pod, const json& taint) {
  const json& tolerations = in(pod, "spec", "tolerations");
  return std::any_of(tolerations.begin(), tolerations.end(), [&](const json& toleration) {
    const std::string effect = text(toleration, "effect");
    if (!effect.empty() && effect != text(taint, "effect")) return false;
    const std::string key = text(toleration, "key");
    if (!key.empty() && key != text(taint, "key")) return false;
    return text(toleration, "operator") == "Exists" ||
           (!key.empty() && text(toleration, "value") == text(taint, "value"));
  });
}

std::string taint_text(const json& taint) {
  const std::string value = text(taint, "value");
  return text(taint, "key") + (value.empty() ? "" : "=" + value) + ":" + text(taint, "effect");
}

/// Taints that keep this pod away.
std::vector<const json*> repelling(const json& pod, const json& node) {
  std::vector<const json*> taints;
  for (const json& taint : in(node, "spec", "taints"))
    if (text(taint, "effect") != "PreferNoSchedule" && !tolerates(pod, taint)) taints.push_back(&taint);
  return taints;
}

double requested(const json& pod, const char* resource) {
  double sum = 0;
  for (const json& container : in(pod, "spec", "containers"))
    sum += parse_quantity(text(in(container, "resources", "requests"), resource)).value_or(0);
  for (const json& container : in(pod, "spec", "initContainers"))
    sum = std::max(sum, parse_quantity(text(in(container, "resources", "requests"), resource)).value_or(0));
  return sum;
}

/// What of a resource the pods that can be seen leave of a node.
double free_on(const Workload& workload, const json& node, const char* resource) {
  double left = parse_quantity(text(in(node, "status", "allocatable"), resource)).value_or(0);
  for (const json& pod : *workload.snapshot().pods)
    if (text(in(pod, "spec"), "nodeName") == name_of(node) &&
        text(in(pod, "status"), "phase") != "Succeeded" && text(in(pod, "status"), "phase") != "Failed")
      left -= requested(pod, resource);
  return left;
}

struct Nodes {
  std::vector<const json*> all;
  std::vector<const json*> of_volume;  ///< that the pod's bound volumes allow
  std::vector<const json*> wanted;     ///< of those, that the pod selects
  std::vector<const json*> open;       ///< of those, whose taints the pod bears
  const json* volume = nullptr;        ///< a bound one that stands on some nodes only
};

Nodes sifted(const Workload& workload, const SeenPod& seen) {
  Nodes nodes;
  std::vector<const json*> terms;
  for (const auto& [name, claim_name] : seen.pod.volume_claims) {
    const json* claim = workload.claim(claim_name);
    const json* volume = claim == nullptr ? nullptr : workload.volume(text(in(*claim, "spec"), "volumeName"));
    if (volume == nullptr) continue;
    const json& wanted = in(*volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms");
    if (!wanted.is_array()) continue;
    terms.push_back(&wanted);
    nodes.volume = volume;
  }
  for (const json& node : *workload.snapshot().nodes) {
    nodes.all.push_back(&node);
    if (!std::all_of(terms.begin(), terms.end(),
                     [&](const json* wanted) { return meets_any(*wanted, node); }))
      continue;
    nodes.of_volume.push_back(&node);
    if (!selected(*seen.served, node)) continue;
    nodes.wanted.push_back(&node);
    if (repelling(*seen.served, node).empty()) nodes.open.push_back(&node);
  }
  return nodes;
}

std::string selector_text(const json& pod) {
  std::string all;
  for (const auto& [key, value] : texts(in(pod, "spec"), "nodeSelector"))
    all += (all.empty() ? "" : ",") + key + "=" + value;
  return all;
}

Remedy untaint(const json& node, const json& taint) {
  if (text(taint, "key") == "node.kubernetes.io/unschedulable")
    return {"allow pods on the node again", "kubectl uncordon " + name_of(node)};
  return {
      "take the taint away, if it is not meant for this set",
      fmt::format("kubectl taint node {} {}:{}-", name_of(node), text(taint, "key"), text(taint, "effect"))};
}

std::string names(const std::vector<const json*>& nodes) {
  std::vector<std::string> all;
  for (const json* node : nodes) all.push_back(name_of(*node));
  return fmt::format("{}", fmt::join(all, ", "));
}

void tell_taints(const SeenPod& seen, const std::vector<const json*>& nodes, Finding& finding) {
  for (const json* node : nodes)
    for (const json* taint : repelling(*seen.served, *node))
      finding.evidence.push_back({ref_text(*node), "spec.taints", taint_text(*taint)});
}

Finding off_its_volume(const SeenPod& seen, const Nodes& nodes) {
  const std::string volume = name_of(*nodes.volume);
  Finding finding{"volume-node-conflict", "", {}, {}};
  finding.evidence = {{ref_text(*nodes.volume), "spec.nodeAffinity",
                       nodes.of_volume.empty() ? "no node of the cluster" : names(nodes.of_volume)}};
  if (nodes.of_volume.empty()) {
    finding.cause = fmt::format("The pod's volume {} stands on a node that is not in the cluster.", volume);
    finding.remedy = {{"bring that node back; or restore the data into a new claim"}};
    return finding;
  }
  finding.cause = fmt::format("The pod's volume {} stands on {} alone, which does not take the pod.", volume,
                              names(nodes.of_volume));
  if (nodes.wanted.empty()) {
    finding.evidence.push_back({seen.pod.meta.ref.text(), "spec.nodeSelector", selector_text(*seen.served)});
    finding.remedy = {{"let the pod go where its volume is: change its nodeSelector or affinity"}};
  } else {
    tell_taints(seen, nodes.wanted, finding);
    for (const json* node : nodes.wanted)
      for (const json* taint : repelling(*seen.served, *node))
        finding.remedy.push_back(untaint(*node, *taint));
  }
  finding.trap = "Deleting the claim gives the pod another node, and an empty volume.";
  return finding;
}

Finding nothing_selected(const SeenPod& seen) {
  const std::string selector = selector_text(*seen.served);
  Finding finding{"node-selector-matches-none",
                  "No node has the labels that the pod asks for.",
                  {{seen.pod.meta.ref.text(),
                    selector.empty() ? "spec.affinity.nodeAffinity" : "spec.nodeSelector", selector}},
                  {{"label a node that is meant",
                    "kubectl label node <node> " + (selector.empty() ? "<key>=<value>" : selector)},
                   {"or change the template, and delete the pod afterwards: it keeps the old one"}}};
  std::replace(finding.remedy.front().command.begin(), finding.remedy.front().command.end(), ',', ' ');
  return finding;
}

Finding repelled(const SeenPod& seen, const Nodes& nodes) {
  Finding finding{"taint-not-tolerated",
                  "Every node that the pod could go to has a taint that the pod does not tolerate.",
                  {},
                  {}};
  tell_taints(seen, nodes.wanted, finding);
  std::set<std::string> told;
  for (const json* node : nodes.wanted)
    for (const json* taint : repelling(*seen.served, *node)) {
      if (text(*taint, "key").rfind("node-role.kubernetes.io/", 0) == 0) continue;
      if (Remedy remedy = untaint(*node, *taint); told.insert(remedy.command).second)
        finding.remedy.push_back(std::move(remedy));
    }
  finding.remedy.push_back({"or give the template a toleration, and delete the pod afterwards"});
  return finding;
}

std::optional<Finding> too_big(const Workload& workload, const SeenPod& seen, const Nodes& nodes) {
  for (const char* resource : {"cpu", "memory"}) {
    const double wanted = requested(*seen.served, resource);
    if (wanted <= 0) continue;
    double most = 0;
    for (const json* node : nodes.open) most = std::max(most, free_on(workload, *node, resource));
    if (wanted <= most) continue;
    Finding finding{"insufficient-resources",
                    fmt::format("The pod asks for more {} than any node has free.", resource),
                    {},
                    {}};
    std::string container;
    for (const json& known : in(*seen.served, "spec", "containers")) {
      const std::string quantity = text(in(known, "resources", "requests"), resource);
      if (quantity.empty()) continue;
      if (container.empty()) container = text(known, "name");
      finding.evidence.push_back(
          {seen.pod.meta.ref.text(),
           fmt::format("spec.containers[{}].resources.requests.{}", text(known, "name"), resource),
           quantity});
    }
    for (const json* node : nodes.open) {
      const double left = std::max(0.0, free_on(workload, *node, resource));
      finding.evidence.push_back({ref_text(*node), std::string{"free "} + resource,
                                  std::string{resource} == "memory" ? fmt::format("{:.0f}Mi", left / 0x1p20)
                                                                    : fmt::format("{:.0f}m", left * 1000)});
    }
    Remedy replace = delete_pod(workload, seen.pod.meta.ref.name);
    replace.text = "and replace the pod, which keeps the old template: the controller waits for it";
    finding.remedy = {{"ask for less, or add a node",
                       fmt::format("{}set resources statefulset/{} -c {} --requests={}=<less>",
                                   workload.kubectl(), workload.name(), container, resource)},
                      replace};
    finding.trap =
        "Changing the template alone does not help: an update waits until the present pod is Ready.";
    return finding;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Finding> scheduling_cause(const Workload& workload, const SeenPod& seen) {
  if (!seen.pod.node.empty()) return std::nullopt;
  const json& scheduled = condition(*seen.served, "PodScheduled");
  if (text(scheduled, "status") != "False" || seen.pod.terminating()) return std::nullopt;
  if (text(scheduled, "reason") == "SchedulingGated")
    return Finding{"scheduling-gated",
                   "The pod has scheduling gates, and waits until their owner takes them away.",
                   {{seen.pod.meta.ref.text(), "spec.schedulingGates",
                     in(*seen.served, "spec", "schedulingGates").dump()}},
                   {{"mend the controller that should take its gate away"},
                    {"or take it away for it, when nobody else will",
                     fmt::format("{}patch pod {} --type=json -p "
                                 "'[{{\"op\":\"remove\",\"path\":\"/spec/schedulingGates\"}}]'",
                                 workload.kubectl(), seen.pod.meta.ref.name)}},
                   "A gate that stands in the set's template comes back with every new pod."};
  Finding finding;
  bool known = false;
  const auto take = [&](Finding found) {
    finding = std::move(found);
    known = true;
  };
  if (workload.snapshot().nodes) {
    const Nodes nodes = sifted(workload, seen);
    if (nodes.volume != nullptr && nodes.open.empty())
      take(off_its_volume(seen, nodes));
    else if (nodes.wanted.empty())
      take(nothing_selected(seen));
    else if (nodes.open.empty())
      take(repelled(seen, nodes));
    else if (auto found = too_big(workload, seen, nodes))
      take(std::move(*found));
  }
  if (!known) {
    // A claim that is not bound has its own cause, which may need more time to show.
    for (const auto& [volume, name] : seen.pod.volume_claims)
      if (const json* claim = workload.claim(name);
          claim == nullptr || text(member(*claim, "status"), "phase") != "Bound")
        return std::nullopt;
    // The scheduler may be about to look again, for example at a volume that has just been bound.
    if (!workload.older_than(time(scheduled, "lastTransitionTime"), 20s)) return std::nullopt;
    finding = {"unschedulable", "No node takes the pod.", {}, {{"do what the scheduler's message asks for"}}};
  }
  finding.evidence.push_back({seen.pod.meta.ref.text(), "status.conditions[PodScheduled]",
                              "False: " + text(scheduled, "message"), time(scheduled, "lastTransitionTime")});
  return finding;
}

}  // namespace stateproof::diagnosis
