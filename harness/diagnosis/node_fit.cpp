// The scheduler's filters, as far as objects show what they decide.
// https://kubernetes.io/docs/concepts/scheduling-eviction/
#include "harness/diagnosis/node_fit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "harness/diagnosis/binding.h"
#include "harness/diagnosis/selectors.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

bool selected(const json& pod, const json& node) {
  const Labels wanted = texts(in(pod, "spec"), "nodeSelector");
  if (!wanted.empty() && !selects(wanted, labels_of(node))) return false;
  const json& terms = in(pod, "spec", "affinity", "nodeAffinity", kRequired, "nodeSelectorTerms");
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

bool wants_namespace(const json& term, const std::string& own, const std::string& ns) {
  if (member(term, "namespaceSelector").is_object()) return true;
  const json& listed = member(term, "namespaces");
  if (!listed.is_array() || listed.empty()) return ns == own;
  return std::find(listed.begin(), listed.end(), ns) != listed.end();
}

bool concerns(const json& term, const std::string& own, const json& pod) {
  return wants_namespace(term, own, text(member(pod, "metadata"), "namespace")) &&
         selects(member(term, "labelSelector"), labels_of(pod));
}

bool same_labels(const json& constraint, const json& pod, const json& other) {
  const Labels own = labels_of(pod);
  const Labels others = labels_of(other);
  const json& keys = member(constraint, "matchLabelKeys");
  return std::all_of(keys.begin(), keys.end(), [&](const json& key) {
    const auto label = key.is_string() ? own.find(key.get<std::string>()) : own.end();
    if (label == own.end()) return true;
    const auto found = others.find(label->first);
    return found != others.end() && found->second == label->second;
  });
}

std::string label_of(const json& node, const std::string& key) {
  const Labels labels = labels_of(node);
  const auto label = labels.find(key);
  return label == labels.end() ? std::string{} : label->second;
}

/// A pod in the node's domain that the term concerns; null when there is none.
const json* neighbour(const Workload& workload, const json& term, const std::string& own, const json& node) {
  const std::string key = text(term, "topologyKey");
  const std::string domain = label_of(node, key);
  if (domain.empty()) return nullptr;
  for (const json& other : *workload.snapshot().nodes) {
    if (label_of(other, key) != domain) continue;
    for (const json* pod : workload.cluster().pods_on(name_of(other)))
      if (concerns(term, own, *pod)) return pod;
  }
  return nullptr;
}

std::string short_name(const json& pod) {
  const json& meta = member(pod, "metadata");
  return "pod " + text(meta, "namespace") + "/" + text(meta, "name");
}

void against_apart(const Workload& workload, const SeenPod& seen, NodeFit& fit) {
  for (const json& term : in(*seen.served, "spec", "affinity", "podAntiAffinity", kRequired))
    if (const json* other = neighbour(workload, term, workload.ns(), *fit.node)) {
      fit.objections.push_back({"pod-anti-affinity", short_name(*other) + " is there"});
      return;
    }
  // Others may keep this pod away, too.
  for (const json* other : workload.cluster().pods_on(name_of(*fit.node)))
    for (const json& term : in(*other, "spec", "affinity", "podAntiAffinity", kRequired))
      if (other != seen.served &&
          concerns(term, text(member(*other, "metadata"), "namespace"), *seen.served)) {
        fit.objections.push_back({"pod-anti-affinity", short_name(*other) + " keeps such pods away",
                                  text(member(*other, "metadata"), "namespace"), name_of(*other)});
        return;
      }
}

void against_together(const Workload& workload, const SeenPod& seen, NodeFit& fit) {
  for (const json& term : in(*seen.served, "spec", "affinity", "podAffinity", kRequired)) {
    if (neighbour(workload, term, workload.ns(), *fit.node) != nullptr) continue;
    // The first of pods that want to be together may go anywhere.
    bool anywhere = concerns(term, workload.ns(), *seen.served);
    for (const json& node : *workload.snapshot().nodes)
      for (const json* pod : workload.cluster().pods_on(name_of(node)))
        anywhere = anywhere && !concerns(term, workload.ns(), *pod);
    const std::string key = text(term, "topologyKey");
    if (anywhere && !label_of(*fit.node, key).empty()) continue;
    fit.objections.push_back(
        {"pod-affinity", label_of(*fit.node, key).empty()
                             ? "has no label " + key
                             : "no pod " + selector_text(member(term, "labelSelector")) + " in its " + key});
    return;
  }
}

void against_spread(const std::vector<Spread>& spreads, NodeFit& fit) {
  for (const Spread& spread : spreads) {
    const std::string key = text(*spread.constraint, "topologyKey");
    const std::string domain = label_of(*fit.node, key);
    if (domain.empty()) {
      fit.objections.push_back({"topology-label-missing", "has no label " + key});
      return;
    }
    const auto count = spread.domains.find(domain);
    const int here = count == spread.domains.end() ? 0 : count->second;
    if (here + 1 - spread.fewest > number(*spread.constraint, "maxSkew", 1)) {
      fit.objections.push_back({"topology-spread", fmt::format("{}={} has {} of them, another has {}", key,
                                                               domain, here, spread.fewest)});
      return;
    }
  }
}

void against_ports(const Workload& workload, const std::vector<std::string>& ports, NodeFit& fit) {
  for (const json* other : workload.cluster().pods_on(name_of(*fit.node)))
    for (const std::string& taken : host_ports(*other))
      if (std::find(ports.begin(), ports.end(), taken) != ports.end()) {
        fit.objections.push_back({"host-port-taken", short_name(*other) + " holds host port " + taken});
        return;
      }
}

void against_volumes(const Workload& workload, const SeenPod& seen, NodeFit& fit) {
  for (const auto& [name, claim] : seen.pod.volume_claims) {
    const json* volume = workload.volume_of(claim);
    if (volume == nullptr) continue;
    const json& terms = volume_terms(*volume);
    if (!terms.is_array() || meets_any(terms, *fit.node)) continue;
    fit.objections.push_back({"volume-node-conflict", "volume " + name_of(*volume) + " is on another node"});
    return;
  }
}

/// Whether a volume for an unbound claim can be had on the node; empty when it can.
std::string unservable(const Workload& workload, const json& claim, const json& node) {
  const std::string name = text(member(claim, "spec"), "storageClassName");
  const json* storage_class = workload.storage_class(name);
  const bool provisions =
      storage_class != nullptr && text(*storage_class, "provisioner") != "kubernetes.io/no-provisioner";
  if (!provisions) {
    if (!workload.snapshot().volumes) return {};
    const auto& volumes = *workload.snapshot().volumes;
    const bool any = std::any_of(volumes.begin(), volumes.end(), [&](const json& volume) {
      const json& terms = volume_terms(volume);
      return mismatches(claim, volume).empty() && (!terms.is_array() || meets_any(terms, node));
    });
    return any ? std::string{}
               : fmt::format("no free volume for claim {} can be used there (StorageClass \"{}\")",
                             name_of(claim), name);
  }
  const json& allowed = member(*storage_class, "allowedTopologies");
  if (!allowed.is_array() || allowed.empty()) return {};
  std::vector<std::string> terms;
  for (const json& term : allowed) {
    json expressions = json::array();
    for (json expression : member(term, "matchLabelExpressions")) {
      expression["operator"] = "In";
      expressions.push_back(std::move(expression));
    }
    if (meets_any(json::array({{{"matchExpressions", expressions}}}), node)) return {};
    terms.push_back(selector_text({{"matchExpressions", expressions}}));
  }
  return fmt::format("StorageClass {} provisions only where {}", name, fmt::join(terms, " or "));
}

void against_unbound(const Workload& workload, const SeenPod& seen, NodeFit& fit) {
  for (const auto& [volume, name] : seen.pod.volume_claims) {
    const json* claim = workload.claim(name);
    if (claim == nullptr || !workload.snapshot().storage_classes ||
        text(member(*claim, "status"), "phase") != "Pending" ||
        !text(member(*claim, "spec"), "volumeName").empty())
      continue;
    if (std::string words = unservable(workload, *claim, *fit.node); !words.empty()) {
      fit.objections.push_back({"no-volume-available", std::move(words)});
      return;
    }
  }
}

void against_resources(const Workload& workload, const SeenPod& seen,
                       const std::vector<std::string>& resources, NodeFit& fit) {
  for (const std::string& resource : resources) {
    const double left = workload.cluster().free_on(*fit.node, resource);
    if (requested(*seen.served, resource) > left)
      fit.objections.push_back(
          {"insufficient-resources",
           fmt::format("{} {} free", amount_text(resource, std::max(0.0, left)), resource)});
  }
  if (in(*fit.node, "status", "allocatable").contains("pods") &&
      workload.cluster().free_on(*fit.node, "pods") < 1)
    fit.objections.push_back({"too-many-pods", "has as many pods as it takes"});
}

}  // namespace

