#include "harness/check/rollout/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "harness/check/evidence/patience.h"
#include "harness/check/rollout/revisions.h"
#include "harness/model/fields.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;

/// Two times tell minReadySeconds, each to this much: those on the pods watch, where events travel, and those
/// in the pods, of whole seconds and of two clocks. What neither of them can explain was too early.
constexpr auto kMinReadySlack = 2s;

/// The step in which a template is changed for the pods above a partition alone.

/// At the end of the step every pod has the set's update revision.
void demand_update(JudgedStep& under) {
  const StatefulSet* set = set_at(under, under.after);
  if (set == nullptr || (!under.step.reached() && !under.overdue(kAnyHindrance))) return;
  const auto pods = pods_of(under.after, under.subject);
  if (pods.empty()) return under.judgement.doubt("the set had no pod");
  for (const auto& [ordinal, pod] : pods) {
    if (revision_of(*pod) == set->update_revision) continue;
    // One that waits for a predecessor's readiness is not the controller's fault.
    if (!pod->ready || pod->terminating()) {
      under.judgement.doubt(fmt::format("{} was not Ready", pod->meta.ref.name));
      continue;
    }
    const bool all_ready =
        std::all_of(pods.begin(), pods.end(), [](const auto& one) { return one.second->ready; });
    if (!all_ready) continue;
    under.find(pod->meta.ref, fmt::format("{} has revision {}", pod->meta.ref.name, set->update_revision),
               fmt::format("it had {} at {}", revision_of(*pod), moment(*under.step.end)), *under.step.end,
               look_at_revisions(under.subject));
  }
}

/// Of the step that divides the set, or of the one that holds it so.
int partition_of(const RecordedStep& step) {
  if (const auto divided = step.as<steps::Partition>()) return divided->partition;
  return step.as<steps::HoldPartition>().value().partition;
}

bool all_updated(const JudgedStep& under, const StatefulSet& set) {
  const auto pods = pods_of(under.after, under.subject);
  return pods.size() == static_cast<std::size_t>(set.replicas.value) &&
         std::all_of(pods.begin(), pods.end(), [&](const auto& one) {
           return one.second->ready && !one.second->terminating() &&
                  revision_of(*one.second) == set.update_revision;
         });
}

/// While a partition holds an update back, status.currentRevision is what the pods below it have.
void demand_current_revision(JudgedStep& under) {
  const StatefulSet* set = set_at(under, under.after);
  if (set == nullptr) return;
  for (const auto& [ordinal, pod] : pods_of(under.after, under.subject)) {
    const std::string revision = revision_of(*pod);
    if (ordinal.value >= under.asked<steps::HoldPartition>().partition || revision == set->current_revision ||
        revision == set->update_revision)
      continue;
    under.find(set->meta.ref,
               fmt::format("status.currentRevision is {}, the revision of {} below the partition", revision,
                           pod->meta.ref.name),
               fmt::format("it was {} at {}", set->current_revision, moment(*under.step.end)),
               *under.step.end, look_at_revisions(under.subject));
  }
}

/// Whether the set's status was written after the last pod had changed in what it counts. A controller that
/// did not come to it, or whose words did not arrive, has counted nothing wrong.
bool is_told_since(const JudgedStep& under) {
  std::map<std::string_view, const Pod*> known = under.before.pods;
  const StatefulSet* former = under.before.set(under.subject.set);
  bool told = false;
  for (const Observation& seen : under.during) {
    if (const auto* set = seen.object<StatefulSet>();
        set != nullptr && set->meta.ref.ns == under.subject.ns && set->meta.ref.name == under.subject.set) {
      told = former != nullptr && former->meta.generation == set->meta.generation;
      former = set;
    }
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || pod->meta.ref.ns != under.subject.ns) continue;
    const Pod*& then = known[pod->meta.ref.name];
    if (seen.is_deletion() || then == nullptr || then->ready != pod->ready ||
        then->terminating() != pod->terminating() || then->meta.ref.uid != pod->meta.ref.uid)
      told = false;
    then = pod;
  }
  return told;
}

