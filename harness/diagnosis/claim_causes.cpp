#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/diagnosis/binding.h"
#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/selectors.h"
#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

// A provisioner takes seconds; a cloud's disk up to half a minute.
constexpr auto kProvisioningTime = 40s;
constexpr const char* kOwnFinalizer = "kubernetes.io/pvc-protection";

std::string mode_of(const json& storage_class) {
  return text_or(storage_class, "volumeBindingMode", "Immediate");
}

// A class is data that a person may copy; what is bound to the copied object must not come along.
std::string copied_class(const std::string& from, const std::string& to) {
  return command_line({"kubectl", "get", "storageclass", from, "-o", "yaml"}) + " | " +
         command_line({"sed", "-e", "s/^  name: .*/  name: " + to + "/", "-e", "/is-default-class/d", "-e",
                       "/resourceVersion:/d", "-e", "/uid:/d"}) +
         " | kubectl create -f -";
}

std::vector<Remedy> stand_in(const Workload& workload, const std::string& wanted) {
  const json* standing = workload.default_storage_class();
  std::vector<Remedy> steps;
  if (standing != nullptr && name_of(*standing) != wanted)
    steps.push_back({"create a class of that name, here a copy of its default one",
                     copied_class(name_of(*standing), wanted)});
  else
    steps.push_back({"create a class of that name", "kubectl create -f <storageclass.yaml>"});
  steps.push_back(
      {fmt::format("or name one that exists: claim templates cannot be changed, so delete the set with "
                   "--cascade=orphan and the claim, then apply the set with a class of `{}`",
                   "kubectl get storageclass"),
       {},
       2});
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
  finding.remedy = {{"make a class the default; waiting claims get it",
                     command_line({"kubectl", "annotate", "--overwrite", "storageclass",
                                   names.size() == 1 ? names.front() : "<class>",
                                   "storageclass.kubernetes.io/is-default-class=true"})}};
  return finding;
}

// --- volumes that stand already ----------------------------------------------------------------------------

// What of a volume can be changed so that the claim takes it; empty where it cannot.
std::string fitting(const json& claim, const json& volume, const Mismatch& mismatch) {
  const std::string name = name_of(volume);
  const json& wants = member(claim, "spec");
  if (mismatch.what == "class")
    return merge_patch({"persistentvolume", name},
                       {{"spec", {{"storageClassName", text(wants, "storageClassName")}}}});
  if (mismatch.what == "access modes") {
    json modes = member(wants, "accessModes");
    for (const json& mode : in(volume, "spec", "accessModes"))
      if (std::find(modes.begin(), modes.end(), mode) == modes.end()) modes.push_back(mode);
    return merge_patch({"persistentvolume", name}, {{"spec", {{"accessModes", modes}}}});
  }
  if (mismatch.what == "claimRef" && text(in(volume, "status"), "phase") == "Available")
    return command_line({"kubectl", "patch", "persistentvolume", name, "--type=json", "-p",
                         R"([{"op":"remove","path":"/spec/claimRef"}])"});
  if (mismatch.what == "labels") {
    std::vector<std::string> words{"kubectl", "label", "--overwrite", "persistentvolume", name};
    for (const auto& [key, value] : texts(member(wants, "selector"), "matchLabels"))
      words.push_back(key + "=" + value);
    return words.size() > 5 ? command_line(words) : std::string{};
  }
  return {};
}

std::string freed(const json& volume) {
  json operations = json::array();
  for (const char* field : {"uid", "resourceVersion"})
    if (in(volume, "spec", "claimRef").contains(field))
      operations.push_back({{"op", "remove"}, {"path", std::string{"/spec/claimRef/"} + field}});
  return command_line(
      {"kubectl", "patch", "persistentvolume", name_of(volume), "--type=json", "-p", operations.dump()});
}

Finding released(const json& claim, const json& volume) {
  const json& reference = in(volume, "spec", "claimRef");
  const std::string name = name_of(claim);
  Finding finding = not_bound(
      "volume-released",
      fmt::format(
          "The volume {} is {}: its claimRef has the uid of a former claim of the name {}, so that the "
          "present one cannot bind.",
          name_of(volume), text(in(volume, "status"), "phase"), name),
      claim,
      {{ref_text(volume), "status.phase", text(in(volume, "status"), "phase")},
       {ref_text(volume), "spec.claimRef.uid", text(reference, "uid")},
       {ref_text(claim), "metadata.uid", text(member(claim, "metadata"), "uid")}});
  finding.remedy = {
      {"reserve the volume for the present claim: take the former one's uid away", freed(volume)}};
  finding.trap =
      "The volume still has the data of the former claim, which the pod then finds: that is what is wanted "
      "after a restore, and only then.";
  return finding;
}