const Objection* NodeFit::of(std::string_view id) const {
  const auto found =
      std::find_if(objections.begin(), objections.end(), [&](const Objection& one) { return one.id == id; });
  return found == objections.end() ? nullptr : &*found;
}

std::vector<const json*> repelling(const json& pod, const json& node) {
  std::vector<const json*> taints;
  for (const json& taint : in(node, "spec", "taints"))
    if (text(taint, "effect") != "PreferNoSchedule" && !tolerates(pod, taint)) taints.push_back(&taint);
  return taints;
}

std::string taint_text(const json& taint) {
  const std::string value = text(taint, "value");
  if (text(taint, "key") == "node.kubernetes.io/unschedulable")
    return "cordoned (" + text(taint, "key") + ":" + text(taint, "effect") + ")";
  return text(taint, "key") + (value.empty() ? "" : "=" + value) + ":" + text(taint, "effect");
}

std::vector<std::string> asked_resources(const json& pod) {
  std::set<std::string> names;
  for (const char* kind : {"containers", "initContainers"})
    for (const json& container : in(pod, "spec", kind))
      for (const auto& [name, amount] : texts(member(container, "resources"), "requests")) names.insert(name);
  for (const auto& [name, amount] : texts(in(pod, "spec", "resources"), "requests")) names.insert(name);
  std::vector<std::string> asked;
  for (const std::string& name : names)
    if (requested(pod, name) > 0) asked.push_back(name);
  return asked;
}