/// In a step that timed out: the status is of the spec that was asked for last.
void demand_observed(JudgedStep& under) {
  const StatefulSet* set = under.after.set(under.subject.set);
  if (set == nullptr || set->observed_generation >= set->meta.generation) return;
  const Observation* before = under.step.begin;
  for (const Observation& seen : under.during)
    if (const auto* then = seen.object<StatefulSet>(); then != nullptr &&
                                                       then->meta.ref.uid == set->meta.ref.uid &&
                                                       then->meta.generation < set->meta.generation)
      before = &seen;
  if (under.step.end->at - before->at < kControllerPatience) return;
  if (!is_told_since(under)) return under.judgement.doubt("the controller wrote no status in the end");
  under.find(set->meta.ref, fmt::format("status.observedGeneration is {}", set->meta.generation),
             fmt::format("it was {} at {}", set->observed_generation, moment(*under.step.end)),
             *under.step.end, look_at_revisions(under.subject));
}

/// How long `ready` had been Ready when deletion of `ended` was requested, according to the pods.
std::optional<Elapsed> told_in_pods(const Incarnation& ready, const Incarnation& ended) {
  const auto* event = ended.ending->as<ObjectSeen>();
  if (event == nullptr || event->served == nullptr) return std::nullopt;
  const auto& grace = fields::in(*event->served, "metadata", "deletionGracePeriodSeconds");
  const auto since = ready.first_ready()->object<Pod>()->ready_since;
  const auto over = std::get<Pod>(event->object).meta.deletion;
  if (!since || !over || !grace.is_number_integer()) return std::nullopt;
  // A deletion bears the time at which its grace period is over.
  return std::chrono::duration_cast<Elapsed>(*over - std::chrono::seconds{grace.get<int>()} - *since);
}

/// No pod for which `concerned` holds is deleted or created within the step.
template <class Concerned>
void demand_calm(JudgedStep& under, std::string_view why, Concerned concerned) {
  for (const Incarnation& pod : under.pods) {
    if (!concerned(pod) || pod.ended_on_purpose() || pod.excused || !under.covers(pod.ending)) continue;
    under.find(pod.ref, fmt::format("{} stays: {}", pod.ref.name, why),
               fmt::format("its deletion was requested at {}", moment(*pod.ending)), *pod.ending,
               look_at_revisions(under.subject));
  }
}

/// Whether a pod came or went, or changed in what the status counts. Others of its changes, the last words of
/// a kubelet on a start for example, move no number.
bool counts_moved(const JudgedStep& under) {
  using Counted = std::tuple<bool, bool, std::string>;
  const auto counted_as = [](const Pod& pod) {
    return Counted{pod.ready, pod.terminating(), std::string{revision_of(pod)}};
  };
  std::map<std::string, Counted> known;
  for (const auto& [name, pod] : under.before.pods) known[pod->meta.ref.uid.value] = counted_as(*pod);
  return std::any_of(under.during.begin(), under.during.end(), [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr) return false;
    const auto before = known.find(pod->meta.ref.uid.value);
    return seen.is_deletion() || before == known.end() || before->second != counted_as(*pod);
  });
}

/// Whether the pod was Ready from the begin of the step until its deletion was requested.
bool served_until_replaced(const JudgedStep& under, const Incarnation& pod) {
  return std::any_of(pod.ready.begin(), pod.ready.end(), [&](const ReadyStretch& one) {
    return one.from->index <= under.step.begin->index &&
           (one.until == nullptr || one.until->index >= pod.ending->index);
  });
}

}  // namespace

