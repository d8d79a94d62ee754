#include "harness/check/rollout/update_budget.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "harness/check/rollout/revisions.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

constexpr const char* kField = "spec.updateStrategy.rollingUpdate.maxUnavailable";

/// The latest life of that ordinal that had begun before `moment`; null when there was none.
const Incarnation* life_at(const Incarnations& pods, Ordinal ordinal, const Observation& moment) {
  const Incarnation* life = pods.latest(ordinal);
  while (life != nullptr && life->appeared->index > moment.index) life = life->former;
  return life;
}

/// Why nobody could count on that pod at `moment`; empty when somebody could.
std::string unavailable(const Incarnations& pods, Ordinal ordinal, const Observation& moment) {
  const Incarnation* life = life_at(pods, ordinal, moment);
  if (life == nullptr) return "did not exist";
  if (life->fault != nullptr || life->excused) return {};  // the controller may not have seen it yet
  if (life->gone != nullptr && life->gone->index <= moment.index) return "did not exist";
  if (life->ending != nullptr && life->ending->index <= moment.index) return "was being deleted";
  const bool was_ready = life->was_ready() && life->first_ready()->index <= moment.index;
  return was_ready ? std::string{} : "was not Ready yet";
}

struct Budget {
  const StatefulSet& set;
  int wanted = 0;
};

/// What was unavailable just when this pod was deleted, for people; the pod itself is among them.
std::vector<std::string> unavailable_with(const JudgedStep& under, const Budget& budget,
                                          const Incarnation& pod) {
  std::vector<std::string> names;
  for (int i = 0; i < budget.set.replicas.value; ++i) {
    const Ordinal ordinal{budget.set.first.value + i};
    if (const std::string why = unavailable(under.pods, ordinal, *pod.ending); !why.empty())
      names.push_back(under.pod_name(ordinal) + " " + why);
  }
  return names;
}

void judge_budget(JudgedStep& under, const Budget& budget, const Observation& first) {
  std::size_t most = 0;
  for (const Incarnation& pod : under.pods) {
    if (!stopped_by_controller(pod, first, *under.step.end)) continue;
    const auto names = unavailable_with(under, budget, pod);
    most = std::max(most, names.size());
    if (static_cast<int>(names.size()) <= budget.wanted) continue;
    under.find(pod.ref, fmt::format("at most {} pods are unavailable during the update", budget.wanted),
               fmt::format("when deletion of {} was requested at {}, {} were unavailable: {}", pod.ref.name,
                           moment(*pod.ending), names.size(), fmt::join(names, ", ")),
               *pod.ending, look_at_revisions(under.subject));
  }
  if (most == 0) return under.judgement.doubt("no pod was replaced");
  under.judgement.measure({"pods unavailable at once", static_cast<double>(most), "pods", under.subject.set});
}

/// From the begin of the one step to the end of the other.
template <StepType First, StepType Last>
Verdict judge_range(const Timeline& timeline) {
  bool dropped = false;
  Verdict verdict =
      judge_step<Last>(timeline, {"pods", "statefulsets"},
                       "never more pods than allowed were unavailable at once", [&](JudgedStep& under) {
                         const StatefulSet* set = set_at(under, under.after);
                         const RecordedStep* began = under.course.find<First>();
                         if (set == nullptr || began == nullptr) return;
                         dropped = !set->max_unavailable;
                         const int wanted = under.asked<Last>().max_unavailable;
                         if (!dropped && *set->max_unavailable != wanted)
                           return under.judgement.doubt(
                               fmt::format("{} was {} instead of {}", kField, *set->max_unavailable, wanted));
                         if (!dropped) judge_budget(under, {*set, wanted}, *began->begin);
                       });
  return dropped ? not_applicable(fmt::format("the API server dropped {}", kField)) : verdict;
}

}  // namespace

Verdict updated_within_budget(const Timeline& timeline) {
  return judge_range<steps::RollTwo, steps::RollTwo>(timeline);
}

Verdict broken_update_within_budget(const Timeline& timeline) {
  return judge_range<steps::RollTwoBad, steps::HoldTwoBad>(timeline);
}

}  // namespace stateproof::check
