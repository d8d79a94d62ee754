#include <fmt/format.h>

#include <algorithm>

#include "harness/diagnosis/causes.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

// A provisioner takes seconds; a cloud's disk up to half a minute.
constexpr auto kProvisioningTime = 40s;

std::string mode_of(const json& storage_class) {
  return text_or(storage_class, "volumeBindingMode", "Immediate");
}

// A class is data that a person may copy; what is bound to the copied object must not come along.
std::string copied_class(const std::string& from, const std::string& to) {
  return fmt::format(
      "kubectl get storageclass {} -o yaml | sed -e 's/^  name: .*/  name: {}/' -e '/is-default-class/d' "
      "-e '/resourceVersion:/d' -e '/uid:/d' | kubectl create -f -",
      from, to);
}

std::vector<Remedy> stand_in(const Workload& workload, const std::string& wanted) {
  const json* standing = workload.default_storage_class();
  std::vector<Remedy> steps;
  if (standing != nullptr && name_of(*standing) != wanted)
    steps.push_back({"give the cluster a class of that name, here a copy of its default one",
                     copied_class(name_of(*standing), wanted)});
  else
    steps.push_back({"give the cluster a class of that name", "kubectl create -f <storageclass.yaml>"});
  steps.push_back(
      {fmt::format("or name one that exists: claim templates cannot be changed, so delete the set with "
                   "--cascade=orphan and the claim, then apply the set with a class of `{}`",
                   "kubectl get storageclass")});
  return steps;
}

Finding not_bound(std::string_view id, std::string cause, const json& claim, std::vector<Evidence> evidence) {
  Finding finding{id, std::move(cause), {}, {}};
  finding.evidence.push_back({ref_text(claim), "status.phase", text(member(claim, "status"), "phase"),
                              time(member(claim, "metadata"), "creationTimestamp")});
  for (Evidence& more : evidence) finding.evidence.push_back(std::move(more));
  return finding;
}

void tell_event(const Workload& workload, const json& claim, std::string_view reason, Finding& finding) {
  if (const json* event = workload.event("PersistentVolumeClaim", name_of(claim), reason))
    finding.evidence.push_back(event_evidence(*event));
}

std::optional<Finding> no_class(const Workload& workload, const json& claim) {
  if (member(member(claim, "spec"), "storageClassName").is_string() ||
      workload.default_storage_class() != nullptr)
    return std::nullopt;
  Finding finding = not_bound("no-default-storage-class",
                              "The claim names no StorageClass, and none of the cluster's is the default.",
                              claim, {{ref_text(claim), "spec.storageClassName", "not set"}});
  std::vector<std::string> names;
  for (const json& known : *workload.snapshot().storage_classes) names.push_back(name_of(known));
  for (const std::string& name : names)
    finding.evidence.push_back({"StorageClass " + name, "metadata.annotations",
                                "storageclass.kubernetes.io/is-default-class is not \"true\""});
  tell_event(workload, claim, "FailedBinding", finding);
  finding.remedy = {{"make a class the default one; claims that wait get it",
                     fmt::format("kubectl annotate --overwrite storageclass {} "
                                 "storageclass.kubernetes.io/is-default-class=true",
                                 names.size() == 1 ? names.front() : "<class>")}};
  return finding;
}

bool has_room(const Workload& workload, const json& claim, const std::string& wanted) {
  if (!workload.snapshot().volumes) return true;
  for (const json& volume : *workload.snapshot().volumes)
    if (text(in(volume, "status"), "phase") == "Available" &&
        text(in(volume, "spec"), "storageClassName") == wanted)
      return true;
  return !text(member(claim, "spec"), "volumeName").empty();
}

