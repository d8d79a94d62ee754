#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <utility>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/refusals.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/selectors.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

// A label's value has at most 63 characters, and each pod is labelled with its revision: the set's name, a
// hyphen and a hash of up to ten.
constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kHashAndHyphen = 11;

Finding name_too_long(const Workload& workload, const json* refused) {
  const std::string& name = workload.name();
  Finding finding{
      "name-too-long",
      fmt::format("The set's name has {} characters: with the hash of its revision behind it, it is "
                  "too long for the label that each pod has.",
                  name.size()),
      {{workload.described(), "metadata.name",
        fmt::format("{} characters; at most {}", name.size(), kLongestLabel - kHashAndHyphen)}},
      {}};
  if (refused != nullptr) finding.evidence.push_back(event_evidence(*refused));
  finding.remedy = {{"a name cannot be changed: create the set again under a shorter one",
                     workload.kubectl({"get", "statefulset", name, "-o", "yaml"}) +
                         " | sed -e 's/^  name: .*/  name: <shorter-name>/' -e '/resourceVersion:/d' -e "
                         "'/uid:/d' | kubectl create -f -"},
                    {"and remove this one", workload.kubectl({"delete", "statefulset", name})}};
  finding.trap = "Claims contain the set's name: existing data stays with the old one.";
  return finding;
}

/// What of the selector the labels of a pod do not have: "role=replica".
Labels unmet(const Labels& wanted, const Labels& labels) {
  Labels missing;
  for (const auto& [key, value] : wanted)
    if (const auto label = labels.find(key); label == labels.end() || label->second != value)
      missing[key] = value;
  return missing;
}

std::string controller_of(const json& pod) {
  for (const json& owner : in(pod, "metadata", "ownerReferences"))
    if (flag(owner, "controller")) return text(owner, "kind") + " " + text(owner, "name");
  return {};
}

/// A pod that has the name and is not the set's.
std::optional<Finding> name_taken(const Workload& workload, Ordinal ordinal) {
  const std::string name = workload.pod_name(ordinal);
  const json* pod = workload.cluster().find("Pod", workload.ns(), name);
  if (pod == nullptr) return std::nullopt;
  const Labels labels = labels_of(*pod);
  const std::string controller = controller_of(*pod);
  const bool selected = selects(member(workload.spec(), "selector"), labels);
  if (controller.empty() && selected &&
      !workload.older_than(time(member(*pod, "metadata"), "creationTimestamp"), std::chrono::seconds{30}))
    return std::nullopt;  // is being adopted
  const Labels missing = unmet(workload.set().match_labels, labels);
  Labels has;
  for (const auto& [key, value] : missing)
    if (const auto label = labels.find(key); label != labels.end()) has[key] = label->second;
  Finding finding{"name-taken", "", {}, {}};
  const std::string why =
      !controller.empty() ? fmt::format("it is controlled by {}", controller)
      : missing.empty()   ? std::string{"it is not owned by anybody, and the set did not take it over"}
                        : fmt::format("its labels do not match the set's selector ({} is wanted, it has {})",
                                      pairs(missing), has.empty() ? "none of that name" : pairs(has));
  finding.cause = fmt::format(
      "The name {} is taken: a pod of that name exists and is not owned by the set, for {}.", name, why);
  finding.evidence = {
      {ref_text(*pod), "metadata.labels", pairs(labels), time(member(*pod, "metadata"), "creationTimestamp")},
      {ref_text(*pod), "metadata.ownerReferences", controller.empty() ? "no controller" : controller},
      {workload.described(), "spec.selector", selector_text(member(workload.spec(), "selector"))}};
  if (const json* refused = workload.event("StatefulSet", workload.name(), "FailedCreate"))
    finding.evidence.push_back(event_evidence(*refused));
  int way = 1;
  if (controller.empty() && !missing.empty()) {
    std::vector<std::string> words{"label", "pod", name, "--overwrite"};
    for (const auto& [key, value] : missing) words.push_back(key + "=" + value);
    finding.remedy.push_back(
        {"restore the pod's labels, and the set adopts it", workload.kubectl(words), way++});
  }
  Remedy remove = delete_pod(workload, name);
  remove.text = way == 1 ? "delete the pod, if it is not needed: the set creates its own"
                         : "or delete the pod: the set creates its own";
  remove.way = way;
  finding.remedy.push_back(std::move(remove));
  finding.trap = "While the foreign pod writes to the claim of that name, no other pod may.";
  return finding;
}

