// What is not wrong yet, and will be when something else happens.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/node_fit.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/selectors.h"
#include "harness/model/bounded_json.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

constexpr std::size_t kMost = 6;  // of the same kind that are shown

Finding note(std::string_view id, std::string cause, std::vector<Evidence> evidence,
             std::vector<Remedy> remedy, std::string trap = {}) {
  Finding made{id, std::move(cause), std::move(evidence), std::move(remedy), std::move(trap)};
  made.note = true;
  made.stage = stage::kSet;
  return made;
}

std::string shortened(const std::vector<std::string>& words) {
  return words.size() <= kMost
             ? fmt::format("{}", fmt::join(words, ", "))
             : fmt::format("{}, {} more", fmt::join(words.begin(), words.begin() + kMost, ", "),
                           words.size() - kMost);
}

/// Claims whose size, class or modes are not those of the template: templates act on new claims only.
void differing_claims(const Workload& workload, std::vector<Finding>& notes) {
  for (const json& claim_template : member(workload.spec(), "volumeClaimTemplates")) {
    const json& wants = member(claim_template, "spec");
    const std::string asked = text(in(wants, "resources", "requests"), "storage");
    std::vector<std::string> smaller;
    std::vector<std::string> others;
    std::vector<Evidence> evidence{
        {workload.described(), fmt::format("spec.volumeClaimTemplates[{}]", name_of(claim_template)),
         fmt::format(
             "storage {}{}", asked,
             text(wants, "storageClassName").empty() ? "" : ", class " + text(wants, "storageClassName"))}};
    std::vector<Remedy> grow;
    std::string size;
    std::string class_of;
    for (const auto& [ordinal, seen] : workload.pods()) {
      const json* claim = workload.claim(workload.claim_name(name_of(claim_template), ordinal));
      if (claim == nullptr) continue;
      const std::string has = text(in(*claim, "spec", "resources", "requests"), "storage");
      const auto wanted = parse_quantity(asked);
      const auto given = parse_quantity(has);
      const std::string class_wanted = text(wants, "storageClassName");
      if (wanted && given && *given < *wanted) {
        if (smaller.size() < kMost)
          evidence.push_back({ref_text(*claim), "spec.resources.requests.storage", has});
        if (grow.size() < 10)
          grow.push_back(
              {grow.empty() ? "ask for more in each claim, where its StorageClass allows expansion" : "",
               merge_patch({"-n", workload.ns(), "persistentvolumeclaim", name_of(*claim)},
                           {{"spec", {{"resources", {{"requests", {{"storage", asked}}}}}}}})});
        smaller.push_back(name_of(*claim));
        size = has;
        class_of = text(member(*claim, "spec"), "storageClassName");
      } else if (!class_wanted.empty() && class_wanted != text(member(*claim, "spec"), "storageClassName")) {
        others.push_back(name_of(*claim));
        if (others.size() < kMost)
          evidence.push_back(
              {ref_text(*claim), "spec.storageClassName", text(member(*claim, "spec"), "storageClassName")});
      }
    }
    if (!smaller.empty()) {
      const std::string path = claim_template_path(workload, name_of(claim_template));
      const json* storage_class = workload.storage_class(class_of);
      const bool grows = storage_class == nullptr || flag(*storage_class, "allowVolumeExpansion");
      if (!grows) {
        evidence.push_back({ref_text(*storage_class), "allowVolumeExpansion", "false"});
        grow = {
            {fmt::format("the StorageClass {} does not allow expansion: copy the data into a larger claim, "
                         "pod by pod; or, where its driver can "
                         "expand volumes, let the class allow it and ask for more in each claim",
                         class_of)}};
      }
      grow.push_back(recreate_set(
          workload,
          "or when the claims are large enough, let the template say so, too: claim templates cannot be "
          "changed, so recreate the set under its pods",
          json::array(
              {{{"op", "replace"}, {"path", path + "/spec/resources/requests/storage"}, {"value", size}}}),
          2));
      notes.push_back(note("claim-smaller-than-template",
                           fmt::format("The claim template {} says {}, and claim {} still asks for {}: a "
                                       "template acts on new claims only.",
                                       name_of(claim_template), asked, shortened(smaller), size),
                           evidence, grow));
    }
    if (!others.empty())
      notes.push_back(note(
          "claim-of-other-class",
          fmt::format("The claim template {} names the class {}, and claim {} has another: a template acts "
                      "on new claims only.",
                      name_of(claim_template), text(wants, "storageClassName"), shortened(others)),
          evidence, {{"copy the data into claims of the new class, pod by pod, if they are to have it"}}));
  }
}

/// The volume mounted in the first container of the template.
std::string mount(const Workload& workload, const std::string& volume) {
  const json& containers = in(workload.template_spec(), "containers");
  if (containers.empty()) return {};
  return patch_template(
      workload,
      {{"containers",
        json::array({{{"name", text(containers.front(), "name")},
                      {"volumeMounts", json::array({{{"name", volume}, {"mountPath", "<path>"}}})}}})}});
}