Finding no_volume(const json& claim, const std::string& wanted) {
  Finding finding = not_bound(
      "no-volume-available",
      wanted.empty()
          ? "The claim asks for a volume that stands already (storageClassName \"\"), and none is free."
          : fmt::format("StorageClass {} provisions nothing, and no PersistentVolume of it is free.", wanted),
      claim, {{ref_text(claim), "spec.storageClassName", "\"" + wanted + "\""}});
  finding.remedy = {{fmt::format("create a PersistentVolume of class \"{}\" with at least {} and the claim's "
                                 "access modes",
                                 wanted, text(in(claim, "spec", "resources", "requests"), "storage")),
                     "kubectl create -f <persistentvolume.yaml>"}};
  finding.trap =
      "A Released volume is not free: it still carries the claimRef and the data of its former claim.";
  return finding;
}

std::optional<Finding> unprovisioned(const Workload& workload, const json& claim, const json& storage_class) {
  const std::string class_name = name_of(storage_class);
  const std::string provisioner = text(storage_class, "provisioner");
  const json& annotations = in(claim, "metadata", "annotations");
  const bool asked_for = mode_of(storage_class) == "Immediate" ||
                         !text(annotations, "volume.kubernetes.io/selected-node").empty();
  if (!asked_for) return std::nullopt;
  const json* failed = workload.event("PersistentVolumeClaim", name_of(claim), "ProvisioningFailed");
  if (failed != nullptr) {
    Finding finding = not_bound(
        "provisioning-fails",
        fmt::format("The provisioner {} does not make the volume that the claim asks for.", provisioner),
        claim, {event_evidence(*failed)});
    finding.remedy = {{"do what the provisioner's message asks for; its own log says more"}};
    return finding;
  }
  if (!workload.older_than(time(member(claim, "metadata"), "creationTimestamp"), kProvisioningTime))
    return std::nullopt;
  Finding finding = not_bound(
      "provisioner-silent",
      fmt::format("No provisioner answers to {}, which StorageClass {} names.", provisioner, class_name),
      claim, {{ref_text(storage_class), "provisioner", provisioner}});
  tell_event(workload, claim, "ExternalProvisioning", finding);
  finding.remedy = {
      {fmt::format("start the provisioner {}: its pods are down, or it was never installed", provisioner),
       "kubectl get pods --all-namespaces"}};
  if (const json* standing = workload.default_storage_class();
      standing != nullptr && name_of(*standing) != class_name) {
    finding.remedy.push_back(
        {"or let the default class stand in for it: a class cannot be changed, but made "
         "anew",
         "kubectl delete storageclass " + class_name});
    finding.remedy.push_back({"", copied_class(name_of(*standing), class_name)});
  }
  return finding;
}

// Without the right to read StorageClasses, which the ClusterRole view does not give, only the provisioner's
// and the binder's own words are left.
std::optional<Finding> told_by_events(const Workload& workload, const json& claim) {
  if (!workload.older_than(time(member(claim, "metadata"), "creationTimestamp"), kProvisioningTime))
    return std::nullopt;
  for (const char* reason : {"ProvisioningFailed", "FailedBinding"}) {
    const json* event = workload.event("PersistentVolumeClaim", name_of(claim), reason);
    if (event == nullptr) continue;
    Finding finding = not_bound("claim-not-bound",
                                "The claim is not bound. Its StorageClass, which would show why, may not be "
                                "read; an event says what failed.",
                                claim, {event_evidence(*event)});
    finding.remedy = {
        {"do what the message asks for"},
        {"or let somebody look who may read StorageClasses, PersistentVolumes and nodes",
         fmt::format("stateproof doctor -n {} statefulset/{}", workload.ns(), workload.name())}};
    return finding;
  }
  return std::nullopt;
}