/// The template of a claim of the set's; empty for a claim that the set does not create.
std::string template_of(const Workload& workload, const std::string& claim) {
  for (const std::string& claim_template : workload.set().claim_templates)
    if (ordinal_of(claim, claim_template + "-" + workload.name())) return claim_template;
  return {};
}

/// The set recreated with another claim template, then claim and pod.
std::vector<Remedy> ask_otherwise(const Workload& workload, const json& claim, const std::string& text,
                                  const json& operations, int way) {
  const std::string name = name_of(claim);
  std::vector<Remedy> steps{recreate_set(workload, text, operations, way)};
  steps.push_back({"then replace the claim, which has no volume yet, and its pod",
                   workload.kubectl({"delete", "persistentvolumeclaim", name, "--wait=false"}), way});
  if (const auto ordinal = ordinal_of(name, template_of(workload, name) + "-" + workload.name()))
    steps.push_back(
        {"", workload.kubectl({"delete", "pod", workload.pod_name(*ordinal), "--ignore-not-found"}), way});
  return steps;
}

bool is_of_owner(const Mismatch& mismatch) { return mismatch.what == "claimRef" || mismatch.what == "phase"; }

/// What else may be done than to change the volume or to create another one.
void offer_other_claims(const Workload& workload, const json& claim, const Candidate& candidate,
                        Finding& finding) {
  const std::string path = claim_template_path(workload, template_of(workload, name_of(claim)));
  if (path.empty() || candidate.mismatches.size() != 1) return;
  const Mismatch& only = candidate.mismatches.front();
  std::vector<Remedy> steps;
  if (only.what == "size")
    steps = ask_otherwise(
        workload, claim,
        "or let the claim template ask for what the volume has: claim templates cannot be "
        "changed, so recreate the set under its pods",
        json::array(
            {{{"op", "replace"}, {"path", path + "/spec/resources/requests/storage"}, {"value", only.has}}}),
        2);
  else if (only.what == "attributes class")
    steps = ask_otherwise(
        workload, claim,
        "or do without the VolumeAttributesClass: claim templates cannot be changed, so recreate the set "
        "under "
        "its pods",
        json::array({{{"op", "remove"}, {"path", path + "/spec/volumeAttributesClassName"}}}), 2);
  else if (is_of_owner(only) && !text(member(claim, "spec"), "volumeName").empty()) {
    finding.cause.pop_back();
    finding.cause +=
        fmt::format("; the claim names this volume (volumeName), and a volume serves one claim.");
    finding.remedy = {scale_down(workload, 1)};
    finding.remedy.front().text = "let only as many pods run as have a volume";
    steps = {
        {"or recreate the set without volumeName in its claim template, and create a volume for each pod",
         {},
         2}};
  }
  std::move(steps.begin(), steps.end(), std::back_inserter(finding.remedy));
}

Finding unsuitable(const Workload& workload, const json& claim, const Candidate& candidate) {
  const json& volume = *candidate.volume;
  std::vector<std::string> parts;
  for (const Mismatch& mismatch : candidate.mismatches)
    parts.push_back(fmt::format("{}: the claim asks for {}, the volume has {}", mismatch.what,
                                mismatch.wanted, mismatch.has));
  Finding finding =
      not_bound("volume-does-not-match",
                fmt::format("The claim {} is not bound: the volume {} exists, and does not match ({}).",
                            name_of(claim), name_of(volume), fmt::join(parts, "; ")),
                claim, {});
  for (const Mismatch& mismatch : candidate.mismatches)
    finding.evidence.push_back({ref_text(volume), std::string{mismatch.what}, mismatch.has});
  const json& asked = member(claim, "spec");
  finding.evidence.push_back(
      {ref_text(claim), "spec",
       fmt::format("storage {}, access modes {}, class \"{}\"",
                   text(in(asked, "resources", "requests"), "storage"), member(asked, "accessModes").dump(),
                   text(asked, "storageClassName"))});
  bool all = true;
  for (const Mismatch& mismatch : candidate.mismatches) {
    std::string command = fitting(claim, volume, mismatch);
    all = all && !command.empty();
    if (!command.empty())
      finding.remedy.push_back(
          {fmt::format("let the volume have the {} that the claim asks for, if its backend can serve them",
                       mismatch.what),
           command});
  }
  if (!all) {
    finding.remedy.clear();
    finding.remedy.push_back(
        {"create a volume that has what the claim asks for", "kubectl create -f <persistentvolume.yaml>"});
    offer_other_claims(workload, claim, candidate, finding);
  }
  finding.trap = "Claim templates cannot be changed: a set that should ask for something else is recreated.";
  return finding;
}