/// A claim that is created for each pod and that no container writes to.
void unmounted_claims(const Workload& workload, std::vector<Finding>& notes) {
  for (const std::string& name : workload.set().claim_templates) {
    bool used = false;
    for (const char* list : {"containers", "initContainers"})
      for (const json& container : in(workload.template_spec(), list))
        for (const char* how : {"volumeMounts", "volumeDevices"})
          for (const json& mount : member(container, how)) used = used || text(mount, "name") == name;
    if (used) continue;
    notes.push_back(note(
        "claim-not-mounted",
        fmt::format(
            "No container mounts the volume of the claim template {}: what the pods write is not kept there.",
            name),
        {{workload.described(), "spec.template.spec.containers[].volumeMounts", "none is named " + name}},
        {{"mount it where the program keeps its data", mount(workload, name)}},
        "What is in the containers' own files is lost with the first pod that is replaced: copy it "
        "first."));
  }
}

std::string governing(const json& set) { return text(member(set, "spec"), "serviceName"); }

/// Clients of the set's own Service reach the pods of another set, which does not name it as its own.
void shared_service(const Workload& workload, std::vector<Finding>& notes) {
  const std::string& name = workload.set().service_name;
  const json* service = name.empty() ? nullptr : workload.cluster().find("Service", workload.ns(), name);
  if (service == nullptr) return;
  const Labels selector = texts(member(*service, "spec"), "selector");
  const Labels own = labels_of(in(workload.spec(), "template"));
  if (!selects(selector, own)) return;
  std::vector<std::string> others;
  for (const json* other : workload.cluster().sets_in(workload.ns()))
    if (name_of(*other) != workload.name() && governing(*other) != name &&
        number(member(*other, "spec"), "replicas", 1) > 0 &&
        selects(selector, labels_of(in(*other, "spec", "template"))))
      others.push_back(name_of(*other));
  if (others.empty()) return;
  notes.push_back(note(
      "service-selects-other-set",
      fmt::format(
          "The Service {} also selects the pods of set {}: clients of the name {} reach another database.",
          name, shortened(others), name),
      {{ref_text(*service), "spec.selector", pairs(selector)},
       {workload.described(), "spec.selector", selector_text(member(workload.spec(), "selector"))}},
      {{"narrow the selector to the set's own pods",
        workload.kubectl({"set", "selector", "service/" + name, pairs(workload.set().match_labels)})}}));
}

/// Two controllers of the same kind for the same pods.
void overlapping_selectors(const Workload& workload, std::vector<Finding>& notes) {
  const Labels own = labels_of(in(workload.spec(), "template"));
  std::vector<std::string> others;
  for (const json* other : workload.cluster().sets_in(workload.ns()))
    if (name_of(*other) != workload.name() && selects(in(*other, "spec", "selector"), own) &&
        selects(member(workload.spec(), "selector"), labels_of(in(*other, "spec", "template"))))
      others.push_back(name_of(*other));
  if (others.empty()) return;
  notes.push_back(
      note("selectors-overlap",
           fmt::format("The selectors of this set and of set {} overlap: each selects the other's pods, and "
                       "so do Services and "
                       "PodDisruptionBudgets that go by the same labels.",
                       shortened(others)),
           {{workload.described(), "spec.selector", selector_text(member(workload.spec(), "selector"))}},
           {{"a selector cannot be changed: recreate one of the sets with a label of its own, keep its pods "
             "(--cascade=orphan) "
             "and labelled before"}},
           "A pod that loses its controller may be taken over by the wrong one."));
}

bool is_guarded(const Workload& workload) {
  if (!workload.snapshot().budgets) return true;
  const Labels own = labels_of(in(workload.spec(), "template"));
  return std::any_of(workload.snapshot().budgets->begin(), workload.snapshot().budgets->end(),
                     [&](const json& budget) {
                       return text(member(budget, "metadata"), "namespace") == workload.ns() &&
                              selects(in(budget, "spec", "selector"), own);
                     });
}

std::string guard(const Workload& workload) {
  return workload.kubectl({"create", "poddisruptionbudget", workload.name(),
                           "--selector=" + pairs(workload.set().match_labels), "--max-unavailable=1"});
}