std::optional<Finding> pending(const Workload& workload, const json& claim) {
  if (!workload.snapshot().storage_classes) return told_by_events(workload, claim);
  if (auto finding = no_class(workload, claim)) return finding;
  const json& spec = member(claim, "spec");
  if (!member(spec, "storageClassName").is_string()) return std::nullopt;  // is being given the default one
  const std::string wanted = text(spec, "storageClassName");
  const json* storage_class = workload.storage_class(wanted);
  if (wanted.empty()) {
    if (has_room(workload, claim, wanted)) return std::nullopt;
    return no_volume(claim, wanted);
  }
  if (storage_class == nullptr) {
    if (has_room(workload, claim, wanted)) return std::nullopt;
    Finding finding =
        not_bound("storage-class-missing",
                  fmt::format("The claim asks for StorageClass {}, which does not exist.", wanted), claim,
                  {{ref_text(claim), "spec.storageClassName", wanted}});
    tell_event(workload, claim, "ProvisioningFailed", finding);
    finding.remedy = stand_in(workload, wanted);
    return finding;
  }
  if (text(*storage_class, "provisioner") == "kubernetes.io/no-provisioner") {
    if (has_room(workload, claim, wanted)) return std::nullopt;
    return no_volume(claim, wanted);
  }
  return unprovisioned(workload, claim, *storage_class);
}

// The claim can still be kept from taking its data along: its volume is told to stay.
Finding going(const Workload& workload, const SeenPod& seen, const json& claim) {
  const std::string volume_name = text(member(claim, "spec"), "volumeName");
  const json* volume = workload.volume(volume_name);
  const std::string policy =
      volume == nullptr ? "unknown" : text(member(*volume, "spec"), "persistentVolumeReclaimPolicy");
  Finding finding{"claim-deleted",
                  fmt::format("The claim {} was deleted while a pod uses it: it goes as soon as the pod "
                              "does{}.",
                              name_of(claim), policy == "Retain" ? "" : ", and its data with it"),
                  {},
                  {}};
  finding.evidence = {
      {ref_text(claim), "metadata.deletionTimestamp", text(member(claim, "metadata"), "deletionTimestamp"),
       time(member(claim, "metadata"), "deletionTimestamp")},
      {ref_text(claim), "metadata.finalizers", "kubernetes.io/pvc-protection"},
      {seen.pod.meta.ref.text(), "spec.volumes", "uses the claim"},
      {"PersistentVolume " + volume_name, "spec.persistentVolumeReclaimPolicy", policy}};
  if (policy != "Retain")
    finding.remedy.push_back({"keep the data: the volume outlives its claim",
                              fmt::format("kubectl patch persistentvolume {} --type=merge -p "
                                          "'{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}'",
                                          volume_name)});
  Remedy replace = delete_pod(workload, seen.pod.meta.ref.name);
  replace.text =
      "then let pod and claim go; the set makes both anew, the claim with an empty volume, and "
      "doctor tells how to give it the old one";
  finding.remedy.push_back(replace);
  finding.trap = "A deletion cannot be taken back. Removing the finalizer loses the data at once.";
  return finding;
}

}  // namespace

std::optional<Finding> claim_cause(const Workload& workload, const SeenPod& seen) {
  if (!workload.snapshot().claims) return std::nullopt;
  for (const auto& [volume, name] : seen.pod.volume_claims) {
    const json* claim = workload.claim(name);
    if (claim == nullptr) {
      // The controller makes the claims of its templates anew when it comes by.
      if (!seen.pod.node.empty() || !workload.older_than(seen.pod.meta.created, 5s)) continue;
      Finding finding{"claim-missing",
                      fmt::format("The claim {} that the pod uses does not exist.", name),
                      {{seen.pod.meta.ref.text(), "spec.volumes", volume + " is claim " + name}},
                      {}};
      if (const json* event = workload.event("Pod", seen.pod.meta.ref.name, "FailedScheduling"))
        finding.evidence.push_back(event_evidence(*event));
      finding.remedy = {
          {"create the claim, if it never was or its data is lost",
           workload.kubectl() + "create -f <claim.yaml>"},
          {"if it was deleted by hand and its volume was kept, doctor shows the Released volume "
           "once the claim is there"}};
      return finding;
    }
    if (!text(member(*claim, "metadata"), "deletionTimestamp").empty()) {
      if (!seen.pod.terminating()) return going(workload, seen, *claim);
      continue;
    }
    if (text(member(*claim, "status"), "phase") == "Pending")
      if (auto finding = pending(workload, *claim)) return finding;
  }
  return std::nullopt;
}

