#include "harness/check/ordering/creation_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/debt.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/check/identity/watched_set.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

const Watches kPodsOnTheirOwn =
    Watches{"pods"}.even_after_holes("what a hole may have hidden of a pod is forgotten at the hole");

/// Replays the pods watch and knows at each creation whether every lower ordinal had its turn.
///
/// What the checker may claim rests on the controller reading a cache that lags behind the API server but
/// never goes back. To create pod N it must have seen every lower ordinal Ready at some moment before. So:
/// - a lower pod that was Ready once is accepted, whatever happened to it since: deleted a moment ago or
/// flapping,
///   it may still look Ready in the cache;
/// - a lower pod that was replaced and has not been Ready since is not: the controller itself made the new
/// pod, so
///   its cache is past the end of the old one, whose readiness can no longer mislead it;
/// - what a gap hid may have been Ready within the gap.
class CreationOrder {
 public:
  CreationOrder(const Subject& subject, Judgement& judgement) : subject_(subject), judgement_(judgement) {}
  /// Of other people's set: only what its own controller created is judged, and what was before the recording
  /// began is not known but for a set that began within it.
  CreationOrder(const Subject& subject, Judgement& judgement, const WatchedSet& set)
      : subject_(subject), judgement_(judgement), set_(&set), after_gap_(!set.from_the_beginning()) {}

  void see(const Observation& seen) {
    if (const Gap* gap = seen.as<Gap>(); gap != nullptr && gap->resource == "pods") return forget();
    if (const auto* set = seen.object<StatefulSet>()) return see(*set);
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr) return;
    if (const auto ordinal = subject_ordinal(*pod, subject_)) see(*pod, *ordinal, seen);
  }

  [[nodiscard]] std::size_t creations() const { return creations_; }
  [[nodiscard]] bool judged(Ordinal ordinal) const { return judged_.contains(ordinal); }

 private:
  /// A status that tells as many pods as its spec wants shows that the controller knows of every pod beyond
  /// them that it is gone. What a later spec wants there again begins from nothing.
  void see(const StatefulSet& set) {
    if (set.meta.ref.ns != subject_.ns || set.meta.ref.name != subject_.set) return;
    const bool is_settled = set.observed_generation == set.meta.generation && set.meta.generation > 0 &&
                            set.current_pods == set.replicas;
    const Ordinal end{set.first.value + set.replicas.value};
    if (!is_settled || after_gap_) return;
    if (!gone_.empty() && gone_.rbegin()->value >= end.value && !is_any_present_from(end))
      vacant_.insert(gone_.lower_bound(end), gone_.end());
  }

  [[nodiscard]] bool is_any_present_from(Ordinal end) const {
    return std::any_of(lives_.lower_bound(end), lives_.end(),
                       [&](const auto& life) { return !gone_.contains(life.first); });
  }

  void see(const Pod& pod, Ordinal ordinal, const Observation& seen) {
    const ObjectSeen& event = *seen.as<ObjectSeen>();
    const auto known = lives_.find(ordinal);
    const bool is_new = known == lives_.end() || known->second != pod.meta.ref.uid;
    // A list tells the successor first, and then that its predecessor is gone.
    if (is_new && seen.is_deletion() && known != lives_.end()) return;
    if (is_new) {
      vacant_.erase(ordinal);
      gone_.erase(ordinal);
    }
    if (seen.is_deletion()) gone_.insert(ordinal);
    lives_[ordinal] = pod.meta.ref.uid;
    while (lives_.contains(frontier_)) ++frontier_.value;
    const bool is_own = set_ == nullptr || set_->controls(pod);
    if (is_new && is_own && event.change == Change::kAdded && !event.synthesized) {
      judge_creation(pod, ordinal, seen);
      waiting_.insert(ordinal);
    } else if (is_new) {
      waiting_.erase(ordinal);  // its past is unknown, it may have been Ready
    }
    if (pod.ready) waiting_.erase(ordinal);
  }

  void judge_creation(const Pod& pod, Ordinal ordinal, const Observation& seen) {
    ++creations_;
    judged_.insert(ordinal);
    const bool absent = frontier_ < ordinal && !after_gap_;
    const bool unready = !waiting_.empty() && *waiting_.begin() < ordinal;
    const bool vacant = !vacant_.empty() && *vacant_.begin() < ordinal;
    if (!absent && !unready && !vacant) return;
    Ordinal blocker = ordinal;
    if (absent) blocker = std::min(blocker, frontier_);
    if (unready) blocker = std::min(blocker, *waiting_.begin());
    if (vacant) blocker = std::min(blocker, *vacant_.begin());
    const std::string_view what = vacant_.contains(blocker)  ? "had not been recreated"
                                  : lives_.contains(blocker) ? "had not been Ready"
                                                             : "had not been created";
    judgement_.find(
        {pod.meta.ref,
         fmt::format("{} has been Ready before {} is created", subject_.pod_name(blocker), pod.meta.ref.name),
         fmt::format("{} was created at {}, when {} {}", pod.meta.ref.name, moment(seen),
                     subject_.pod_name(blocker), what),
         {seen.index},
         fmt::format("spec.podManagementPolicy as served (Parallel?): kubectl -n {} get statefulset {} "
                     "-o jsonpath='{{.spec.podManagementPolicy}}'",
                     subject_.ns, subject_.set)});
  }

  void forget() {
    waiting_.clear();
    vacant_.clear();
    after_gap_ = true;
  }

  const Subject& subject_;
  Judgement& judgement_;
  const WatchedSet* set_ = nullptr;
  std::map<Ordinal, Uid> lives_;
  std::set<Ordinal> waiting_;  ///< present pod has not been Ready, for certain
  std::set<Ordinal> gone_;     ///< without a successor so far
  std::set<Ordinal> vacant_;   ///< of those: the controller is known to know
  std::set<Ordinal> judged_;
  Ordinal frontier_ = subject_.first;  ///< lowest ordinal that no pod had yet
  bool after_gap_ = false;
  std::size_t creations_ = 0;
};