json wanted_volume(const json& claim) {
  const json& spec = member(claim, "spec");
  json volume{{"apiVersion", "v1"},
              {"kind", "PersistentVolume"},
              {"metadata", {{"name", "<name>"}}},
              {"spec",
               {{"capacity", {{"storage", text(in(spec, "resources", "requests"), "storage")}}},
                {"accessModes", member(spec, "accessModes")},
                {"storageClassName", text(spec, "storageClassName")}}}};
  return volume;
}

/// Volumes of the class, and whose they are: "pv-a of claim shop/data-web-0".
std::vector<std::string> taken_volumes(const Workload& workload, const std::string& wanted) {
  std::vector<std::string> taken;
  if (workload.snapshot().volumes)
    for (const json& volume : *workload.snapshot().volumes) {
      const json& owner = in(volume, "spec", "claimRef");
      if (text(member(volume, "spec"), "storageClassName") == wanted && !text(owner, "name").empty() &&
          taken.size() < 6)
        taken.push_back(
            fmt::format("{} of claim {}/{}", name_of(volume), text(owner, "namespace"), text(owner, "name")));
    }
  return taken;
}

Finding no_volume(const Workload& workload, const json& claim, const std::string& wanted) {
  const auto taken = taken_volumes(workload, wanted);
  const std::string others =
      taken.empty() ? std::string{} : fmt::format(" (taken: {})", fmt::join(taken, ", "));
  Finding finding = not_bound(
      "no-volume-available",
      wanted.empty() ? fmt::format("The claim {} asks for an existing volume (storageClassName \"\"), and "
                                   "none is free{}.",
                                   name_of(claim), others)
                     : fmt::format("The claim {} is not bound: StorageClass {} provisions nothing, and no "
                                   "PersistentVolume of it is free{}.",
                                   name_of(claim), wanted, others),
      claim, {{ref_text(claim), "spec.storageClassName", "\"" + wanted + "\""}});
  const json spec = wanted_volume(claim)["spec"];
  finding.remedy = {
      {fmt::format("create a PersistentVolume of class \"{}\" with at least {} and access modes {}", wanted,
                   text(spec["capacity"], "storage"), spec["accessModes"].dump()),
       "kubectl create -f <persistentvolume.yaml>"}};
  if (std::any_of(workload.pods().begin(), workload.pods().end(),
                  [](const auto& entry) { return !entry.second.pod.node.empty(); }))
    finding.remedy.push_back(scale_down(workload, 2));
  finding.trap =
      "A Released volume is not free: it still carries the claimRef and the data of its former claim.";
  return finding;
}

// Where the volume may be is a question for the scheduler, which has more to say.
bool could_be_bound(const Workload& workload, const json& claim) {
  if (!workload.snapshot().volumes) return true;
  return std::any_of(workload.snapshot().volumes->begin(), workload.snapshot().volumes->end(),
                     [&](const json& volume) { return mismatches(claim, volume).empty(); });
}

std::optional<Finding> named_volume_missing(const Workload& workload, const json& claim) {
  const std::string named = text(member(claim, "spec"), "volumeName");
  if (named.empty() || !workload.snapshot().volumes || workload.volume(named) != nullptr) return std::nullopt;
  Finding finding =
      not_bound("volume-missing",
                fmt::format("The claim {} names the volume {}, which does not exist.", name_of(claim), named),
                claim, {{ref_text(claim), "spec.volumeName", named}});
  finding.remedy = {
      {"create the PersistentVolume of that name, with the claim's class, size and access modes",
       "kubectl create -f <persistentvolume.yaml>"}};
  return finding;
}

