#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/node_fit.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/scheduler_words.h"
#include "harness/diagnosis/selectors.h"
#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

// The scheduler may be about to look again, for example at a volume that has just been bound.
constexpr auto kSchedulingTime = 20s;
constexpr std::size_t kMostNodes = 12;  // that are shown

using Fits = std::vector<const NodeFit*>;

std::string names(const Fits& fits) {
  std::vector<std::string> all;
  for (const NodeFit* fit : fits) all.push_back(name_of(*fit->node));
  if (all.size() > kMostNodes) {
    const std::size_t more = all.size() - kMostNodes;
    all.resize(kMostNodes);
    all.push_back(fmt::format("{} more", more));
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

/// Nodes that pass every other test, and then fail this one.
struct LastStraw {
  std::string_view id;
  Fits nodes;
};

// From what cannot be changed to what can: the test that leaves no node decides.
constexpr std::array<std::string_view, 11> kOrder{
    "volume-node-conflict", "no-volume-available",    "node-selector-matches-none",
    "taint-not-tolerated",  "insufficient-resources", "too-many-pods",
    "host-port-taken",      "pod-affinity",           "topology-label-missing",
    "topology-spread",      "pod-anti-affinity"};

LastStraw last_straw(const std::vector<NodeFit>& fits) {
  Fits left;
  for (const NodeFit& fit : fits) left.push_back(&fit);
  for (const std::string_view id : kOrder) {
    Fits next;
    for (const NodeFit* fit : left)
      if (fit->of(id) == nullptr) next.push_back(fit);
    if (next.empty()) return {id, left};
    left = std::move(next);
  }
  return {{}, left};
}

/// "2 nodes: taint a=b:NoSchedule; 1 node: pod shop/web-0 is there", as evidence, one line for each node.
void tell_nodes(const std::vector<NodeFit>& fits, const LastStraw& straw, Finding& finding) {
  std::size_t shown = 0;
  for (const NodeFit& fit : fits) {
    const Objection* objection = fit.of(straw.id);
    const bool concerned = std::find(straw.nodes.begin(), straw.nodes.end(), &fit) != straw.nodes.end();
    if (!concerned || objection == nullptr)
      objection = fit.objections.empty() ? nullptr : &fit.objections.front();
    if (objection == nullptr) continue;
    if (++shown > kMostNodes) continue;
    finding.evidence.push_back({ref_text(*fit.node), "does not take the pod", objection->words});
  }
  if (shown > kMostNodes)
    finding.evidence.push_back(
        {"Node", "do not take the pod either", counted(shown - kMostNodes, "more node")});
}

/// What a node is closed by; null when it is open. One that was never meant for the pod needs no other
/// reason.
const Objection* first_objection(const NodeFit& fit) {
  for (const std::string_view unmeant : {"taint-not-tolerated", "node-selector-matches-none"})
    if (const Objection* objection = fit.of(unmeant)) return objection;
  return fit.objections.empty() ? nullptr : &fit.objections.front();
}

/// How many nodes fail for which other reason: " (1 other node: taint a=b:NoSchedule)".
std::string others(const std::vector<NodeFit>& fits, const LastStraw& straw) {
  constexpr std::size_t kMostReasons = 4;
  std::map<std::string_view, std::size_t> counts;
  for (const NodeFit& fit : fits)
    if (const Objection* objection = first_objection(fit);
        objection != nullptr && std::find(straw.nodes.begin(), straw.nodes.end(), &fit) == straw.nodes.end())
      ++counts[objection->words];
  std::vector<std::string> parts;
  std::size_t more = 0;
  for (const auto& [words, count] : counts)
    if (parts.size() < kMostReasons)
      parts.push_back(fmt::format("{}: {}", counted(count, "other node"), words));
    else
      more += count;
  if (more > 0) parts.push_back(counted(more, "more node"));
  return parts.empty() ? std::string{} : fmt::format(" ({})", fmt::join(parts, "; "));
}

std::vector<const json*> taints_of(const SeenPod& seen, const Fits& fits) {
  std::vector<const json*> all;
  for (const NodeFit* fit : fits)
    for (const json* taint : repelling(*seen.served, *fit->node)) all.push_back(taint);
  return all;
}

Remedy untaint(const json& node, const json& taint) {
  if (text(taint, "key") == "node.kubernetes.io/unschedulable")
    return {"allow pods on the node again", command_line({"kubectl", "uncordon", name_of(node)})};
  return {"remove the taint, if it is not meant for this set",
          command_line({"kubectl", "taint", "node", name_of(node),
                        text(taint, "key") + ":" + text(taint, "effect") + "-"})};
}

void untaint_all(const SeenPod& seen, const Fits& fits, Finding& finding) {
  std::set<std::string> told;
  for (const NodeFit* fit : fits)
    for (const json* taint : repelling(*seen.served, *fit->node)) {
      if (text(*taint, "key").rfind("node-role.kubernetes.io/", 0) == 0) continue;
      if (Remedy remedy = untaint(*fit->node, *taint); told.insert(remedy.command).second)
        finding.remedy.push_back(std::move(remedy));
    }
}

std::string node_selector(const json& pod) { return pairs(texts(in(pod, "spec"), "nodeSelector")); }

std::string node_terms(const json& pod) {
  std::vector<std::string> terms;
  for (const json& term : in(pod, "spec", "affinity", "nodeAffinity", kRequired, "nodeSelectorTerms"))
    terms.push_back(selector_text(term));
  return fmt::format("{}", fmt::join(terms, " or "));
}

/// The volume that leaves the pod the fewest nodes.
const json* narrowest_volume(const Workload& workload, const SeenPod& seen) {
  const json* narrow = nullptr;
  for (const auto& [name, claim] : seen.pod.volume_claims)
    if (const json* volume = workload.volume_of(claim); volume != nullptr && volume_terms(*volume).is_array())
      narrow = volume;
  return narrow;
}

// --- volumes ----------------------------------------------------------------------------------------------

Fits nodes_of_volume(const std::vector<NodeFit>& fits, const json& volume) {
  Fits nodes;
  for (const NodeFit& fit : fits)
    if (meets_any(volume_terms(volume), *fit.node)) nodes.push_back(&fit);
  return nodes;
}

// A volume that is a folder of its node can be recreated on another one: its data is copied by hand.
json moved_volume(const json& volume, const json& to) {
  json moved{{"apiVersion", "v1"},
             {"kind", "PersistentVolume"},
             {"metadata", {{"name", name_of(volume)}}},
             {"spec", member(volume, "spec")}};
  if (const json& labels = in(volume, "metadata", "labels"); labels.is_object())
    moved["metadata"]["labels"] = labels;
  moved["spec"]["nodeAffinity"] = in(to, "spec", "nodeAffinity");
  if (json& reference = moved["spec"]["claimRef"]; reference.is_object()) {
    reference.erase("uid");
    reference.erase("resourceVersion");
  }
  return moved;
}

void move_volume(const Workload& workload, const SeenPod& seen, const std::string& claim, const json& volume,
                 const json& to, const std::string& nodes, Finding& finding) {
  const std::string name = name_of(volume);
  const json& spec = member(volume, "spec");
  const std::string path =
      text(member(spec, member(spec, "local").is_object() ? "local" : "hostPath"), "path");
  const auto step = [&](std::string command, std::string text = {}) {
    finding.remedy.push_back({std::move(text), std::move(command)});
  };
  step(retain(name),
       fmt::format("recreate volume {} on {}, with the data that was copied to {} there", name, nodes, path));
  step(workload.kubectl({"delete", "persistentvolumeclaim", claim, "--wait=false"}));
  step(command_line({"kubectl", "delete", "persistentvolume", name, "--wait=false"}));
  step(workload.kubectl({"delete", "pod", seen.pod.meta.ref.name}));
  step(command_line({"kubectl", "wait", "--for=delete", "persistentvolume/" + name, "--timeout=2m"}));
  step(create_command("", moved_volume(volume, to)));
}

/// Two volumes of the pod that no node has both of.
std::optional<Finding> volumes_apart(const Workload& workload, const SeenPod& seen,
                                     const std::vector<NodeFit>& fits) {
  struct Bound {
    std::string claim;
    const json* volume;
    Fits nodes;
  };
  std::vector<Bound> bound;
  for (const auto& [name, claim] : seen.pod.volume_claims) {
    const json* volume = workload.volume_of(claim);
    if (volume == nullptr || !volume_terms(*volume).is_array()) continue;
    Fits nodes = nodes_of_volume(fits, *volume);
    if (nodes.empty()) return std::nullopt;
    bound.push_back({claim, volume, std::move(nodes)});
  }
  for (const Bound& one : bound)
    for (const Bound& other : bound) {
      const bool meet = std::any_of(one.nodes.begin(), one.nodes.end(), [&](const NodeFit* node) {
        return std::find(other.nodes.begin(), other.nodes.end(), node) != other.nodes.end();
      });
      if (meet) continue;
      Finding finding{
          "volumes-apart",
          fmt::format("The pod's volumes are on different nodes: {} of claim {} on {}, {} of claim {} on {}; "
                      "no node satisfies both.",
                      name_of(*one.volume), one.claim, names(one.nodes), name_of(*other.volume), other.claim,
                      names(other.nodes)),
          {},
          {}};
      for (const Bound* each : {&one, &other})
        finding.evidence.push_back({ref_text(*each->volume), "spec.nodeAffinity", names(each->nodes)});
      finding.remedy = {
          {fmt::format("only you can decide which of the two gives way: its data must be copied "
                       "to the other's node first, or be restored there")}};
      // Two that change places would stand apart again: only one of the ways is printed as commands.
      const auto movable = [](const Bound& bond) {
        const json& spec = member(*bond.volume, "spec");
        return member(spec, "local").is_object() || member(spec, "hostPath").is_object();
      };
      const Bound& moves = movable(other) ? other : one;
      const Bound& stays = &moves == &other ? one : other;
      if (movable(moves)) {
        move_volume(workload, seen, moves.claim, *moves.volume, *stays.volume, names(stays.nodes), finding);
        finding.remedy.push_back({fmt::format("or the other way round: volume {} to {}",
                                              name_of(*stays.volume), names(moves.nodes)),
                                  {},
                                  2});
      }
      finding.trap =
          "The recreated claim gets the recreated volume: what is not in its folder by then "
          "is not "
          "there.";
      return finding;
    }
  return std::nullopt;
}

std::vector<Remedy> select_less(const Workload& workload, const SeenPod& seen, int way);

Finding off_its_volume(const Workload& workload, const SeenPod& seen, const std::vector<NodeFit>& fits,
                       const LastStraw& straw) {
  const json& volume = *narrowest_volume(workload, seen);
  const Fits nodes = nodes_of_volume(fits, volume);
  Finding finding{"volume-node-conflict", "", {}, {}};
  if (nodes.empty()) {
    std::vector<std::string> terms;
    for (const json& term : volume_terms(volume)) terms.push_back(selector_text(term));
    finding.evidence = {{ref_text(volume), "spec.nodeAffinity", fmt::format("{}", fmt::join(terms, " or "))}};
    finding.cause = fmt::format("The pod's volume {} is on a node that is not in the cluster ({}).",
                                name_of(volume), fmt::join(terms, " or "));
    finding.remedy = {{"bring that node back; or restore the data into a new claim"}};
    return finding;
  }
  finding.evidence = {{ref_text(volume), "spec.nodeAffinity", names(nodes)}};
  const NodeFit& first = *nodes.front();
  const Objection* why = first.of(straw.id);
  finding.cause = fmt::format("The pod's volume {} exists on {} only, which does not take the pod{}.",
                              name_of(volume), names(nodes), why == nullptr ? "" : ": " + why->words);
  if (straw.id == "node-selector-matches-none") {
    const std::string selector = node_selector(*seen.served);
    finding.evidence.push_back({seen.pod.meta.ref.text(),
                                selector.empty() ? "spec.affinity.nodeAffinity" : "spec.nodeSelector",
                                selector.empty() ? node_terms(*seen.served) : selector});
    finding.remedy = select_less(workload, seen, 1);
    if (!finding.remedy.empty())
      finding.remedy.front().text =
          "let the pod run where its volume is: remove the condition from the template";
  } else if (straw.id == "taint-not-tolerated") {
    for (const NodeFit* fit : nodes)
      for (const json* taint : repelling(*seen.served, *fit->node))
        finding.evidence.push_back({ref_text(*fit->node), "spec.taints", taint_text(*taint)});
    untaint_all(seen, nodes, finding);
  } else {
    finding.remedy = {{"free resources on that node: no other one has the volume"}};
  }
  finding.trap = "Deleting the claim gives the pod another node, and an empty volume.";
  return finding;
}

// --- nodes ------------------------------------------------------------------------------------------------

/// Takes out of the template what no node meets; nothing when the template is another already.
std::vector<Remedy> select_less(const Workload& workload, const SeenPod& seen, int way) {
  const std::string text = "or let the pods run on any node: remove the condition from the template";
  json keys = json::object();
  for (const auto& [key, value] : texts(workload.template_spec(), "nodeSelector")) {
    const bool met =
        std::any_of(workload.snapshot().nodes->begin(), workload.snapshot().nodes->end(),
                    [&](const json& node) { return selects(Labels{{key, value}}, labels_of(node)); });
    if (!met) keys[key] = nullptr;
  }
  if (keys.empty())  // each is met, and none by all
    for (const auto& [key, value] : texts(workload.template_spec(), "nodeSelector")) keys[key] = nullptr;
  if (!keys.empty())
    return {{text, patch_template(workload, {{"nodeSelector", keys}}), way},
            replace_after(workload, seen, way)};
  if (!in(workload.template_spec(), "affinity", "nodeAffinity", kRequired).is_object()) return {};
  const std::string path = std::string{"/spec/template/spec/affinity/nodeAffinity/"} + kRequired;
  return {{text, patch_set(workload, json::array({{{"op", "remove"}, {"path", path}}})), way},
          replace_after(workload, seen, way)};
}

Finding nothing_selected(const Workload& workload, const SeenPod& seen) {
  const std::string selector = node_selector(*seen.served);
  const std::string asks = selector.empty() ? node_terms(*seen.served) : selector;
  std::vector<std::string> label{"kubectl", "label", "node", "<node>"};
  if (selector.empty()) label.emplace_back("<key>=<value>");
  for (const auto& [key, value] : texts(in(*seen.served, "spec"), "nodeSelector"))
    label.push_back(key + "=" + value);
  Finding finding{"node-selector-matches-none",
                  fmt::format("No node has the labels that the pod asks for: {}.", asks),
                  {{seen.pod.meta.ref.text(),
                    selector.empty() ? "spec.affinity.nodeAffinity" : "spec.nodeSelector", asks}},
                  {{"label a node that is meant", command_line(label)}}};
  const std::string runtime = text(member(*seen.served, "spec"), "runtimeClassName");
  const bool by_runtime =
      !runtime.empty() && !selector.empty() && !member(workload.template_spec(), "nodeSelector").is_object();
  if (by_runtime) {
    finding.cause.pop_back();
    finding.cause += fmt::format(", which its RuntimeClass {} adds.", runtime);
    finding.remedy.push_back(
        {"or remove the RuntimeClass",
         patch_set(workload,
                   json::array({{{"op", "remove"}, {"path", "/spec/template/spec/runtimeClassName"}}})),
         2});
    finding.remedy.push_back(replace_after(workload, seen, 2));
  }
  for (Remedy& step : select_less(workload, seen, 2)) finding.remedy.push_back(std::move(step));
  finding.trap = kUpdateWaits;
  return finding;
}

/// Lets the template bear the taints of these nodes.
std::vector<Remedy> tolerate(const Workload& workload, const SeenPod& seen, const Fits& fits, int way) {
  json tolerations = json::array();
  for (const json* taint : taints_of(seen, fits)) {
    const json wanted{
        {"key", text(*taint, "key")}, {"operator", "Exists"}, {"effect", text(*taint, "effect")}};
    if (std::find(tolerations.begin(), tolerations.end(), wanted) == tolerations.end())
      tolerations.push_back(wanted);
  }
  for (const json& known : member(workload.template_spec(), "tolerations")) tolerations.push_back(known);
  return {
      {way == 1 ? "let the template tolerate the taint, if such nodes are meant for the set"
                : "or let the template tolerate the taint, if such nodes are meant for the set",
       patch_set(workload,
                 json::array(
                     {{{"op", "add"}, {"path", "/spec/template/spec/tolerations"}, {"value", tolerations}}})),
       way},
      replace_after(workload, seen, way)};
}

Finding repelled(const Workload& workload, const SeenPod& seen, const LastStraw& straw) {
  std::set<std::string> taints;
  for (const json* taint : taints_of(seen, straw.nodes)) taints.insert(taint_text(*taint));
  Finding finding{
      "taint-not-tolerated",
      fmt::format("Every node that the pod could go to has a taint that the pod does not tolerate: {}.",
                  fmt::join(taints, ", ")),
      {},
      {}};
  for (const NodeFit* fit : straw.nodes)
    for (const json* taint : repelling(*seen.served, *fit->node))
      if (finding.evidence.size() < kMostNodes)
        finding.evidence.push_back({ref_text(*fit->node), "spec.taints", taint_text(*taint)});
  untaint_all(seen, straw.nodes, finding);
  for (Remedy& step : tolerate(workload, seen, straw.nodes, finding.remedy.empty() ? 1 : 2))
    finding.remedy.push_back(std::move(step));
  return finding;
}

std::string asking_container(const json& pod, const std::string& resource) {
  for (const char* kind : {"containers", "initContainers"})
    for (const json& known : in(pod, "spec", kind))
      if (!text(in(known, "resources", "requests"), resource.c_str()).empty()) return text(known, "name");
  return {};
}

std::vector<Remedy> ask_for_less(const Workload& workload, const SeenPod& seen, const std::string& resource,
                                 double most) {
  const std::string container = asking_container(*seen.served, resource);
  const bool of_pod = !text(in(*seen.served, "spec", "resources", "requests"), resource.c_str()).empty();
  if (resource == "cpu" || resource == "memory" || resource == "ephemeral-storage") {
    // A tenth less than there is: others grow, too.
    const double ask = std::floor(most * (resource == "cpu" ? 900 : 0.9 / 0x1p20));
    const std::string less =
        ask < 1 ? "<less>" : fmt::format("{:.0f}{}", ask, resource == "cpu" ? "m" : "Mi");
    return {{"ask for less, here for what is free, where the program can do with it",
             of_pod ? patch_template(workload, {{"resources", {{"requests", {{resource, less}}}}}})
                    : workload.kubectl({"set", "resources", "statefulset/" + workload.name(), "-c", container,
                                        "--requests=" + resource + "=" + less})},
            replace_after(workload, seen),
            {"or add a node", {}, 2}};
  }
  // Huge pages and devices: request and limit are one.
  json taken = json::array();
  for (const json& known : in(workload.template_spec(), "containers"))
    if (in(known, "resources", "limits").contains(resource) ||
        in(known, "resources", "requests").contains(resource))
      taken.push_back(
          {{"name", text(known, "name")},
           {"resources", {{"limits", {{resource, nullptr}}}, {"requests", {{resource, nullptr}}}}}});
  return {{fmt::format("add a node that offers {}, or let the present ones offer it", resource), {}, 1},
          {fmt::format("or remove the request for {}, if the program can run without", resource),
           patch_template(workload, {{"containers", taken}}), 2},
          replace_after(workload, seen, 2)};
}

Finding too_big(const Workload& workload, const SeenPod& seen, const LastStraw& straw) {
  std::string resource;
  double most = 0;
  for (const std::string& name : asked_resources(*seen.served)) {
    double best = -1;
    for (const NodeFit* fit : straw.nodes)
      best = std::max(best, workload.cluster().free_on(*fit->node, name));
    if (resource.empty() || requested(*seen.served, name) > best) {
      const bool decisive = requested(*seen.served, name) > best;
      if (!decisive && !resource.empty()) continue;
      resource = name;
      most = std::max(0.0, best);
      if (decisive) break;
    }
  }
  const bool offered = std::any_of(straw.nodes.begin(), straw.nodes.end(), [&](const NodeFit* fit) {
    return parse_quantity(text(in(*fit->node, "status", "allocatable"), resource.c_str())).value_or(0) > 0;
  });
  const std::string asks = amount_text(resource, requested(*seen.served, resource));
  Finding finding{
      "insufficient-resources",
      offered
          ? fmt::format("The pod asks for more {} than any node has free: {}, and at most {} are free.",
                        resource, asks, amount_text(resource, most))
          : fmt::format("The pod asks for {} {}, and no node that could take it offers any.", asks, resource),
      {},
      ask_for_less(workload, seen, resource, most)};
  for (const char* kind : {"containers", "initContainers"})
    for (const json& known : in(*seen.served, "spec", kind))
      if (const std::string quantity = text(in(known, "resources", "requests"), resource.c_str());
          !quantity.empty())
        finding.evidence.push_back(
            {seen.pod.meta.ref.text(),
             fmt::format("spec.{}[{}].resources.requests.{}", kind, text(known, "name"), resource),
             quantity});
  for (const NodeFit* fit : straw.nodes)
    if (finding.evidence.size() < kMostNodes)
      finding.evidence.push_back(
          {ref_text(*fit->node), "free " + resource,
           amount_text(resource, std::max(0.0, workload.cluster().free_on(*fit->node, resource)))});
  finding.trap = kUpdateWaits;
  return finding;
}

Finding ports_taken(const Workload& workload, const SeenPod& seen, const LastStraw& straw) {
  std::vector<std::string> holders;
  for (const NodeFit* fit : straw.nodes)
    if (const Objection* objection = fit->of(straw.id); holders.size() < kMostNodes)
      holders.push_back(fmt::format("{} on {}", objection->words.substr(0, objection->words.find(" holds")),
                                    name_of(*fit->node)));
  std::vector<std::string> numbers;
  for (const std::string& port : host_ports(*seen.served)) numbers.push_back(port.substr(port.find(' ') + 1));
  Finding finding{
      "host-port-taken",
      fmt::format("hostPort {} is taken on every node that could take the pod: none of {} has free ports "
                  "for it: {}.",
                  fmt::join(numbers, ", "), counted(straw.nodes.size(), "node"), fmt::join(holders, ", ")),
      {{seen.pod.meta.ref.text(), "spec.containers[].ports[].hostPort",
        fmt::format("{}", fmt::join(numbers, ", "))}},
      {}};
  json drop = json::array();
  std::size_t container = 0;
  for (const json& known : in(workload.template_spec(), "containers")) {
    std::size_t port = 0;
    for (const json& entry : member(known, "ports")) {
      if (number(entry, "hostPort") > 0)
        drop.push_back(
            {{"op", "remove"},
             {"path", fmt::format("/spec/template/spec/containers/{}/ports/{}/hostPort", container, port)}});
      ++port;
    }
    ++container;
  }
  if (flag(workload.template_spec(), "hostNetwork"))
    drop.push_back(json::object({{"op", "remove"}, {"path", "/spec/template/spec/hostNetwork"}}));
  if (!drop.empty())
    finding.remedy = {{fmt::format("stop using the host's {}: the pods have names and addresses of their own",
                                   flag(workload.template_spec(), "hostNetwork") ? "network" : "port"),
                       patch_set(workload, drop)},
                      replace_after(workload, seen)};
  finding.remedy.push_back(scale_down(workload, 2));
  finding.remedy.push_back({"or add a node", {}, 3});
  finding.trap = kUpdateWaits;
  return finding;
}

json weighted(const json& terms) {
  json preferred = json::array();
  for (const json& term : terms) preferred.push_back({{"weight", 100}, {"podAffinityTerm", term}});
  return preferred;
}

// A required rule becomes a preference; preferences that are there already stay.
std::string prefer(const Workload& workload, const char* kind) {
  const json& rules = in(workload.template_spec(), "affinity", kind);
  json preferred = weighted(member(rules, kRequired));
  for (const json& known : member(rules, "preferredDuringSchedulingIgnoredDuringExecution"))
    preferred.push_back(known);
  const std::string path = fmt::format("/spec/template/spec/affinity/{}/", kind);
  return patch_set(workload, json::array({{{"op", "remove"}, {"path", path + kRequired}},
                                          {{"op", "add"},
                                           {"path", path + "preferredDuringSchedulingIgnoredDuringExecution"},
                                           {"value", preferred}}}));
}

std::string topology_keys(const json& terms) {
  std::set<std::string> keys;
  for (const json& term : terms) keys.insert(text(term, "topologyKey"));
  return fmt::format("{}", fmt::join(keys, ", "));
}

/// The highest pod of the set that has a node and another template than this one: the rule of that template
/// keeps this pod away until it goes; null when there is none.
const SeenPod* last_of_other_template(const Workload& workload, const SeenPod& seen, bool of_any) {
  const std::string revision = seen.pod.revision();
  for (auto entry = workload.pods().rbegin(); entry != workload.pods().rend(); ++entry) {
    const Pod& pod = entry->second.pod;
    if (!pod.node.empty() && (of_any || pod.revision() != revision)) return &entry->second;
  }
  return nullptr;
}

Remedy make_room(const Workload& workload, const std::string& pod, std::string text) {
  return {std::move(text), workload.kubectl({"delete", "pod", pod})};
}

/// The pod's own rule leaves it no node.
Finding kept_apart(const Workload& workload, const SeenPod& seen, const LastStraw& straw,
                   const std::string& holders) {
  const json& terms = in(*seen.served, "spec", "affinity", "podAntiAffinity", kRequired);
  Finding finding{
      "pod-anti-affinity",
      fmt::format(
          "Required pod anti-affinity by {} allows one such pod in each: the set wants {}, and {} that "
          "take pods have theirs already, so none is left for the pod ({}).",
          topology_keys(terms), counted(static_cast<std::size_t>(workload.set().replicas.value), "pod"),
          counted(straw.nodes.size(), "node"), holders),
      {},
      {}};
  for (const json& term : terms)
    finding.evidence.push_back(
        {seen.pod.meta.ref.text(), "spec.affinity.podAntiAffinity." + std::string{kRequired},
         fmt::format("{} by {}", selector_text(member(term, "labelSelector")), text(term, "topologyKey"))});
  if (in(workload.template_spec(), "affinity", "podAntiAffinity", kRequired).is_array()) {
    finding.remedy = {{"only you can decide. Make the rule preferred: members may then share a node",
                       prefer(workload, "podAntiAffinity")},
                      replace_after(workload, seen)};
    if (const SeenPod* other = last_of_other_template(workload, seen, true))
      finding.remedy.push_back(
          make_room(workload, other->pod.meta.ref.name,
                    "and one of those with a node, whose old rule still keeps others away; the "
                    "update replaces the rest"));
    finding.remedy.push_back(scale_down(workload, 2));
  }
  finding.remedy.push_back({"or add a node, which keeps the members apart", {}, 3});
  finding.trap = kUpdateWaits;
  return finding;
}

/// Rules of pods that are there keep the pod away.
Finding kept_away(const Workload& workload, const SeenPod& seen, const LastStraw& straw,
                  const std::string& holders) {
  Finding finding{"pod-anti-affinity",
                  fmt::format("The required pod anti-affinity of other pods keeps the pod from {} ({}).",
                              counted(straw.nodes.size(), "node"), holders),
                  {},
                  {}};
  if (const SeenPod* other = last_of_other_template(workload, seen, false))
    finding.remedy = {
        make_room(workload, other->pod.meta.ref.name,
                  "replace one that still has the old template, whose rule keeps the new pods away")};
  else
    finding.remedy = {{"only you can decide: add a node, or let the others run elsewhere"}};
  for (const NodeFit* fit : straw.nodes)
    if (finding.remedy.back().way == 1 && !fit->of(straw.id)->pod.empty())
      finding.remedy.push_back(
          {"or delete a pod that keeps it away, if that pod is not needed",
           command_line({"kubectl", "-n", fit->of(straw.id)->ns, "delete", "pod", fit->of(straw.id)->pod}),
           2});
  return finding;
}

Finding apart(const Workload& workload, const SeenPod& seen, const LastStraw& straw) {
  std::vector<std::string> holders;
  bool own = true;
  for (const NodeFit* fit : straw.nodes) {
    const std::string& words = fit->of(straw.id)->words;
    own = own && words.find("keeps such pods away") == std::string::npos;
    if (holders.size() < kMostNodes) holders.push_back(name_of(*fit->node) + ": " + words);
  }
  const std::string told = fmt::format("{}", fmt::join(holders, "; "));
  return own ? kept_apart(workload, seen, straw, told) : kept_away(workload, seen, straw, told);
}

/// Namespaces with pods that the term would select if it looked there.
std::set<std::string> namespaces_of_such(const Workload& workload, const json& term) {
  std::set<std::string> found;
  if (!workload.snapshot().pods) return found;
  for (const json& pod : *workload.snapshot().pods)
    if (const std::string ns = text(member(pod, "metadata"), "namespace");
        ns != workload.ns() && !text(member(pod, "spec"), "nodeName").empty() &&
        text(member(pod, "metadata"), "deletionTimestamp").empty() &&
        selects(member(term, "labelSelector"), labels_of(pod)))
      found.insert(ns);
  return found;
}

/// Where the pods are there, and the rule does not look into their namespace.
void tell_namespaces(const Workload& workload, const SeenPod& seen, const json& terms, Finding& finding) {
  std::size_t index = 0;
  for (const json& term : terms) {
    const std::size_t at = index++;
    const json& looks = member(term, "namespaces");
    const bool only_own =
        (!looks.is_array() || looks.empty()) && !member(term, "namespaceSelector").is_object();
    const auto elsewhere = only_own ? namespaces_of_such(workload, term) : std::set<std::string>{};
    if (elsewhere.empty() || elsewhere.size() > 6) continue;  // labels that are everywhere say nothing
    finding.cause.pop_back();
    finding.cause +=
        fmt::format("; such pods run in namespace {}, and without namespaces the rule looks into {} only.",
                    fmt::join(elsewhere, ", "), workload.ns());
    const std::string path =
        fmt::format("/spec/template/spec/affinity/podAffinity/{}/{}/namespaces", kRequired, at);
    finding.remedy = {
        {"let the rule look into that namespace",
         patch_set(workload, json::array({{{"op", "add"}, {"path", path}, {"value", elsewhere}}}))},
        replace_after(workload, seen)};
    return;
  }
}

Finding kept_together(const Workload& workload, const SeenPod& seen, const LastStraw& straw) {
  const json& terms = in(*seen.served, "spec", "affinity", "podAffinity", kRequired);
  std::vector<std::string> wants;
  for (const json& term : terms)
    wants.push_back(
        fmt::format("{} in its {}", selector_text(member(term, "labelSelector")), text(term, "topologyKey")));
  Finding finding{
      "pod-affinity",
      fmt::format("Required pod affinity: the pod wants to be beside pods {}, and none of {} that take pods "
                  "has them.",
                  fmt::join(wants, " and "), counted(straw.nodes.size(), "node")),
      {{seen.pod.meta.ref.text(), "spec.affinity.podAffinity." + std::string{kRequired},
        fmt::format("{}", fmt::join(wants, " and "))}},
      {{"start the pods that it wants to be beside; or correct the selector, if they run with other "
        "labels"}}};
  if (in(workload.template_spec(), "affinity", "podAffinity", kRequired).is_array()) {
    tell_namespaces(workload, seen, terms, finding);
    finding.remedy.push_back({"or make the rule preferred", prefer(workload, "podAffinity"), 2});
    finding.remedy.push_back(replace_after(workload, seen, 2));
  }
  finding.trap = kUpdateWaits;
  return finding;
}

std::string constraint_path(std::size_t index, const char* field) {
  return fmt::format("/spec/template/spec/topologySpreadConstraints/{}/{}", index, field);
}

std::string constraint_patch(const Workload& workload, std::size_t index, const char* field,
                             const json& value) {
  return patch_set(workload,
                   json::array({{{"op", "add"}, {"path", constraint_path(index, field)}, {"value", value}}}));
}

/// minDomains is allowed in hard constraints alone.
std::string soften(const Workload& workload, const Spread& spread) {
  json operations = json::array();
  if (spread.constraint->contains("minDomains"))
    operations.push_back({{"op", "remove"}, {"path", constraint_path(spread.index, "minDomains")}});
  operations.push_back({{"op", "replace"},
                        {"path", constraint_path(spread.index, "whenUnsatisfiable")},
                        {"value", "ScheduleAnyway"}});
  return patch_set(workload, operations);
}

Finding spread_out(const Workload& workload, const SeenPod& seen, const LastStraw& straw,
                   const std::vector<NodeFit>& fits) {
  const bool unlabelled = straw.id == "topology-label-missing";
  Finding finding{straw.id, "", {}, {}};
  for (const Spread& spread : hard_spreads(workload, seen)) {
    const std::string key = text(*spread.constraint, "topologyKey");
    std::vector<std::string> counts;
    for (const auto& [domain, count] : spread.domains) counts.push_back(fmt::format("{}: {}", domain, count));
    const std::size_t without = static_cast<std::size_t>(std::count_if(
        fits.begin(), fits.end(), [&](const NodeFit& fit) { return !labels_of(*fit.node).contains(key); }));
    if (unlabelled && without == 0) continue;
    const auto skew = number(*spread.constraint, "maxSkew", 1);
    finding.evidence.push_back({seen.pod.meta.ref.text(),
                                fmt::format("spec.topologySpreadConstraints[{}]", spread.index),
                                fmt::format("topologyKey {}, maxSkew {}, DoNotSchedule", key, skew)});
    finding.evidence.push_back({"Node", "pods for each " + key, fmt::format("{}", fmt::join(counts, ", "))});
    if (!finding.cause.empty()) continue;
    if (unlabelled) {
      finding.cause = fmt::format(
          "The topology spread constraint goes by the label {}, which {} of {} do not have (missing "
          "required label); those take no pod.",
          key, without, counted(fits.size(), "node"));
      finding.remedy = {{"label the nodes with where they are",
                         command_line({"kubectl", "label", "node", "<node>", key + "=<value>"})}};
    } else {
      finding.cause = fmt::format(
          "The topology spread constraint by {} allows a skew of {}, and one more pod on any node "
          "that takes it would break it ({}).",
          key, skew, fmt::join(counts, ", "));
      finding.remedy = {{"add a node, or room, where there are the fewest"}};
      // An empty domain whose nodes all repel the pod can never be filled.
      bool closed = true;
      for (const NodeFit& fit : fits) {
        const Labels labels = labels_of(*fit.node);
        const auto label = labels.find(key);
        const auto count = label == labels.end() ? spread.domains.end() : spread.domains.find(label->second);
        if (count != spread.domains.end() && count->second == spread.fewest)
          closed = closed && fit.of("taint-not-tolerated") != nullptr;
      }
      if (closed)
        finding.remedy = {{"the fewest are where a taint keeps the pods out: do not count such nodes",
                           constraint_patch(workload, spread.index, "nodeTaintsPolicy", "Honor")},
                          replace_after(workload, seen)};
    }
    if (const auto least = number(*spread.constraint, "minDomains", 1);
        least > static_cast<std::int64_t>(spread.domains.size()) && !unlabelled) {
      finding.cause = fmt::format(
          "The topology spread constraint by {} wants minDomains {}, and there are {} domains ({}): as long "
          "as some are missing, each of "
          "the others takes no more than {} of the pods.",
          key, least, spread.domains.size(), fmt::join(counts, ", "), skew);
      finding.remedy = {{"want no more domains than there are",
                         constraint_patch(workload, spread.index, "minDomains", spread.domains.size())},
                        replace_after(workload, seen)};
    }
    finding.remedy.push_back({"or make the constraint a preference", soften(workload, spread), 2});
    finding.remedy.push_back(replace_after(workload, seen, 2));
  }
  finding.trap = kUpdateWaits;
  return finding;
}

/// A class that makes volumes only where no node of the pod's is, or volumes that stand elsewhere.
Finding no_volume_near(const Workload& workload, const SeenPod& seen, const LastStraw& straw) {
  const Objection& objection = *straw.nodes.front()->of(straw.id);
  Finding finding{straw.id, "", {}, {}};
  for (const auto& [volume, name] : seen.pod.volume_claims) {
    const json* claim = workload.claim(name);
    if (claim == nullptr || text(member(*claim, "status"), "phase") != "Pending") continue;
    const std::string class_name = text(member(*claim, "spec"), "storageClassName");
    const json* storage_class = workload.storage_class(class_name);
    finding.evidence.push_back({ref_text(*claim), "spec.storageClassName", class_name});
    finding.cause = fmt::format("None of {} that could take the pod can have a volume for its claim {}: {}.",
                                counted(straw.nodes.size(), "node"), name, objection.words);
    if (storage_class == nullptr || !member(*storage_class, "allowedTopologies").is_array()) {
      finding.remedy = {
          {fmt::format("create a PersistentVolume of class \"{}\" on a node that takes the pod", class_name),
           "kubectl create -f <persistentvolume.yaml>"},
          scale_down(workload, 2)};
      return finding;
    }
    finding.evidence.push_back(
        {ref_text(*storage_class), "allowedTopologies", member(*storage_class, "allowedTopologies").dump()});
    std::vector<std::string> label{"kubectl", "label", "node", "<node>"};
    for (const json& wanted :
         member(member(*storage_class, "allowedTopologies").front(), "matchLabelExpressions"))
      label.push_back(text(wanted, "key") + "=" +
                      (member(wanted, "values").empty()
                           ? std::string{"<value>"}
                           : member(wanted, "values").front().get<std::string>()));
    finding.remedy = {{"label the nodes that are there, if they lack their labels", command_line(label)},
                      {"or let the class provision everywhere: a class cannot be changed, so recreate it",
                       command_line({"kubectl", "get", "storageclass", class_name, "-o", "json"}) + " | " +
                           command_line({"kubectl", "patch", "--local", "-f", "-", "--type=json", "-p",
                                         R"([{"op":"remove","path":"/allowedTopologies"}])", "-o", "json"}) +
                           " | kubectl replace --force -f -",
                       2}};
    return finding;
  }
  return finding;
}

Finding crowded(const LastStraw& straw) {
  return {"too-many-pods",
          fmt::format("{} that could take the pod have as many pods as they take.",
                      counted(straw.nodes.size(), "node")),
          {},
          {{"add a node, or delete pods that are not needed"}}};
}

std::optional<Finding> explained(const Workload& workload, const SeenPod& seen) {
  if (!workload.snapshot().nodes) return std::nullopt;
  const auto fits = node_fits(workload, seen);
  if (auto apart = volumes_apart(workload, seen, fits)) return apart;
  const LastStraw straw = last_straw(fits);
  if (straw.id.empty()) return std::nullopt;
  // What the other nodes are closed by is of no use to a pod whose volume stands on this one.
  const json* volume = narrowest_volume(workload, seen);
  const bool tied =
      volume != nullptr && (straw.id == "volume-node-conflict" || straw.id == "node-selector-matches-none" ||
                            straw.id == "taint-not-tolerated");
  Finding finding;
  if (tied) return off_its_volume(workload, seen, fits, straw);
  if (straw.id == "node-selector-matches-none") return nothing_selected(workload, seen);
  if (straw.id == "taint-not-tolerated") return repelled(workload, seen, straw);
  if (straw.id == "insufficient-resources")
    finding = too_big(workload, seen, straw);
  else if (straw.id == "host-port-taken")
    finding = ports_taken(workload, seen, straw);
  else if (straw.id == "pod-anti-affinity")
    finding = apart(workload, seen, straw);
  else if (straw.id == "pod-affinity")
    finding = kept_together(workload, seen, straw);
  else if (straw.id == "too-many-pods")
    finding = crowded(straw);
  else if (straw.id == "no-volume-available")
    finding = no_volume_near(workload, seen, straw);
  else
    finding = spread_out(workload, seen, straw, fits);
  if (!finding.cause.empty() && finding.cause.back() == '.') {
    finding.cause.pop_back();
    finding.cause += others(fits, straw) + ".";
  }
  if (volume != nullptr)
    finding.evidence.push_back(
        {ref_text(*volume), "spec.nodeAffinity", names(nodes_of_volume(fits, *volume))});
  tell_nodes(fits, straw, finding);
  return finding;
}

/// How many volumes nodes take of which driver, as their drivers say.
void tell_volume_limits(const Workload& workload, Finding& finding) {
  if (!workload.snapshot().csi_nodes) return;
  for (const json& node : *workload.snapshot().csi_nodes)
    for (const json& driver : in(node, "spec", "drivers")) {
      const json& count = in(driver, "allocatable", "count");
      if (!count.is_number_integer()) continue;
      finding.evidence.push_back({ref_text(node),
                                  "spec.drivers[" + text(driver, "name") + "].allocatable.count",
                                  fmt::format("{}", count.get<std::int64_t>())});
      if (finding.evidence.size() > 1) continue;
      finding.cause +=
          fmt::format(" The driver {} takes {} on node {}.", text(driver, "name"),
                      counted(static_cast<std::size_t>(count.get<std::int64_t>()), "volume"), name_of(node));
    }
}

/// Who uses a claim that one pod alone may use.
void tell_user(const Workload& workload, const SeenPod& seen, Finding& finding) {
  for (const auto& [volume, claim] : seen.pod.volume_claims)
    for (const json* other : workload.cluster().pods_in(workload.ns()))
      for (const json& used : in(*other, "spec", "volumes")) {
        if (other == seen.served || text(member(used, "persistentVolumeClaim"), "claimName") != claim)
          continue;
        finding.cause =
            fmt::format("The claim {} may be used by one pod alone (ReadWriteOncePod), and pod {} uses it.",
                        claim, name_of(*other));
        finding.evidence.push_back({ref_text(*other), "spec.volumes", "claim " + claim});
        finding.remedy = {{"end the other pod", workload.kubectl({"delete", "pod", name_of(*other)})}};
        return;
      }
}

// Where the objects do not show it, or may not be read, the scheduler's own words decide.
Finding told(const Workload& workload, const SeenPod& seen, const std::string& message) {
  const auto reasons = scheduler_reasons(message);
  std::vector<std::string> parts;
  for (const SchedulerReason& reason : reasons)
    parts.push_back(reason.nodes > 0 ? fmt::format("{} {}", reason.nodes, reason.words) : reason.words);
  const SchedulerReason* first = decisive(reasons);
  Finding finding{first == nullptr ? std::string_view{"unschedulable"} : first->id,
                  parts.empty() ? fmt::format("No node takes the pod. The scheduler says: {}", message)
                                : fmt::format("No node takes the pod: {}.", fmt::join(parts, ", ")),
                  {},
                  {{"do what the scheduler's message asks for"}}};
  const std::string_view id = finding.id;
  if (id == "volume-limit-reached") {
    finding.remedy = {
        {"add a node, or move pods with volumes: a node takes so many volumes of a driver and no more"}};
    tell_volume_limits(workload, finding);
  } else if (id == "host-port-taken") {
    std::vector<std::string> ports = host_ports(*seen.served);
    finding.evidence.push_back({seen.pod.meta.ref.text(), "spec.containers[].ports[].hostPort",
                                fmt::format("{}", fmt::join(ports, ", "))});
    finding.remedy = {{"do without the host port, or run fewer pods"}};
  } else if (id == "pod-anti-affinity") {
    finding.evidence.push_back(
        {seen.pod.meta.ref.text(), "spec.affinity.podAntiAffinity by",
         topology_keys(in(*seen.served, "spec", "affinity", "podAntiAffinity", kRequired))});
    finding.remedy = {{"add a node, be content with fewer pods, or make the rule preferred"}};
  } else if (id == "volume-in-use") {
    finding.remedy = {{"a ReadWriteOncePod volume serves one pod: end the other pod that uses the claim"}};
    tell_user(workload, seen, finding);
  }
  return finding;
}

bool names_pending_claims(const std::string& message) {
  return message.find("unbound immediate PersistentVolumeClaims") != std::string::npos ||
         message.find("waiting for ephemeral volume controller") != std::string::npos;
}

Finding gated(const Workload& workload, const SeenPod& seen) {
  std::vector<std::string> gates;
  for (const json& gate : in(*seen.served, "spec", "schedulingGates")) gates.push_back(text(gate, "name"));
  return {"scheduling-gated",
          fmt::format("The pod has scheduling gates ({}), and waits until their owner takes them away.",
                      fmt::join(gates, ", ")),
          {{seen.pod.meta.ref.text(), "spec.schedulingGates",
            in(*seen.served, "spec", "schedulingGates").dump()}},
          {{"fix the controller that should remove its gate"},
           {"or remove it yourself, if no controller will",
            workload.kubectl({"patch", "pod", seen.pod.meta.ref.name, "--type=json", "-p",
                              R"([{"op":"remove","path":"/spec/schedulingGates"}])"}),
            2}},
          "A gate in the set's template comes back with every new pod."};
}

void do_without_devices(const Workload& workload, const SeenPod& seen, Finding& finding) {
  json operations = json::array();
  for (const char* list : {"containers", "initContainers"})
    for (const json& container : in(workload.template_spec(), list))
      if (in(container, "resources", "claims").is_array())
        operations.push_back(
            {{"op", "remove"},
             {"path", container_path(workload, list, text(container, "name")) + "/resources/claims"}});
  if (!member(workload.template_spec(), "resourceClaims").is_array()) return;
  operations.push_back({{"op", "remove"}, {"path", "/spec/template/spec/resourceClaims"}});
  finding.remedy.push_back(
      {"or remove the device, if the program can run without", patch_set(workload, operations), 2});
  finding.remedy.push_back(replace_after(workload, seen, 2));
}

// The scheduler waits for claims of devices that their controller cannot create.
Finding device_unclaimed(const Workload& workload, const SeenPod& seen, const json& event) {
  std::vector<std::string> templates;
  for (const json& claim : in(*seen.served, "spec", "resourceClaims"))
    templates.push_back(
        text_or(claim, "resourceClaimTemplateName", text(claim, "resourceClaimName").c_str()));
  Finding finding{
      "resource-claim-missing",
      fmt::format(
          "The devices that the pod claims ({}) cannot be claimed, and no node takes the pod before: {}",
          fmt::join(templates, ", "), text(event, "message")),
      {event_evidence(event),
       {seen.pod.meta.ref.text(), "spec.resourceClaims", in(*seen.served, "spec", "resourceClaims").dump()}},
      {{"create the ResourceClaimTemplate that the template names, or correct its name",
        "kubectl create -f <resourceclaimtemplate.yaml>"}}};
  do_without_devices(workload, seen, finding);
  return finding;
}

/// The name of a ResourceClaim that the pod names itself and that does not exist; empty when there is none.
std::string claim_not_there(const Workload& workload, const SeenPod& seen) {
  if (!workload.snapshot().resource_claims) return {};
  for (const json& claim : in(*seen.served, "spec", "resourceClaims")) {
    const std::string name = text(claim, "resourceClaimName");
    if (!name.empty() && workload.cluster().find("ResourceClaim", workload.ns(), name) == nullptr)
      return name;
  }
  return {};
}

// Without a word of any scheduler nobody looks at the pod.
std::optional<Finding> nobody_schedules(const Workload& workload, const SeenPod& seen) {
  // A node was chosen, and its volumes are being bound.
  if (!text(member(*seen.served, "status"), "nominatedNodeName").empty()) return std::nullopt;
  if (const std::string claim = claim_not_there(workload, seen); !claim.empty()) {
    Finding finding{
        "resource-claim-missing",
        fmt::format("The ResourceClaim {} that the pod names does not exist, and no scheduler looks "
                    "at the pod before.",
                    claim),
        {{seen.pod.meta.ref.text(), "spec.resourceClaims",
          in(*seen.served, "spec", "resourceClaims").dump()}},
        {{"create the ResourceClaim", "kubectl create -f <resourceclaim.yaml>"}}};
    do_without_devices(workload, seen, finding);
    return finding;
  }
  if (!workload.older_than(seen.pod.meta.created, 30s)) return std::nullopt;
  const std::string wanted = text_or(member(*seen.served, "spec"), "schedulerName", "default-scheduler");
  const bool own = wanted != "default-scheduler";
  Finding finding{"scheduler-silent",
                  fmt::format("No scheduler has looked at the pod: none of the name {} runs.", wanted),
                  {{seen.pod.meta.ref.text(), "spec.schedulerName", wanted, seen.pod.meta.created}},
                  {}};
  if (!own) {
    finding.remedy = {
        {"check whether the scheduler runs",
         command_line({"kubectl", "-n", "kube-system", "get", "pods", "-l", "component=kube-scheduler"})}};
    return finding;
  }
  finding.remedy = {{fmt::format("start the scheduler {}", wanted)},
                    {"or use the cluster's default scheduler",
                     patch_template(workload, {{"schedulerName", "default-scheduler"}}), 2},
                    replace_after(workload, seen, 2)};
  finding.trap = kUpdateWaits;
  return finding;
}

}  // namespace

std::optional<Finding> scheduling_cause(const Workload& workload, const SeenPod& seen) {
  if (!seen.pod.node.empty() || seen.pod.terminating()) return std::nullopt;
  if (const json* event = workload.event("Pod", seen.pod.meta.ref.name, "FailedResourceClaimCreation"))
    return device_unclaimed(workload, seen, *event);
  const json& scheduled = condition(*seen.served, "PodScheduled");
  if (!scheduled.is_object()) return nobody_schedules(workload, seen);
  if (text(scheduled, "status") != "False") return std::nullopt;
  if (text(scheduled, "reason") == "SchedulingGated") return gated(workload, seen);
  const std::string message = text(scheduled, "message");
  auto finding = explained(workload, seen);
  if (!finding) {
    if (names_pending_claims(message) ||
        !workload.older_than(time(scheduled, "lastTransitionTime"), kSchedulingTime))
      return std::nullopt;
    finding = told(workload, seen, message);
  }
  finding->evidence.push_back({seen.pod.meta.ref.text(), "status.conditions[PodScheduled]",
                               "False: " + message, time(scheduled, "lastTransitionTime")});
  return finding;
}

}  // namespace stateproof::diagnosis