/// Whether the template itself leaves its pods no choice of nodes.
bool is_pinned(const Workload& workload) {
  const json& pod = workload.template_spec();
  return member(pod, "nodeSelector").is_object() || !text(pod, "nodeName").empty() ||
         in(pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution").is_object();
}

/// All members on one node, where another would take them: its loss is the loss of all.
void one_node(const Workload& workload, std::vector<Finding>& notes) {
  if (workload.pods().size() < 2 || (workload.set().claim_templates.empty() && !is_pinned(workload))) return;
  std::set<std::string> nodes;
  bool whole = true;
  for (const auto& [ordinal, seen] : workload.pods()) {
    nodes.insert(seen.pod.node);
    whole = whole && seen.pod.ready;
  }
  if (!whole || nodes.size() != 1 || nodes.begin()->empty()) return;
  const bool guarded = is_guarded(workload);
  // Where there is no other node there is nothing to keep.
  if (workload.snapshot().nodes && workload.snapshot().nodes->size() < 2) return;
  if (guarded) return;
  notes.push_back(note(
      "members-share-node",
      fmt::format("All {} pods run on node {}, and no PodDisruptionBudget keeps a drain from taking them "
                  "all at once.",
                  workload.pods().size(), *nodes.begin()),
      {{"Node " + *nodes.begin(), "pods of the set", fmt::format("{}", workload.pods().size())}},
      {{"let a drain take one at a time", guard(workload)},
       {"and spread new pods over nodes (topologySpreadConstraints or podAntiAffinity in the template)"}}));
}

/// An autoscaler and a person, or a chart, both set the replicas.
void rival_scalers(const Workload& workload, std::vector<Finding>& notes) {
  if (!workload.snapshot().autoscalers) return;
  for (const json& scaler : *workload.snapshot().autoscalers) {
    const json& target = in(scaler, "spec", "scaleTargetRef");
    if (text(member(scaler, "metadata"), "namespace") != workload.ns() ||
        text(target, "kind") != "StatefulSet" || text(target, "name") != workload.name())
      continue;
    const int replicas = workload.set().replicas.value;
    const auto least = number(member(scaler, "spec"), "minReplicas", 1);
    const auto most = number(member(scaler, "spec"), "maxReplicas", replicas);
    std::string rival;
    for (const json& entry : in(workload.served(), "metadata", "managedFields"))
      if (in(entry, "fieldsV1", "f:spec").contains("f:replicas") && text(entry, "subresource") != "scale")
        rival = text(entry, "manager");
    const json applied = parse_bounded_json(text(in(workload.served(), "metadata", "annotations"),
                                                 "kubectl.kubernetes.io/last-applied-configuration"))
                             .value_or(json());
    if (rival.empty() && number(member(applied, "spec"), "replicas", replicas) != replicas)
      rival = fmt::format("what was applied last ({} replicas)", number(member(applied, "spec"), "replicas"));
    const Evidence range{ref_text(scaler), "spec",
                         fmt::format("minReplicas {}, maxReplicas {}", least, most)};
    const Evidence own{workload.described(), "spec.replicas", fmt::format("{}", replicas)};
    if (replicas != 0 && (replicas < least || replicas > most))
      notes.push_back(note("autoscaler-against-replicas",
                           fmt::format("The HorizontalPodAutoscaler {} wants {} to {} pods, and "
                                       "spec.replicas is {}: it will be changed back.",
                                       name_of(scaler), least, most, replicas),
                           {range, own}, {{"change the autoscaler's range, not the replicas"}}));
    else if (!rival.empty() && rival.find("kube-controller-manager") == std::string::npos)
      notes.push_back(note("autoscaler-against-replicas",
                           fmt::format("The HorizontalPodAutoscaler {} scales the set, and {} sets "
                                       "spec.replicas, too: each undoes what the other did.",
                                       name_of(scaler), rival),
                           {range, own, {workload.described(), "metadata.managedFields", rival}},
                           {{"leave replicas out of what is applied, and to the autoscaler"}}));
  }
}

/// Every cloud's default class is so: said only to those who ask for all.
void quiet_dangers(const Workload& workload, std::vector<Finding>& notes) {
  std::vector<std::string> doomed;
  for (const auto& [ordinal, seen] : workload.pods())
    for (const auto& [name, claim] : seen.pod.volume_claims)
      if (const json* volume = workload.volume_of(claim);
          volume != nullptr && text(member(*volume, "spec"), "persistentVolumeReclaimPolicy") == "Delete")
        doomed.push_back(name_of(*volume));
  if (!doomed.empty()) {
    std::vector<Remedy> keep;
    for (const std::string& volume : doomed)
      if (keep.size() < 10)
        keep.push_back(
            {keep.empty() ? "retain the volumes when their claims are deleted" : "", retain(volume)});
    notes.push_back(
        note("reclaim-policy-deletes",
             fmt::format("Data is deleted with its claim: volume {} has the reclaim policy Delete.",
                         shortened(doomed)),
             {{"PersistentVolume " + doomed.front(), "spec.persistentVolumeReclaimPolicy", "Delete"}}, keep,
             "Retained volumes cost money until they are deleted."));
    notes.back().quiet = true;
  }
  if (workload.set().replicas.value > 1 && !is_guarded(workload)) {
    notes.push_back(
        note("no-disruption-budget",
             "No PodDisruptionBudget selects the set's pods: a drain may take several at once.",
             {{workload.described(), "spec.replicas", fmt::format("{}", workload.set().replicas.value)}},
             {{"let a drain take one at a time", guard(workload)}}));
    notes.back().quiet = true;
  }
}

}  // namespace

std::vector<Finding> dangers(const Workload& workload) {
  std::vector<Finding> notes;
  differing_claims(workload, notes);
  unmounted_claims(workload, notes);
  shared_service(workload, notes);
  overlapping_selectors(workload, notes);
  one_node(workload, notes);
  rival_scalers(workload, notes);
  quiet_dangers(workload, notes);
  return notes;
}

}  // namespace stateproof::diagnosis