/// Of a claim that only a volume that stands already can serve; nothing when one can.
std::optional<Finding> not_served(const Workload& workload, const json& claim) {
  if (auto finding = named_volume_missing(workload, claim)) return finding;
  const bool named = !text(member(claim, "spec"), "volumeName").empty();
  if (!named && could_be_bound(workload, claim)) return std::nullopt;
  const auto nearest = nearest_volume(workload, claim);
  if (!nearest || nearest->mismatches.empty())
    return nearest
               ? std::nullopt
               : std::optional{no_volume(workload, claim, text(member(claim, "spec"), "storageClassName"))};
  const bool only_owner = nearest->mismatches.size() == 1 && nearest->mismatches.front().what == "claimRef";
  const std::string former = text(in(*nearest->volume, "spec", "claimRef"), "uid");
  const bool same_name = text(in(*nearest->volume, "spec", "claimRef"), "name") == name_of(claim) &&
                         text(in(*nearest->volume, "spec", "claimRef"), "namespace") == workload.ns();
  if (only_owner && same_name && !former.empty()) return released(claim, *nearest->volume);
  // Volumes that others have are no news: there is none for this claim. One that is only kept for another is.
  const bool kept = text(in(*nearest->volume, "status"), "phase") == "Available";
  if (!named && !same_name && !kept)
    for (const Mismatch& mismatch : nearest->mismatches)
      if (mismatch.what == "claimRef")
        return no_volume(workload, claim, text(member(claim, "spec"), "storageClassName"));
  return unsuitable(workload, claim, *nearest);
}

// --- volumes that are made ---------------------------------------------------------------------------------

/// What the claim asks for beyond what every provisioner makes: "access modes ReadWriteMany, volume mode
/// Block".
std::string special_wishes(const json& claim) {
  std::vector<std::string> wishes;
  for (const json& mode : in(claim, "spec", "accessModes"))
    if (mode != "ReadWriteOnce") wishes.push_back("access mode " + mode.get<std::string>());
  if (text(member(claim, "spec"), "volumeMode") == "Block") wishes.emplace_back("volume mode Block");
  return fmt::format("{}", fmt::join(wishes, ", "));
}

Finding provisioning_fails(const Workload& workload, const json& claim, const std::string& provisioner,
                           const json& failed) {
  const std::string wishes = special_wishes(claim);
  Finding finding =
      not_bound("provisioning-fails",
                fmt::format("The provisioner {} does not create the volume that the claim {} asks for{}: {}",
                            provisioner, name_of(claim), wishes.empty() ? std::string{} : " (" + wishes + ")",
                            text(failed, "message")),
                claim, {event_evidence(failed)});
  const std::string path = claim_template_path(workload, template_of(workload, name_of(claim)));
  if (wishes.empty() || path.empty()) {
    finding.remedy = {{"do what the provisioner's message asks for; its own log says more"}};
    return finding;
  }
  json operations = json::array(
      {{{"op", "add"}, {"path", path + "/spec/accessModes"}, {"value", json::array({"ReadWriteOnce"})}}});
  if (text(member(claim, "spec"), "volumeMode") == "Block") {
    finding.remedy = {
        {"name a StorageClass whose driver serves block volumes, or let the template ask for a "
         "file system (volumeMode, and volumeMounts instead of volumeDevices)"}};
    return finding;
  }
  finding.remedy = ask_otherwise(workload, claim,
                                 "let each pod have its volume to itself: claim templates cannot be changed, "
                                 "so recreate the set under its pods",
                                 operations, 1);
  finding.remedy.push_back(
      {"or name a StorageClass whose driver serves these access modes, in a recreated set", {}, 2});
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
  if (failed != nullptr) return provisioning_fails(workload, claim, provisioner, *failed);
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
    finding.remedy.push_back({"or recreate it as a copy of the default class: a class cannot be changed",
                              command_line({"kubectl", "delete", "storageclass", class_name}), 2});
    finding.remedy.push_back({"", copied_class(name_of(*standing), class_name), 2});
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
                                "read; an event says what failed: " +
                                    text(*event, "message"),
                                claim, {event_evidence(*event)});
    finding.remedy = {
        {"do what the message asks for"},
        {"or run this with rights to read StorageClasses, PersistentVolumes and nodes",
         command_line({"stateproof", "doctor", "-n", workload.ns(), "statefulset/" + workload.name()}), 2}};
    return finding;
  }
  return std::nullopt;
}

/// A volume that was provisioned for the claim, and yet cannot be bound to it; null when there is none.
const json* made_for(const Workload& workload, const json& claim) {
  if (!workload.snapshot().volumes ||
      !workload.older_than(time(member(claim, "metadata"), "creationTimestamp"), 5s))
    return nullptr;
  for (const json& volume : *workload.snapshot().volumes)
    if (text(in(volume, "spec", "claimRef"), "uid") == text(member(claim, "metadata"), "uid") &&
        !text(in(volume, "metadata", "annotations"), "pv.kubernetes.io/provisioned-by").empty() &&
        !mismatches(claim, volume).empty())
      return &volume;
  return nullptr;
}