std::string amount_text(const std::string& resource, double amount) {
  if (resource == "cpu") return fmt::format("{:.0f}m", amount * 1000);
  const bool bytes = resource == "memory" || resource == "ephemeral-storage" || resource == "storage" ||
                     resource.rfind("hugepages-", 0) == 0;
  return bytes ? fmt::format("{:.0f}Mi", amount / 0x1p20) : fmt::format("{:.0f}", amount);
}

std::vector<std::string> host_ports(const json& pod) {
  const bool on_host = flag(in(pod, "spec"), "hostNetwork");
  std::vector<std::string> ports;
  for (const char* kind : {"containers", "initContainers"})
    for (const json& container : in(pod, "spec", kind))
      for (const json& port : member(container, "ports")) {
        const auto held = number(port, "hostPort", on_host ? number(port, "containerPort") : 0);
        if (held > 0) ports.push_back(fmt::format("{} {}", text_or(port, "protocol", "TCP"), held));
      }
  return ports;
}

const json& volume_terms(const json& volume) {
  return in(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms");
}

std::vector<Spread> hard_spreads(const Workload& workload, const SeenPod& seen) {
  std::vector<Spread> spreads;
  std::size_t index = 0;
  for (const json& constraint : in(*seen.served, "spec", "topologySpreadConstraints")) {
    const std::size_t at = index++;
    if (text_or(constraint, "whenUnsatisfiable", "DoNotSchedule") != "DoNotSchedule") continue;
    Spread spread{&constraint, at, {}, 0};
    const std::string key = text(constraint, "topologyKey");
    const bool by_taints = text(constraint, "nodeTaintsPolicy") == "Honor";
    for (const json& node : *workload.snapshot().nodes) {
      const std::string domain = label_of(node, key);
      if (domain.empty() || !selected(*seen.served, node) ||
          (by_taints && !repelling(*seen.served, node).empty()))
        continue;
      int& count = spread.domains[domain];
      for (const json* pod : workload.cluster().pods_on(name_of(node)))
        if (text(member(*pod, "metadata"), "namespace") == workload.ns() &&
            text(member(*pod, "metadata"), "deletionTimestamp").empty() &&
            selects(member(constraint, "labelSelector"), labels_of(*pod)) &&
            same_labels(constraint, *seen.served, *pod))
          ++count;
    }
    const bool too_few =
        number(constraint, "minDomains", 1) > static_cast<std::int64_t>(spread.domains.size());
    if (!spread.domains.empty() && !too_few)
      spread.fewest = std::min_element(spread.domains.begin(), spread.domains.end(), [](auto& a, auto& b) {
                        return a.second < b.second;
                      })->second;
    spreads.push_back(std::move(spread));
  }
  return spreads;
}

std::vector<NodeFit> node_fits(const Workload& workload, const SeenPod& seen) {
  std::vector<NodeFit> fits;
  const auto resources = asked_resources(*seen.served);
  const auto ports = host_ports(*seen.served);
  const auto spreads = hard_spreads(workload, seen);
  for (const json& node : *workload.snapshot().nodes) {
    NodeFit fit{&node, {}};
    against_volumes(workload, seen, fit);
    against_unbound(workload, seen, fit);
    if (!selected(*seen.served, node))
      fit.objections.push_back({"node-selector-matches-none", "has not the labels"});
    if (const auto taints = repelling(*seen.served, node); !taints.empty())
      fit.objections.push_back({"taint-not-tolerated", "taint " + taint_text(*taints.front())});
    against_resources(workload, seen, resources, fit);
    if (!ports.empty()) against_ports(workload, ports, fit);
    against_together(workload, seen, fit);
    against_spread(spreads, fit);
    against_apart(workload, seen, fit);
    fits.push_back(std::move(fit));
  }
  return fits;
}

}  // namespace stateproof::diagnosis