Verdict updated_from_the_top(const Timeline& timeline) {
  return judge_step<steps::Rollout>(
      timeline, {"pods"}, "each pod was replaced after all higher ones were Ready again",
      [](JudgedStep& under) {
        const StatefulSet* set = under.before.set(under.subject.set);
        const bool parallel = set != nullptr && !set->is_ordered();
        std::size_t replaced = 0;
        for (const Incarnation& pod : under.pods) {
          if (!under.covers(pod.ending) || pod.ended_on_purpose() || pod.excused) continue;
          ++replaced;
          // Kubernetes 1.37: a pod that serves nobody is replaced at once under Parallel: no order is
          // promised there, and nothing becomes less available.
          if (parallel && !served_until_replaced(under, pod)) continue;
          for (const auto& [ordinal, higher] : pods_of(under.before, under.subject)) {
            if (ordinal <= pod.ordinal) continue;
            // The new pod of that ordinal must have been Ready before this one was deleted.
            const bool was_back =
                std::any_of(under.pods.begin(), under.pods.end(), [&](const Incarnation& other) {
                  return other.ordinal == ordinal && under.covers(other.appeared) && other.was_ready() &&
                         other.first_ready()->index < pod.ending->index;
                });
            if (was_back) continue;
            under.find(pod.ref,
                       fmt::format("{} is replaced only after the new {} is Ready", pod.ref.name,
                                   higher->meta.ref.name),
                       fmt::format("its deletion was requested at {}, before a new {} had become Ready",
                                   moment(*pod.ending), higher->meta.ref.name),
                       *pod.ending, look_at_revisions(under.subject));
          }
        }
        if (replaced == 0) under.judgement.doubt("no pod was replaced");
      });
}

Verdict rollout_completes(const Timeline& timeline) {
  return judge_step<steps::Rollout>(
      timeline, {"pods", "statefulsets"}, "all pods have the new revision", [](JudgedStep& under) {
        demand_update(under);
        const StatefulSet* set = set_at(under, under.after);
        if (set == nullptr || set->current_revision == set->update_revision) return;
        // Short of the end only when all pods had been updated and Ready for long.
        if (!under.step.reached() && !(under.ended_calm() && all_updated(under, *set))) return;
        under.find(set->meta.ref, "status.currentRevision is the update revision in the end",
                   fmt::format("it was {} and not {}", set->current_revision, set->update_revision),
                   *under.step.end, look_at_revisions(under.subject));
      });
}

Verdict rollback_reuses_revision(const Timeline& timeline) {
  const Course course{timeline};
  const RecordedStep* rollout = course.find<steps::Rollout>();
  if (rollout == nullptr) return inconclusive("step \"rollout\" was not played");
  const Snapshot original = snapshot_at(timeline, *rollout->begin);
  return judge_step<steps::Rollback>(
      timeline, {"statefulsets", "controllerrevisions"}, "the earlier revision was used again",
      [&](JudgedStep& under) {
        const StatefulSet* former = set_at(under, original);
        const StatefulSet* now = set_at(under, under.after);
        if (former == nullptr || now == nullptr || !under.step.reached()) return;
        if (now->update_revision != former->update_revision)
          under.find(now->meta.ref, fmt::format("the update revision is {} again", former->update_revision),
                     fmt::format("it is {}", now->update_revision), *under.step.end,
                     look_at_revisions(under.subject));
        if (under.after.revisions.size() > under.before.revisions.size())
          under.find(
              now->meta.ref, fmt::format("{} ControllerRevisions, as before", under.before.revisions.size()),
              fmt::format("there were {} at {}", under.after.revisions.size(), moment(*under.step.end)),
              *under.step.end, look_at_revisions(under.subject));
      });
}

Verdict pods_below_partition_stay(const Timeline& timeline) {
  return judge_step<steps::HoldPartition>(
      timeline, {"pods", "statefulsets"}, "pods below the partition stayed unchanged",
      [](JudgedStep& under) {
        const int partition = partition_of(under.step);
        demand_calm(under, "it is below the partition",
                    [&](const Incarnation& pod) { return pod.ordinal.value < partition; });
        if (under.step.is<steps::Partition>()) return;
        const StatefulSet* set = set_at(under, under.after);
        if (set == nullptr) return;
        bool is_divided = false;
        for (const auto& [ordinal, pod] : pods_of(under.after, under.subject)) {
          const bool is_new = revision_of(*pod) == set->update_revision;
          is_divided = is_divided || is_new;
          if (ordinal.value < partition && is_new)
            under.find(
                pod->meta.ref, fmt::format("{} keeps the old revision", pod->meta.ref.name),
                fmt::format("it had the new one, {}, at {}", set->update_revision, moment(*under.step.end)),
                *under.step.end, look_at_revisions(under.subject));
        }
        if (!is_divided) under.judgement.doubt("no pod had been updated");
      },
      // Who ignores the partition may do so before the pods above it are updated.
      [](const RecordedStep& step) { return step.is<steps::Partition>(); });
}