std::optional<Finding> pending(const Workload& workload, const json& claim) {
  if (!workload.snapshot().storage_classes) return told_by_events(workload, claim);
  const json& spec = member(claim, "spec");
  if (!text(spec, "volumeName").empty()) {
    if (!workload.older_than(time(member(claim, "metadata"), "creationTimestamp"), 5s)) return std::nullopt;
    return not_served(workload, claim);
  }
  if (const json* own = made_for(workload, claim))
    return unsuitable(workload, claim, {own, mismatches(claim, *own)});
  if (auto finding = no_class(workload, claim)) return finding;
  if (!member(spec, "storageClassName").is_string()) return std::nullopt;  // is being given the default one
  const std::string wanted = text(spec, "storageClassName");
  const json* storage_class = workload.storage_class(wanted);
  if (storage_class != nullptr && text(*storage_class, "provisioner") != "kubernetes.io/no-provisioner")
    return unprovisioned(workload, claim, *storage_class);
  // Nobody makes a volume of no class, of a class that is not there, or of one that provisions nothing.
  auto finding = not_served(workload, claim);
  if (!finding || wanted.empty() || storage_class != nullptr || finding->id == "volume-released" ||
      (finding->id == "volume-does-not-match" &&
       !std::any_of(finding->evidence.begin(), finding->evidence.end(),
                    [](const Evidence& one) { return one.field == "class"; })))
    return finding;
  finding = not_bound("storage-class-missing",
                      fmt::format("The claim asks for StorageClass {}, which does not exist.", wanted), claim,
                      {{ref_text(claim), "spec.storageClassName", wanted}});
  tell_event(workload, claim, "ProvisioningFailed", *finding);
  finding->remedy = stand_in(workload, wanted);
  return finding;
}

// --- claims that go ----------------------------------------------------------------------------------------

std::vector<std::string> foreign_finalizers(const json& claim) {
  std::vector<std::string> names;
  for (const json& finalizer : in(claim, "metadata", "finalizers"))
    if (finalizer.is_string() && finalizer.get<std::string>() != kOwnFinalizer)
      names.push_back(finalizer.get<std::string>());
  return names;
}

std::string reclaim_policy(const json* volume) {
  return volume == nullptr ? "unknown" : text(member(*volume, "spec"), "persistentVolumeReclaimPolicy");
}

std::optional<Remedy> keep_data(const Workload& workload, const json& claim) {
  const std::string name = text(member(claim, "spec"), "volumeName");
  if (name.empty() || reclaim_policy(workload.volume(name)) == "Retain") return std::nullopt;
  return Remedy{"keep the data: retain the volume", retain(name)};
}

// The claim can still be kept from taking its data along: its volume is told to stay.
Finding going(const Workload& workload, const SeenPod& seen, const json& claim) {
  const std::string volume_name = text(member(claim, "spec"), "volumeName");
  const std::string policy = reclaim_policy(workload.volume(volume_name));
  Finding finding{"claim-deleted",
                  fmt::format("The claim {} was deleted while a pod uses it: it goes as soon as the pod "
                              "does{}.",
                              name_of(claim), policy == "Retain" ? "" : ", and its data with it"),
                  {},
                  {}};
  finding.evidence = {
      {ref_text(claim), "metadata.deletionTimestamp", text(member(claim, "metadata"), "deletionTimestamp"),
       time(member(claim, "metadata"), "deletionTimestamp")},
      {ref_text(claim), "metadata.finalizers", in(claim, "metadata", "finalizers").dump()},
      {seen.pod.meta.ref.text(), "spec.volumes", "uses the claim"},
      {"PersistentVolume " + volume_name, "spec.persistentVolumeReclaimPolicy", policy}};
  if (auto keep = keep_data(workload, claim)) finding.remedy.push_back(std::move(*keep));
  Remedy replace = delete_pod(workload, seen.pod.meta.ref.name);
  replace.text =
      "then let pod and claim go; the set recreates both, the claim with an empty volume, and "
      "doctor tells how to give it the old one";
  finding.remedy.push_back(replace);
  finding.trap = "A deletion cannot be taken back. Removing the finalizer loses the data at once.";
  return finding;
}

