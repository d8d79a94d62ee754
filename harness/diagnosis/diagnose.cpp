#include "harness/diagnosis/diagnose.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/manager.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

// Of a set that wants very many pods only the first that are missing are named.
constexpr std::size_t kMostMissing = 20;

struct Caused {
  Finding finding;
  bool of_template = false;  ///< another template could mend it
};

Caused staged(Finding finding, std::string_view stage, bool of_template = false) {
  if (finding.stage.empty()) finding.stage = stage;
  return {std::move(finding), of_template};
}

std::optional<Caused> cause_of(const Workload& workload, Ordinal ordinal, const SeenPod& seen) {
  if (seen.pod.terminating()) {
    auto finding = termination_cause(workload, seen);
    if (!finding) return std::nullopt;
    return staged(std::move(*finding), stage::kEnd);
  }
  // A finalizer, a lost node and a deleted claim concern a Ready pod, too.
  if (auto finding = claim_cause(workload, seen)) return staged(std::move(*finding), stage::kClaims);
  if (auto finding = node_cause(workload, seen)) return staged(std::move(*finding), stage::kNode);
  if (auto finding = rejection_cause(workload, ordinal, &seen))
    return staged(std::move(*finding), stage::kNode, true);
  if (seen.pod.ready) {
    auto finding = loop_cause(workload, seen);
    if (!finding) return std::nullopt;
    return staged(std::move(*finding), stage::kContainer);
  }
  if (auto finding = scheduling_cause(workload, seen))
    return staged(std::move(*finding), stage::kScheduling, true);
  if (auto finding = mount_cause(workload, seen)) return staged(std::move(*finding), stage::kVolumes, true);
  if (auto finding = container_cause(workload, seen))
    return staged(std::move(*finding), stage::kContainer, true);
  return std::nullopt;
}