bool set_was_served(const Timeline& timeline) {
  for (const Observation& seen : timeline)
    if (const StatefulSet* set = seen.object<StatefulSet>();
        set != nullptr && set->meta.ref.name == timeline.subject().set)
      return true;
  return false;
}

bool is_creating(const RecordedStep& step) {
  return step.is<steps::Create>() || step.is<steps::ScaleUp>() || step.is<steps::ScaleBack>();
}

/// The wanted pod that the step's time ran out on: absent, or there but not Ready.
void judge_stuck_creation(const RecordedStep& step, const Timeline& timeline, const Course& course,
                          Judgement& judgement) {
  const Subject& subject = timeline.subject();
  const Incarnations pods{timeline_until(timeline, *step.end), subject};
  const Ordinal end{subject.first.value + course.wanted_at(step.begin->index).value};
  const auto stuck = first_unready(pods, subject, end);
  if (!stuck) return judgement.doubt(step.text());
  const std::string name = subject.pod_name(*stuck);
  const Incarnation* pod = pods.latest(*stuck);
  if (pod != nullptr) return judgement.doubt(fmt::format("{}; {}: {}", step.text(), name, state_text(*pod)));
  const Observation& free_since = all_ready_since(pods, subject, *stuck, *step.begin);
  const Elapsed waited = step.end->at - free_since.at;
  const Debt debt{subject.set, step.begin, step.end, kRefusalsOnly, &free_since};
  if (!set_was_served(timeline) || course.lost({"pods", "statefulsets"}) ||
      !is_overdue(timeline, debt, judgement))
    return judgement.doubt(fmt::format("{}; {} was not created", step.text(), name));
  judgement.find(
      {{"Pod", subject.ns, name, {}},
       fmt::format("{} is created once all lower ordinals are Ready", name),
       fmt::format("{} was never created within {} until {}, though all its predecessors were Ready", name,
                   seconds(waited), moment(*step.end)),
       {step.begin->index, step.end->index},
       fmt::format("Events of the set (FailedCreate: quota, admission) and the log of "
                   "kube-controller-manager: kubectl -n {} describe statefulset {}",
                   subject.ns, subject.set)});
}

}  // namespace

Verdict predecessors_were_ready(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  if (!subject.ordered) return not_applicable("podManagementPolicy is Parallel, which promises no order");
  const Course course{timeline};
  Judgement judgement{course, kPodsOnTheirOwn};
  CreationOrder order{subject, judgement};
  for (const Observation& seen : course.judged()) order.see(seen);

  for (const RecordedStep& step : course.steps())
    if (step.timed_out() && is_creating(step)) {
      judge_stuck_creation(step, timeline, course, judgement);
      break;  // what comes after it was asked of a set that is not whole
    }
  judgement.doubt_if(course.missing<steps::Create>());
  judgement.doubt_if(course.cut_short());
  for (int i = 0; i < subject.replicas.value; ++i)
    if (const Ordinal ordinal{subject.first.value + i}; !order.judged(ordinal))
      judgement.doubt(fmt::format("the creation of {} was not recorded", subject.pod_name(ordinal)));
  return std::move(judgement).verdict(counted(order.creations(), "creation", "creations") +
                                      " after Ready predecessors");
}

Verdict watched_predecessors_were_ready(const Timeline& timeline) {
  const WatchedSet set{timeline};
  if (set.doubt()) return inconclusive(*set.doubt());
  if (!set.ordered()) return not_applicable("podManagementPolicy is Parallel, which promises no order");
  const Course course{timeline};
  Judgement judgement{course, kPodsOnTheirOwn};
  CreationOrder order{timeline.subject(), judgement, set};
  for (const Observation& seen : timeline) order.see(seen);
  if (order.creations() == 0) judgement.doubt("no pod was created while it was watched");
  return std::move(judgement).verdict(counted(order.creations(), "creation", "creations") +
                                      " after Ready predecessors");
}

}  // namespace stateproof::check