Finding held(const Workload& workload, const json& claim) {
  const auto finalizers = foreign_finalizers(claim);
  const std::string name = name_of(claim);
  Finding finding{
      "claim-held",
      fmt::format("The claim {} is being deleted, and the finalizer {} keeps it: no pod is created until the "
                  "claim is gone.",
                  name, fmt::join(finalizers, ", ")),
      {{ref_text(claim), "metadata.deletionTimestamp", text(member(claim, "metadata"), "deletionTimestamp"),
        time(member(claim, "metadata"), "deletionTimestamp")},
       {ref_text(claim), "metadata.finalizers", fmt::format("{}", fmt::join(finalizers, ", "))}},
      {{"only you can decide: fix the owner of the finalizer, which should remove it when its work is "
        "done"}}};
  if (const json* event = workload.event("StatefulSet", workload.name(), "FailedCreate"))
    finding.evidence.push_back(event_evidence(*event));
  if (auto keep = keep_data(workload, claim)) {
    keep->text =
        "or if its owner no longer exists: first retain the volume, which would be deleted "
        "with "
        "the claim otherwise";
    keep->way = 2;
    finding.remedy.push_back(std::move(*keep));
  }
  json operations = json::array();
  std::size_t index = 0;
  for (const json& finalizer : in(claim, "metadata", "finalizers")) {
    if (finalizer.is_string() && finalizer != kOwnFinalizer) {
      const std::string path = fmt::format("/metadata/finalizers/{}", index - operations.size() / 2);
      operations.push_back({{"op", "test"}, {"path", path}, {"value", finalizer}});
      operations.push_back({{"op", "remove"}, {"path", path}});
    }
    ++index;
  }
  finding.remedy.push_back(
      {"then remove the finalizer; the set recreates claim and pod",
       workload.kubectl({"patch", "persistentvolumeclaim", name, "--type=json", "-p", operations.dump()}),
       2});
  finding.trap =
      "The claim that is recreated is empty; what the finalizer's owner wanted to do first stays undone.";
  return finding;
}

Finding lost(const Workload& workload, const json& claim) {
  const std::string volume = text(member(claim, "spec"), "volumeName");
  const std::string name = name_of(claim);
  const json& spec = member(claim, "spec");
  Finding finding = not_bound("claim-lost",
                              fmt::format("The claim {} is Lost: its PersistentVolume {} was deleted, and "
                                          "the storage behind it may still exist.",
                                          name, volume),
                              claim, {{ref_text(claim), "spec.volumeName", volume}});
  tell_event(workload, claim, "ClaimLost", finding);
  finding.remedy = {{fmt::format(
      "only you can decide. If the data still exists in its backend, recreate the PersistentVolume {} "
      "with "
      "its source, class \"{}\", {}, policy Retain, and a claimRef to {}/{} with the uid {}; the claim binds "
      "again by itself",
      volume, text(spec, "storageClassName"), text(in(spec, "resources", "requests"), "storage"),
      workload.ns(), name, text(member(claim, "metadata"), "uid"))}};
  finding.remedy.push_back({"or give up the claim and its data: the set creates an empty one",
                            workload.kubectl({"delete", "persistentvolumeclaim", name, "--wait=false"}), 2});
  finding.trap = "A Lost claim binds to no other volume than its own; deleting it gives that up for good.";
  return finding;
}

// --- claims that grow --------------------------------------------------------------------------------------

std::optional<Timestamp> first_time_of(const json& event) {
  if (const auto first = time(event, "firstTimestamp")) return first;
  return time_of_event(event);
}

/// When somebody last changed the claim's spec.
std::optional<Timestamp> last_change(const json& claim) {
  std::optional<Timestamp> at;
  for (const json& entry : in(claim, "metadata", "managedFields"))
    if (text(entry, "subresource") != "status") at = std::max(at, time(entry, "time"));
  return at;
}

const json* resize_trouble(const json& claim) {
  for (const char* type : {"ControllerResizeError", "NodeResizeError"})
    if (const json& found = condition(claim, type); text(found, "status") == "True") return &found;
  return nullptr;
}

}  // namespace