// An update that was to mend a pod does not come to it: with OrderedReady the controller waits until every
// pod is Ready before it replaces the next one.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
Finding passed_by(const Workload& workload, const SeenPod& seen, Finding own) {
  Finding finding{
      "update-awaits-broken-pod",
      fmt::format(
          "The set has a newer template, and the update waits for a pod that the old template broke ({}).",
          own.id),
      {{seen.pod.meta.ref.text(), "metadata.labels[controller-revision-hash]", seen.pod.revision()},
       {workload.described(), "status.updateRevision", workload.set().update_revision}},
      {delete_pod(workload, seen.pod.meta.ref.name)},
      "It waits forever: only deleting this pod lets the update continue."};
  finding.stage = stage::kUpdate;
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

/// An update is on its way, and this is a pod of the new template.
bool is_of_update(const Workload& workload, const SeenPod& seen) {
  const StatefulSet& set = workload.set();
  return !set.current_revision.empty() && set.current_revision != set.update_revision &&
         seen.pod.revision() == set.update_revision;
}

void offer_return(const Workload& workload, const SeenPod& seen, Finding& finding) {
  int way = 1;
  for (const Remedy& step : finding.remedy) way = std::max(way, step.way);
  finding.remedy.push_back({"or go back to the template before this update",
                            workload.kubectl({"rollout", "undo", "statefulset/" + workload.name()}),
                            way + 1});
  finding.remedy.push_back(replace_after(workload, seen, way + 1));
}

std::optional<Timestamp> unready_since(const SeenPod& seen) {
  const json& ready = condition(*seen.served, "Ready");
  return text(ready, "status") == "False" ? time(ready, "lastTransitionTime") : seen.pod.meta.created;
}

// The controller tells by status.observedGeneration which spec it has worked on.
std::optional<Finding> silent_controller(const Workload& workload) {
  const StatefulSet& set = workload.set();
  if (set.observed_generation >= set.meta.generation) return std::nullopt;
  const auto changed = workload.changed();
  if (!workload.older_than(changed, 60s)) return std::nullopt;
  return Finding{
      "controller-silent",
      "The StatefulSet controller has not taken note of the set's present spec.",
      {{workload.described(), "metadata.generation", fmt::format("{}", set.meta.generation), changed},
       {workload.described(), "status.observedGeneration", fmt::format("{}", set.observed_generation)}},
      {{"see whether kube-controller-manager runs",
        "kubectl -n kube-system get pods -l component=kube-controller-manager"}}};
}

/// Gathers what is found, pod by pod.
class Visit {
 public:
  explicit Visit(const Workload& workload) : workload_(workload) {}

  void see(Ordinal ordinal, const SeenPod& seen) {
    auto caused = cause_of(workload_, ordinal, seen);
    // The template was just changed: what the controller makes of it is to be seen.
    const bool changing = workload_.set().observed_generation < workload_.set().meta.generation;
    if (caused && caused->of_template && changing) caused.reset();
    if (!caused) {
      auto progress = progress_of(workload_, seen);
      if (progress && progress->stage == stage::kUpdate)
        outdated_.push_back(std::move(*progress));
      else if (progress)
        judge(std::move(*progress), seen.pod.ready);
      return;
    }
    if (caused->of_template && has_old_template(workload_, ordinal, seen))
      caused->finding = passed_by(workload_, seen, std::move(caused->finding));
    else if (caused->of_template && is_of_update(workload_, seen))
      offer_return(workload_, seen, caused->finding);
    if (!caused->finding.since && !seen.pod.ready) caused->finding.since = unready_since(seen);
    add(std::move(caused->finding), seen.pod.meta.ref.name, !seen.pod.ready || seen.pod.terminating());
  }

  void miss(Ordinal ordinal) {
    const std::string name = workload_.pod_name(ordinal);
    if (workload_.ordered() && !holder_)
      if (auto finding = awaits_availability(ordinal)) {
        add(std::move(*finding), name, true);
        return;
      }
    if (workload_.ordered() && (holder_ || held_up_)) {
      waiting_.push_back(name);
      return;
    }
    auto finding = creation_cause(workload_, ordinal);
    if (!finding) finding = rejection_cause(workload_, ordinal, nullptr);
    if (!finding) {
      judge(progress_of_missing(workload_, ordinal), false);
      return;
    }
    if (finding->stage.empty()) finding->stage = stage::kCreation;
    add(std::move(*finding), name, true);
  }

  /// Pods beyond those that are wanted should go, the highest first, and only while all before are well.
  void see_surplus(const SeenPod& seen) {
    if (auto finding = termination_cause(workload_, seen)) {
      finding->stage = finding->stage.empty() ? stage::kEnd : finding->stage;
      add(std::move(*finding), seen.pod.meta.ref.name, true);
    } else if (seen.pod.terminating()) {
      judge(*progress_of(workload_, seen), false);
    } else if (holder_ && workload_.ordered()) {
      leaving_.push_back(seen.pod.meta.ref.name);
    } else if (auto caused =
                   seen.pod.ready
                       ? std::nullopt
                       : cause_of(workload_, *ordinal_of(seen.pod.meta.ref.name, workload_.name()), seen)) {
      add(std::move(caused->finding), seen.pod.meta.ref.name, true);
    } else {
      const auto since = workload_.changed();
      judge({seen.pod.meta.ref.name, stage::kEnd, "the controller to delete it, for it is no longer wanted",
             since, since ? std::optional{*since + 120s} : std::nullopt},
            false);
    }
  }

  void set_aside(Finding finding, std::string_view stage) {
    if (finding.stage.empty()) finding.stage = stage;
    findings_.push_back(std::move(finding));
  }
  /// Nothing goes on before this is mended.
  void block(Finding finding) {
    finding.stage = stage::kUpdate;
    holder_ = findings_.size();
    findings_.push_back(std::move(finding));
  }

  [[nodiscard]] std::pair<std::vector<Finding>, std::vector<Progress>> leave() {
    // What keeps another pod keeps the update, too.
    for (Progress& progress : outdated_) {
      if (holder_)
        waiting_.push_back(progress.pod + " (to be updated)");
      else if (held_up_)
        under_way_.push_back(std::move(progress));
      else
        judge(std::move(progress), true);
    }
    if (holder_) {
      findings_[*holder_].waiting = waiting_;
      for (const std::string& pod : leaving_) findings_[*holder_].waiting.push_back(pod + " (to be deleted)");
      if (!leaving_.empty())
        findings_[*holder_].cause +=
            fmt::format(" The scale-down waits for this pod: {} {} not deleted before it is Ready.",
                        fmt::join(leaving_, ", "), leaving_.size() == 1 ? "is" : "are");
    } else if (!waiting_.empty()) {
      under_way_.push_back({waiting_.front(), stage::kCreation, "the pod before it"});
    }
    return {std::move(findings_), std::move(under_way_)};
  }

 private:
  void add(Finding finding, const std::string& pod, bool holds) {
    for (std::size_t i = 0; i < findings_.size(); ++i)
      if (findings_[i].id == finding.id && findings_[i].cause == finding.cause) {
        findings_[i].also.push_back(pod);
        return;
      }
    if (finding.pod.empty()) finding.pod = pod;
    if (!holder_ && holds) holder_ = findings_.size();
    findings_.push_back(std::move(finding));
  }

  // Longer than its settings explain is a finding, whatever the reason.
  void judge(Progress progress, bool ready) {
    if (progress.until && workload_.snapshot().taken > *progress.until) {
      add(stuck(workload_, progress), progress.pod, !ready);
      return;
    }
    held_up_ = held_up_ || !ready || progress.stage == stage::kAvailability;
    under_way_.push_back(std::move(progress));
  }

  std::optional<Finding> awaits_availability(Ordinal ordinal) {
    for (auto entry = workload_.pods().rbegin(); entry != workload_.pods().rend(); ++entry)
      if (entry->first < ordinal)
        return availability_cause(workload_, entry->second, workload_.pod_name(ordinal));
    return std::nullopt;
  }

  const Workload& workload_;
  std::vector<Finding> findings_;
  std::vector<Progress> under_way_;
  std::optional<std::size_t> holder_;  ///< the finding that keeps the controller from going on
  bool held_up_ = false;               ///< by a pod that is still under way
  std::vector<Progress> outdated_;     ///< pods that wait for the update
  std::vector<std::string> waiting_;
  std::vector<std::string> leaving_;
};

/// Pods and the first of those that are missing, in order.
void visit_pods(const Workload& workload, Visit& visit) {
  auto missing = workload.missing(kMostMissing);
  auto next = missing.begin();
  for (const auto& [ordinal, seen] : workload.pods()) {
    for (; next != missing.end() && *next < ordinal; ++next) visit.miss(*next);
    if (workload.wants(ordinal)) visit.see(ordinal, seen);
  }
  for (; next != missing.end(); ++next) visit.miss(*next);
  for (auto entry = workload.pods().rbegin(); entry != workload.pods().rend(); ++entry)
    if (!workload.wants(entry->first)) visit.see_surplus(entry->second);
}

// An update that waits for a pod to have been Ready long enough waits as creation does.
void tell_long_availability(const Workload& workload, std::vector<Finding>& findings) {
  const StatefulSet& set = workload.set();
  if (set.update_strategy != "RollingUpdate" || set.update_revision.empty()) return;
  if (std::any_of(findings.begin(), findings.end(),
                  [](const Finding& one) { return one.id == "min-ready-holds"; }))
    return;
  std::string next;
  for (const auto& [ordinal, seen] : workload.pods())
    if (workload.wants(ordinal) && ordinal.value >= set.partition &&
        seen.pod.revision() != set.update_revision)
      next = seen.pod.meta.ref.name;
  if (next.empty()) return;
  // Not only those that were updated already: the update does not begin before all are available.
  std::optional<Finding> holds;
  for (const auto& [ordinal, seen] : workload.pods()) {
    const bool own = seen.pod.meta.ref.name == next;
    if (holds && own) continue;
    auto finding = availability_cause(workload, seen, own ? "The update of " + next : next);
    if (!finding) continue;
    holds = std::move(finding);
    if (!own) break;
  }
  if (!holds) return;
  holds->pod = next;
  findings.push_back(std::move(*holds));
}

// Causes that several pods share speak of "the pod": where it is one, it has a name.
void name_pod(Finding& finding) {
  if (finding.pod.empty() || finding.cause.find(finding.pod) != std::string::npos) return;
  for (const std::string_view words : {"he pod's ", "he pod "}) {
    const auto at = finding.cause.find(words);
    if (at == std::string::npos || at == 0) continue;
    const bool begins = finding.cause[at - 1] == 'T';
    finding.cause.replace(at - 1, words.size() + 1,
                          (begins ? "Pod " : "pod ") + finding.pod + (words.size() > 7 ? "'s " : " "));
    return;
  }
}

// A patched set is changed back by who makes it.
void name_manager(const Diagnosis& diagnosis, const Workload& workload, Finding& finding) {
  if (diagnosis.managed_by.empty()) return;
  const bool changes = std::any_of(finding.remedy.begin(), finding.remedy.end(), [&](const Remedy& step) {
    return step.command.find("statefulset " + workload.name()) != std::string::npos ||
           step.command.find("statefulset/" + workload.name()) != std::string::npos;
  });
  if (!changes) return;
  finding.trap += finding.trap.empty() ? "" : " ";
  finding.trap +=
      fmt::format("{} makes this set: change it there, for what is changed in the set is changed back.",
                  diagnosis.managed_by);
}

std::optional<Timestamp> earliest(const Finding& finding) {
  std::optional<Timestamp> since;
  for (const Evidence& evidence : finding.evidence)
    if (evidence.at && (!since || *evidence.at < *since)) since = evidence.at;
  return since;
}

}  // namespace

