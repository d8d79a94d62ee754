#include "harness/diagnosis/diagnose.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/diagnosis/causes.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

struct Caused {
  Finding finding;
  bool of_template = false;  ///< another template could mend it
};

std::optional<Caused> cause_of(const Workload& workload, const SeenPod& seen) {
  if (seen.pod.terminating()) {
    auto finding = termination_cause(workload, seen);
    if (!finding) return std::nullopt;
    return Caused{std::move(*finding), false};
  }
  // A finalizer, a lost node and a deleted claim concern a Ready pod, too.
  if (auto finding = claim_cause(workload, seen)) return Caused{std::move(*finding), false};
  if (auto finding = node_cause(workload, seen)) return Caused{std::move(*finding), false};
  if (seen.pod.ready) return std::nullopt;
  for (const auto cause : {scheduling_cause, mount_cause, container_cause})
    if (auto finding = cause(workload, seen)) return Caused{std::move(*finding), true};
  return std::nullopt;
}

// An update that was to mend a pod does not come to it: with OrderedReady the controller waits until every
// pod is Ready before it replaces the next one.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
Finding passed_by(const Workload& workload, const SeenPod& seen, Finding own) {
  Finding finding{
      "update-awaits-broken-pod",
      "The set has a newer template, and the update waits for a pod that the old one broke.",
      {{seen.pod.meta.ref.text(), "metadata.labels[controller-revision-hash]", seen.pod.revision()},
       {workload.described(), "status.updateRevision", workload.set().update_revision}},
      {delete_pod(workload, seen.pod.meta.ref.name)},
      "It waits for ever: only the deletion of this pod lets the update go on."};
  finding.evidence.insert(finding.evidence.end(), own.evidence.begin(), own.evidence.end());
  return finding;
}

bool has_old_template(const Workload& workload, Ordinal ordinal, const SeenPod& seen) {
  const StatefulSet& set = workload.set();
  const std::string revision = seen.pod.revision();
  return workload.ordered() && set.update_strategy == "RollingUpdate" &&
         set.observed_generation == set.meta.generation && !revision.empty() &&
         !set.update_revision.empty() && revision != set.update_revision && ordinal.value >= set.partition;
}

void add(std::vector<Finding>& findings, Finding finding, const std::string& pod) {
  for (Finding& known : findings)
    if (known.id == finding.id && known.cause == finding.cause) {
      if (!pod.empty()) known.also.push_back(pod);
      return;
    }
  findings.push_back(std::move(finding));
}

// The controller tells by status.observedGeneration which spec it has worked on.
std::optional<Finding> silent_controller(const Workload& workload) {
  const StatefulSet& set = workload.set();
  if (set.observed_generation >= set.meta.generation) return std::nullopt;
  std::optional<Timestamp> changed;
  for (const json& entry : in(workload.served(), "metadata", "managedFields"))
    if (const auto at = time(entry, "time"); at && text(entry, "subresource") != "status")
      changed = std::max(changed, at);
  if (!workload.older_than(changed, 60s)) return std::nullopt;
  return Finding{
      "controller-silent",
      "The StatefulSet controller has not taken note of the set's present spec.",
      {{workload.described(), "metadata.generation", fmt::format("{}", set.meta.generation), changed},
       {workload.described(), "status.observedGeneration", fmt::format("{}", set.observed_generation)}},
      {{"see whether kube-controller-manager runs",
        "kubectl -n kube-system get pods -l component=kube-controller-manager"}}};
}

}  // namespace

std::vector<Finding> diagnose(const Snapshot& snapshot, const json& set) {
  const Workload workload(snapshot, set);
  std::vector<Finding> findings;
  if (auto finding = silent_controller(workload)) findings.push_back(std::move(*finding));
  if (auto finding = service_cause(workload)) findings.push_back(std::move(*finding));
  if (!snapshot.pods) return findings;

  // With OrderedReady nothing is created or updated behind a pod that is not Ready.
  std::optional<std::string_view> holds;
  std::vector<std::string> waiting;
  for (const Ordinal ordinal : workload.wanted()) {
    const std::string name = workload.pod_name(ordinal);
    const auto found = workload.pods().find(ordinal);
    if (found == workload.pods().end()) {
      if (holds && workload.ordered()) {
        waiting.push_back(name);
      } else if (auto finding = creation_cause(workload, ordinal)) {
        if (!holds) holds = finding->id;
        add(findings, std::move(*finding), name);
      }
      continue;
    }
    auto caused = cause_of(workload, found->second);
    if (!caused) continue;
    // The template was just changed: what the controller makes of it is to be seen.
    const bool changing = workload.set().observed_generation < workload.set().meta.generation;
    if (caused->of_template && changing) continue;
    if (caused->of_template && has_old_template(workload, ordinal, found->second))
      caused->finding = passed_by(workload, found->second, std::move(caused->finding));
    if (!holds && !found->second.pod.ready) holds = caused->finding.id;
    add(findings, std::move(caused->finding), name);
  }
  for (Finding& finding : findings)
    if (holds && finding.id == *holds) {
      finding.waiting = waiting;
      break;
    }
  // Pods beyond those that are wanted should go.
  const auto wanted = workload.wanted();
  for (const auto& [ordinal, seen] : workload.pods())
    if (std::find(wanted.begin(), wanted.end(), ordinal) == wanted.end())
      if (auto finding = termination_cause(workload, seen))
        add(findings, std::move(*finding), seen.pod.meta.ref.name);

  for (Finding& finding : lost_data(workload)) findings.push_back(std::move(finding));
  for (Finding& note : waiting_claims(workload)) findings.push_back(std::move(note));
  return findings;
}

}  // namespace stateproof::diagnosis