Verdict old_revision_below_partition(const Timeline& timeline) {
  return judge_step<steps::ReplaceBelow>(
      timeline, {"pods", "statefulsets"}, "the pod below the partition was recreated at the old revision",
      [](JudgedStep& under) {
        const StatefulSet* set = set_at(under, under.before);
        const Pod* former = under.before.pod(under.pod_name(under.ordinal()));
        if (set == nullptr || former == nullptr) return;
        // The one that the pod had: what the status calls the current one may be wrong.
        if (revision_of(*former) == set->update_revision)
          return under.judgement.doubt("the pod already had the new revision");
        demand_revision(under, revision_of(*former), "because it is below the partition");
      });
}

Verdict new_revision_above_partition(const Timeline& timeline) {
  return judge_step<steps::ReplaceAbove>(
      timeline, {"pods", "statefulsets"}, "the pod above the partition was recreated at the new revision",
      [](JudgedStep& under) {
        if (const StatefulSet* set = set_at(under, under.before); set != nullptr)
          demand_revision(under, set->update_revision, "because it is not below the partition");
      });
}

Verdict lost_pod_is_updated(const Timeline& timeline) {
  return judge_step<steps::Complete>(
      timeline, {"pods", "statefulsets"},
      "all pods have the new revision, including the one that was lost meanwhile", [](JudgedStep& under) {
        const bool lost = std::any_of(under.pods.begin(), under.pods.end(),
                                      [&](const Incarnation& pod) { return under.covers(pod.fault); });
        if (!lost) return under.judgement.doubt("no pod was lost during the update");
        demand_update(under);
      });
}

Verdict min_ready_seconds_kept(const Timeline& timeline) {
  return judge_step<steps::MinReady>(
      timeline, {"pods"}, "each pod was Ready for minReadySeconds before the next one was replaced",
      [](JudgedStep& under) {
        const std::chrono::seconds wanted{under.asked<steps::MinReady>().min_ready_seconds};
        std::size_t judged = 0;
        for (const Incarnation& pod : under.pods) {
          if (!under.covers(pod.ending) || pod.ended_on_purpose() || pod.excused) continue;
          for (const Incarnation& higher : under.pods) {
            const bool is_before = higher.ordinal.value == pod.ordinal.value + 1 &&
                                   under.covers(higher.appeared) && higher.was_ready() &&
                                   higher.first_ready()->index < pod.ending->index;
            if (!is_before) continue;
            ++judged;
            const Elapsed waited = std::max(pod.ending->at - higher.first_ready()->at,
                                            told_in_pods(higher, pod).value_or(Elapsed{0}));
            if (waited >= wanted - kMinReadySlack) continue;
            under.find(pod.ref,
                       fmt::format("{} is replaced only after {} has been Ready for {} s", pod.ref.name,
                                   higher.ref.name, wanted.count()),
                       fmt::format("its deletion was requested at {}, {} after {} became Ready",
                                   moment(*pod.ending), seconds(waited), higher.ref.name),
                       *pod.ending, look_at_revisions(under.subject));
          }
        }
        if (judged == 0) under.judgement.doubt("no two pods were replaced one after the other");
      });
}

Verdict on_delete_moves_nothing(const Timeline& timeline) {
  return judge_step<steps::HoldOnDelete>(
      timeline, {"pods"}, "no pod was replaced because of a new template", [](JudgedStep& under) {
        demand_calm(under, "the strategy is OnDelete", [](const Incarnation&) { return true; });
        if (pods_of(under.after, under.subject).empty()) under.judgement.doubt("the set had no pod");
      });
}

Verdict on_delete_picks_up(const Timeline& timeline) {
  return judge_step<steps::PickUp>(
      timeline, {"pods", "statefulsets"}, "the deleted pod was recreated at the newest revision",
      [](JudgedStep& under) {
        const StatefulSet* set = set_at(under, under.before);
        if (set == nullptr) return;
        const Pod* before = under.before.pod(under.pod_name(under.ordinal()));
        if (before != nullptr && revision_of(*before) == set->update_revision)
          return under.judgement.doubt("the pod already had the newest revision");
        demand_revision(under, set->update_revision, "because it was deleted under OnDelete");
      });
}