Diagnosis::State Diagnosis::state() const {
  if (!std::all_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.note; }))
    return State::kSick;
  return under_way.empty() ? State::kWhole : State::kUnderWay;
}

Diagnosis diagnose(const Workload& workload) {
  Diagnosis diagnosis{workload.ns(), workload.name(), workload.set().replicas.value, 0, {}};
  diagnosis.managed_by = manager_of(workload);
  for (const auto& [ordinal, seen] : workload.pods())
    if (seen.pod.ready && !seen.pod.terminating()) ++diagnosis.ready;
  Visit visit(workload);
  if (auto finding = silent_controller(workload)) visit.set_aside(std::move(*finding), stage::kSet);
  if (auto finding = service_cause(workload)) visit.set_aside(std::move(*finding), stage::kNames);
  std::vector<Finding> later;
  if (workload.snapshot().pods) {
    auto blocked = unchangeable_pods(workload);
    const bool is_blocked = blocked.has_value();
    if (blocked) visit.block(std::move(*blocked));
    visit_pods(workload, visit);
    for (Finding& finding : lost_data(workload)) later.push_back(std::move(finding));
    for (Finding& finding : growing_claims(workload)) later.push_back(std::move(finding));
    if (!is_blocked)
      for (Finding& finding : held_updates(workload)) later.push_back(std::move(finding));
    for (Finding& note : waiting_claims(workload)) later.push_back(std::move(note));
    for (Finding& note : dangers(workload)) later.push_back(std::move(note));
  }
  std::tie(diagnosis.findings, diagnosis.under_way) = visit.leave();
  tell_long_availability(workload, diagnosis.findings);
  std::move(later.begin(), later.end(), std::back_inserter(diagnosis.findings));
  std::stable_partition(diagnosis.findings.begin(), diagnosis.findings.end(),
                        [](const Finding& finding) { return !finding.note; });
  for (Finding& finding : diagnosis.findings) {
    name_manager(diagnosis, workload, finding);
    name_pod(finding);
    if (!finding.since) finding.since = earliest(finding);
  }
  return diagnosis;
}

std::vector<Diagnosis> diagnose_all(const Snapshot& snapshot, Rigour rigour) {
  std::vector<Diagnosis> all;
  if (!snapshot.sets) return all;
  const Cluster cluster(snapshot);
  for (const json& served : *snapshot.sets) {
    if (!snapshot.wanted_set.empty() && name_of(served) != snapshot.wanted_set) continue;
    Diagnosis diagnosis = diagnose(Workload(cluster, served));
    if (rigour == Rigour::kUsual)
      std::erase_if(diagnosis.findings, [](const Finding& finding) { return finding.quiet; });
    else
      for (Finding& finding : diagnosis.findings) finding.note = finding.id == "claim-awaits-pod";
    all.push_back(std::move(diagnosis));
  }
  return all;
}

}  // namespace stateproof::diagnosis