/// Whether the event speaks of this pod, or of one of its claims.
bool concerns(const Workload& workload, Ordinal ordinal, const std::string& message) {
  // A name that is followed by a digit is another one's.
  const auto named = [&](const std::string& name) {
    for (auto at = message.find(name); at != std::string::npos; at = message.find(name, at + 1)) {
      const char next = at + name.size() < message.size() ? message[at + name.size()] : ' ';
      if (next < '0' || next > '9') return true;
    }
    return false;
  };
  return named(workload.pod_name(ordinal));
}

}  // namespace

std::optional<Finding> creation_cause(const Workload& workload, Ordinal ordinal) {
  const json* refused = workload.event("StatefulSet", workload.name(), "FailedCreate");
  if (workload.name().size() > kLongestLabel - kHashAndHyphen) return name_too_long(workload, refused);
  if (auto taken = name_taken(workload, ordinal)) return taken;
  if (auto held = held_claim(workload, ordinal)) return held;
  if (refused == nullptr) return std::nullopt;
  // A refusal that is over tells nothing: the pod that it speaks of is there, or was since.
  if (!concerns(workload, ordinal, text(*refused, "message"))) return std::nullopt;
  const json* created = workload.event("StatefulSet", workload.name(), "SuccessfulCreate");
  const std::string name = workload.pod_name(ordinal);
  if (created != nullptr && text(*created, "message").find("reate Pod " + name + " ") != std::string::npos &&
      time_of_event(*created) > time_of_event(*refused))
    return std::nullopt;
  return refusal(workload, *refused);
}

std::optional<Finding> unchangeable_pods(const Workload& workload) {
  std::vector<std::string> pods;
  std::set<std::string> lacking;
  for (const auto& [ordinal, seen] : workload.pods()) {
    if (seen.pod.terminating()) continue;
    bool lacks = false;
    for (const std::string& claim_template : workload.set().claim_templates) {
      const auto claim = seen.pod.volume_claims.find(claim_template);
      if (claim != seen.pod.volume_claims.end() &&
          claim->second == workload.claim_name(claim_template, ordinal))
        continue;
      lacks = true;
      lacking.insert(claim_template);
    }
    if (lacks) pods.push_back(seen.pod.meta.ref.name);
  }
  const json* failed = workload.event("StatefulSet", workload.name(), "FailedUpdate");
  if (pods.empty()) return std::nullopt;
  Finding finding{
      "pods-lack-claim",
      fmt::format("The old pods ({}) were made without the volumes of the claim template {}: a pod's volumes "
                  "cannot be "
                  "changed in place, so the controller fails with FailedUpdate and recreates no pod.",
                  fmt::join(pods, ", "), fmt::join(lacking, ", ")),
      {{workload.described(), "spec.volumeClaimTemplates", fmt::format("{}", fmt::join(lacking, ", "))},
       {"Pod " + workload.ns() + "/" + pods.front(), "spec.volumes", "has no claim of that template"}},
      {}};
  if (failed != nullptr) finding.evidence.push_back(event_evidence(*failed));
  std::string text = "delete the old pods, one after the other: they come back with the claim";
  for (const std::string& pod : pods)
    finding.remedy.push_back({std::exchange(text, {}), workload.kubectl({"delete", "pod", pod})});
  finding.trap =
      "The claim that they come back with is empty: what was written inside the pods is lost with them.";
  finding.also.assign(pods.begin() + 1, pods.end());
  finding.pod = pods.front();
  return finding;
}

}  // namespace stateproof::diagnosis