std::optional<Finding> claim_cause(const Workload& workload, const SeenPod& seen) {
  if (!workload.snapshot().claims) return std::nullopt;
  for (const auto& [volume, name] : seen.pod.volume_claims) {
    const json* claim = workload.claim(name);
    if (claim == nullptr) {
      // The controller recreates the claims of its templates at its next sync.
      if (!seen.pod.node.empty() || !workload.older_than(seen.pod.meta.created, 5s)) continue;
      Finding finding{"claim-missing",
                      fmt::format("The claim {} that the pod uses does not exist.", name),
                      {{seen.pod.meta.ref.text(), "spec.volumes", volume + " is claim " + name}},
                      {}};
      if (const json* event = workload.event("Pod", seen.pod.meta.ref.name, "FailedScheduling"))
        finding.evidence.push_back(event_evidence(*event));
      finding.remedy = {
          {"create the claim, if it never was or its data is lost",
           create_command(workload.ns(), {{"apiVersion", "v1"},
                                          {"kind", "PersistentVolumeClaim"},
                                          {"metadata", {{"name", name}}},
                                          {"spec",
                                           {{"accessModes", json::array({"ReadWriteOnce"})},
                                            {"resources", {{"requests", {{"storage", "<size>"}}}}}}}})},
          {"if it was deleted manually and its volume was kept, doctor shows the Released volume "
           "once the claim is there"}};
      return finding;
    }
    if (!text(member(*claim, "metadata"), "deletionTimestamp").empty()) {
      if (seen.pod.terminating()) continue;
      if (!foreign_finalizers(*claim).empty() && seen.pod.node.empty()) return held(workload, *claim);
      return going(workload, seen, *claim);
    }
    const std::string phase = text(member(*claim, "status"), "phase");
    if (phase == "Lost") {
      Finding finding = lost(workload, *claim);
      if (!seen.pod.ready) {
        Remedy replace = delete_pod(workload, seen.pod.meta.ref.name);
        replace.text.clear();
        replace.way = 2;
        finding.remedy.push_back(std::move(replace));
      }
      return finding;
    }
    if (phase == "Pending")
      if (auto finding = pending(workload, *claim)) return finding;
  }
  return std::nullopt;
}

std::optional<Finding> held_claim(const Workload& workload, Ordinal ordinal) {
  for (const std::string& claim_template : workload.set().claim_templates) {
    const json* claim = workload.claim(workload.claim_name(claim_template, ordinal));
    if (claim == nullptr || text(member(*claim, "metadata"), "deletionTimestamp").empty()) continue;
    if (!foreign_finalizers(*claim).empty()) return held(workload, *claim);
  }
  return std::nullopt;
}

std::vector<Finding> growing_claims(const Workload& workload) {
  std::vector<Finding> findings;
  for (const auto& [ordinal, seen] : workload.pods())
    for (const auto& [volume_name, name] : seen.pod.volume_claims) {
      const json* claim = workload.claim(name);
      if (claim == nullptr || text(member(*claim, "status"), "phase") != "Bound") continue;
      const std::string asked = text(in(*claim, "spec", "resources", "requests"), "storage");
      const std::string has = text(in(*claim, "status", "capacity"), "storage");
      const auto wanted = parse_quantity(asked);
      const auto given = parse_quantity(has);
      if (!wanted || !given || *wanted <= *given) continue;
      const std::string class_name = text(member(*claim, "spec"), "storageClassName");
      const json* storage_class = workload.storage_class(class_name);
      Finding finding{"expansion-waits",
                      "",
                      {{ref_text(*claim), "spec.resources.requests.storage", asked},
                       {ref_text(*claim), "status.capacity.storage", has}},
                      {}};
      const json& awaits_node = condition(*claim, "FileSystemResizePending");
      const json* failed = workload.event("PersistentVolumeClaim", name, "VolumeResizeFailed");
      const json* outside = workload.event("PersistentVolumeClaim", name, "ExternalExpanding");
      if (text(awaits_node, "status") == "True") {
        if (!workload.older_than(time(awaits_node, "lastTransitionTime"), 120s)) continue;
        finding.cause = fmt::format(
            "The claim {} asks for {} and has {}: its volume is larger already, and its file system "
            "grows when a pod starts with it.",
            name, asked, has);
        finding.remedy = {delete_pod(workload, seen.pod.meta.ref.name)};
        finding.evidence.push_back({ref_text(*claim), "status.conditions[FileSystemResizePending]",
                                    text(awaits_node, "message"), time(awaits_node, "lastTransitionTime")});
      } else if (const json* trouble = resize_trouble(*claim); trouble != nullptr || failed != nullptr) {
        const std::string words = trouble != nullptr ? text(*trouble, "message") : text(*failed, "message");
        finding.cause = fmt::format("The claim {} asks for {} and has {}: its expansion fails: {}", name,
                                    asked, has, words);
        if (trouble != nullptr)
          finding.evidence.push_back({ref_text(*claim), "status.conditions[" + text(*trouble, "type") + "]",
                                      words, time(*trouble, "lastTransitionTime")});
        if (failed != nullptr) finding.evidence.push_back(event_evidence(*failed));
        finding.remedy = {
            {"do what the driver's message asks for; a request may be made smaller again, down to more than "
             "what "
             "the claim has"}};
      } else if (outside != nullptr && workload.older_than(first_time_of(*outside), 20s)) {
        finding.cause = fmt::format(
            "The claim {} asks for {} and has {}: its expansion waits for a resizer of {}, and none runs."
            "",
            name, asked, has,
            storage_class == nullptr ? "StorageClass " + class_name : text(*storage_class, "provisioner"));
        finding.evidence.push_back(event_evidence(*outside));
        finding.remedy = {
            {"start the driver's external-resizer; a driver without one cannot expand volumes: restore into "
             "a "
             "larger claim"}};
      } else if (workload.older_than(last_change(*claim), 120s)) {
        finding.cause = fmt::format(
            "The claim {} asks for {} and has {}, and nothing shows that its volume is being expanded.", name,
            asked, has);
        finding.evidence.front().at = last_change(*claim);
        finding.remedy = {{"see whether the driver's external-resizer runs"}};
      } else {
        continue;
      }
      // What fails is wrong; what waits serves its pod as before.
      finding.note = failed == nullptr && resize_trouble(*claim) == nullptr;
      finding.pod = seen.pod.meta.ref.name;
      finding.stage = stage::kClaims;
      findings.push_back(std::move(finding));
    }
  return findings;
}