Verdict history_is_limited(const Timeline& timeline) {
  return judge_step<steps::Settle>(
      timeline, {"controllerrevisions", "statefulsets", "pods"}, "old revisions were pruned",
      [](JudgedStep& under) {
        const StatefulSet* set = set_at(under, under.after);
        if (set == nullptr) return;
        std::set<std::string> live{set->current_revision, set->update_revision};
        for (const auto& [ordinal, pod] : pods_of(under.after, under.subject)) live.insert(revision_of(*pod));
        std::size_t kept = 0;
        std::size_t out_of_use = 0;
        for (const auto& [name, revision] : under.after.revisions) {
          if (!revision->meta.is_controlled_by(set->meta)) continue;
          ++kept;
          if (!live.contains(std::string{name})) ++out_of_use;
        }
        if (kept == 0) return under.judgement.doubt("no ControllerRevision was seen");
        const auto limit = static_cast<std::size_t>(set->revision_history_limit);
        if (out_of_use <= limit) return;
        under.find(set->meta.ref, fmt::format("at most {} unused revisions are kept", limit),
                   fmt::format("{} were at {}", out_of_use, moment(*under.step.end)), *under.step.end,
                   fmt::format("kubectl -n {} get controllerrevisions", under.subject.ns));
      });
}

Verdict status_counts_pods(const Timeline& timeline) {
  const auto duty = [](JudgedStep& under) {
    const StatefulSet* set = set_at(under, under.after);
    if (set == nullptr) return;
    const auto pods = pods_of(under.after, under.subject);
    const auto count = [&](auto holds) {
      return static_cast<int>(
          std::count_if(pods.begin(), pods.end(), [&](const auto& one) { return holds(*one.second); }));
    };
    const auto disagrees = [&](std::string expected, std::string observed) {
      under.find(set->meta.ref, std::move(expected), std::move(observed), *under.step.end,
                 look_at_revisions(under.subject));
    };
    const auto compare = [&](const char* field, Replicas told, int counted) {
      if (told.value != counted)
        disagrees(fmt::format("status.{} is {}", field, counted),
                  fmt::format("it was {} at {}", told.value, moment(*under.step.end)));
    };
    if (pods.empty()) return under.judgement.doubt("the set had no pod");
    const int ready = count([](const Pod& pod) { return pod.ready; });
    // A pod that ends is there, and may be Ready, but belongs to no revision's count.
    const auto has = [](const Pod& pod, const std::string& revision) {
      return !pod.terminating() && revision_of(pod) == revision;
    };
    const int updated = count([&](const Pod& pod) { return has(pod, set->update_revision); });
    compare("replicas", set->current_pods, static_cast<int>(pods.size()));
    compare("readyReplicas", set->ready_pods, ready);
    if (set->min_ready_seconds == 0) compare("availableReplicas", set->available_pods, ready);
    compare("updatedReplicas", set->updated_pods, updated);
    // When an update is over, currentReplicas tells of the revision that is current from then on.
    if (updated == static_cast<int>(pods.size()) && set->current_revision != set->update_revision) return;
    compare("currentReplicas", set->current_revision_pods,
            count([&](const Pod& pod) { return has(pod, set->current_revision); }));
  };
  return judge_step<steps::HoldPartition>(
      timeline, {"pods", "statefulsets"}, "the counts in status agree with the pods",
      [&](JudgedStep& under) {
        // A pod that comes or goes just now may be counted or not; the controller has passed since others
        // did.
        const bool changed = counts_moved(under);
        const bool is_hold = under.step.is<steps::HoldPartition>();
        if (under.step.timed_out()) demand_observed(under);
        if (is_hold && changed) return under.judgement.doubt("pods changed during the step");
        if (!is_hold && !(under.ended_calm() && is_told_since(under))) return;
        duty(under);
        if (is_hold) demand_current_revision(under);
      },
      [](const RecordedStep& step) { return step.timed_out(); });
}

}  // namespace stateproof::check