std::vector<Finding> lost_data(const Workload& workload) {
  std::vector<Finding> findings;
  if (!workload.snapshot().volumes) return findings;
  for (const json& volume : *workload.snapshot().volumes) {
    const json& former = in(volume, "spec", "claimRef");
    const std::string claim_name = text(former, "name");
    if (text(in(volume, "status"), "phase") != "Released" || text(former, "namespace") != workload.ns())
      continue;
    const json* claim = workload.claim(claim_name);
    if (claim == nullptr || text(member(*claim, "metadata"), "uid") == text(former, "uid") ||
        !text(member(*claim, "metadata"), "deletionTimestamp").empty())
      continue;
    std::string user;
    for (const auto& [ordinal, seen] : workload.pods())
      for (const auto& [name, used] : seen.pod.volume_claims)
        if (used == claim_name) user = seen.pod.meta.ref.name;
    if (user.empty()) continue;
    const std::string name = name_of(volume);
    Finding finding{
        "claim-replaced",
        fmt::format("The claim {} is not the one that pod {} had before: that one was deleted, and "
                    "its data is on the volume {}, which no claim uses.",
                    claim_name, user, name),
        {},
        {}};
    finding.evidence = {{ref_text(volume), "status.phase", "Released"},
                        {ref_text(volume), "spec.claimRef.uid", text(former, "uid")},
                        {ref_text(*claim), "metadata.uid", text(member(*claim, "metadata"), "uid"),
                         time(member(*claim, "metadata"), "creationTimestamp")}};
    finding.remedy = {
        {"reserve the old volume for a claim of this name",
         fmt::format("kubectl patch persistentvolume {} --type=json -p "
                     "'[{{\"op\":\"remove\",\"path\":\"/spec/claimRef/uid\"}},"
                     "{{\"op\":\"remove\",\"path\":\"/spec/claimRef/resourceVersion\"}}]'",
                     name)},
        {"give the present claim up, with what was written since",
         fmt::format("{}delete persistentvolumeclaim {} --wait=false", workload.kubectl(), claim_name)},
        delete_pod(workload, user)};
    finding.trap = "What the pod wrote since then is on the present volume: save it first if it matters.";
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> waiting_claims(const Workload& workload) {
  std::vector<Finding> notes;
  if (!workload.snapshot().claims || !workload.snapshot().storage_classes) return notes;
  const auto wanted = workload.wanted();
  for (const json& claim : *workload.snapshot().claims) {
    const std::string name = name_of(claim);
    if (text(member(claim, "metadata"), "namespace") != workload.ns() ||
        text(member(claim, "status"), "phase") != "Pending")
      continue;
    // One whose pod is wanted waits for whatever keeps the pod.
    bool ours = false;
    for (const std::string& claim_template : workload.set().claim_templates)
      if (const auto ordinal = ordinal_of(name, claim_template + "-" + workload.name()))
        ours = std::find(wanted.begin(), wanted.end(), *ordinal) == wanted.end() &&
               !workload.pods().contains(*ordinal);
    const json* storage_class = workload.storage_class(text(member(claim, "spec"), "storageClassName"));
    if (!ours || storage_class == nullptr || mode_of(*storage_class) != "WaitForFirstConsumer") continue;
    Finding note{
        "claim-awaits-pod",
        fmt::format("The claim {} is Pending because no pod uses it yet, which is as it should be.", name),
        {{ref_text(claim), "status.phase", "Pending"},
         {ref_text(*storage_class), "volumeBindingMode", "WaitForFirstConsumer"}},
        {{"nothing: it is bound when a pod that uses it is given a node"}}};
    note.note = true;
    notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace stateproof::diagnosis