std::vector<Finding> lost_data(const Workload& workload) {
  std::vector<Finding> findings;
  if (!workload.snapshot().volumes) return findings;
  std::map<std::string, std::string> users;
  for (const auto& [ordinal, seen] : workload.pods())
    for (const auto& [name, used] : seen.pod.volume_claims) users.emplace(used, seen.pod.meta.ref.name);
  for (const json& volume : *workload.snapshot().volumes) {
    if (text(in(volume, "status"), "phase") != "Released") continue;
    const json& former = in(volume, "spec", "claimRef");
    const std::string claim_name = text(former, "name");
    const auto user = users.find(claim_name);
    if (text(former, "namespace") != workload.ns() || user == users.end()) continue;
    const json* claim = workload.claim(claim_name);
    // One that is not bound yet can still be given the volume: that is told as volume-released.
    if (claim == nullptr || text(member(*claim, "metadata"), "uid") == text(former, "uid") ||
        !text(member(*claim, "metadata"), "deletionTimestamp").empty() ||
        text(member(*claim, "status"), "phase") != "Bound")
      continue;
    const std::string name = name_of(volume);
    Finding finding{
        "claim-replaced",
        fmt::format("The claim {} is not the one that pod {} had before: that one was deleted, and "
                    "its data is on the volume {}, which no claim uses.",
                    claim_name, user->second, name),
        {},
        {}};
    finding.evidence = {{ref_text(volume), "status.phase", "Released"},
                        {ref_text(volume), "spec.claimRef.uid", text(former, "uid")},
                        {ref_text(*claim), "metadata.uid", text(member(*claim, "metadata"), "uid"),
                         time(member(*claim, "metadata"), "creationTimestamp")}};
    finding.remedy = {{"reserve the old volume for a claim of this name", freed(volume)},
                      {"give the present claim up, with what was written since",
                       workload.kubectl({"delete", "persistentvolumeclaim", claim_name, "--wait=false"})},
                      delete_pod(workload, user->second),
                      {"or when the present data is right, give the old volume up for good",
                       command_line({"kubectl", "delete", "persistentvolume", name}), 2}};
    finding.trap = "What the pod wrote since then is on the present volume: save it first if it matters.";
    finding.stage = stage::kClaims;
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> waiting_claims(const Workload& workload) {
  std::vector<Finding> notes;
  if (!workload.snapshot().claims || !workload.snapshot().storage_classes) return notes;
  for (const json& claim : *workload.snapshot().claims) {
    const std::string name = name_of(claim);
    if (text(member(claim, "metadata"), "namespace") != workload.ns() ||
        text(member(claim, "status"), "phase") != "Pending")
      continue;
    // One whose pod is wanted waits for whatever keeps the pod.
    bool ours = false;
    for (const std::string& claim_template : workload.set().claim_templates)
      if (const auto ordinal = ordinal_of(name, claim_template + "-" + workload.name()))
        ours = !workload.wants(*ordinal) && !workload.pods().contains(*ordinal);
    const json* storage_class = workload.storage_class(text(member(claim, "spec"), "storageClassName"));
    if (!ours || storage_class == nullptr || mode_of(*storage_class) != "WaitForFirstConsumer") continue;
    Finding note{"claim-awaits-pod",
                 fmt::format("The claim {} is Pending because no pod uses it yet, as expected.", name),
                 {{ref_text(claim), "status.phase", "Pending"},
                  {ref_text(*storage_class), "volumeBindingMode", "WaitForFirstConsumer"}},
                 {{"nothing to do: it is bound when a pod that uses it is given a node"}}};
    note.note = true;
    note.stage = stage::kClaims;
    notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace stateproof::diagnosis
