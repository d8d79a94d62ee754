#include "harness/check/disruption/eviction.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/check/evidence/step_duty.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

constexpr int kRefused = 429;

/// HTTP status that the API server answered with; 0 when the step has none.
template <StepType S>
int answer_of(const JudgedStep& under) {
  return under.answered<S>().code.value_or(0);
}

bool is_granted(int code) { return code >= 200 && code < 300; }

std::string look_at_budget(const Subject& subject) {
  return fmt::format("status of the budget: kubectl -n {} get poddisruptionbudget -o yaml", subject.ns);
}

ObjectRef pod_ref(const JudgedStep& under) {
  return {"Pod", under.subject.ns, under.pod_name(under.ordinal()), {}};
}

/// In a step that timed out: what more pods are available than the budget demands, it allows.
void demand_allowance(JudgedStep& under) {
  const RecordedStep* asked = under.course.find<steps::Budget>();
  const auto demanded = asked == nullptr ? std::nullopt : asked->as<steps::Budget>();
  if (!demanded || !under.ended_calm()) return;
  const auto available =
      std::count_if(under.after.pods.begin(), under.after.pods.end(), [&](const auto& one) {
        return subject_ordinal(*one.second, under.subject) && one.second->ready && !one.second->terminating();
      });
  const int spare = static_cast<int>(available) - demanded->available;
  for (const auto& [name, budget] : under.after.budgets)
    if (budget->allowed < spare)
      under.find(budget->meta.ref, fmt::format("status.disruptionsAllowed is {}", spare),
                 fmt::format("it was {} at {}, while {} pods were Ready and the budget requires {}",
                             budget->allowed, moment(*under.step.end), available, demanded->available),
                 *under.step.end, look_at_budget(under.subject));
}

}  // namespace

Verdict evictions_within_budget_are_granted(const Timeline& timeline) {
  return judge_step<steps::Evict>(
      timeline, {"pods", "poddisruptionbudgets"}, "every eviction within the budget was granted",
      [](JudgedStep& under) {
        if (under.step.timed_out()) demand_allowance(under);
        if (!under.step.is<steps::Evict>()) return;
        int allowed = 0;
        for (const auto& [name, budget] : under.before.budgets) allowed += budget->allowed;
        if (allowed == 0) return under.judgement.doubt("the budget allowed no disruption");
        if (answer_of<steps::Evict>(under) == 0) return under.judgement.doubt("the answer was not recorded");
        if (answer_of<steps::Evict>(under) != kRefused && !is_granted(answer_of<steps::Evict>(under)))
          return under.judgement.doubt(
              fmt::format("the API server answered {}", answer_of<steps::Evict>(under)));
        if (answer_of<steps::Evict>(under) == kRefused)
          under.find(pod_ref(under), "the eviction is granted, because the budget allows it",
                     fmt::format("the API server answered {} at {}", kRefused, moment(*under.step.end)),
                     *under.step.end, look_at_budget(under.subject));
      },
      [](const RecordedStep& step) { return step.timed_out(); });
}

Verdict evictions_beyond_budget_are_refused(const Timeline& timeline) {
  return judge_step<steps::EvictBeyond>(
      timeline, {"pods"}, "the eviction beyond the budget was refused", [](JudgedStep& under) {
        const std::string unready = under.pod_name(under.asked<steps::EvictBeyond>().unready);
        for (const Snapshot* moment : {&under.before, &under.after})
          if (const Pod* pod = moment->pod(unready); pod != nullptr && pod->ready && !pod->terminating())
            return under.judgement.doubt(
                fmt::format("{} was Ready, so the budget was not exhausted", unready));
        if (answer_of<steps::EvictBeyond>(under) == 0)
          return under.judgement.doubt("the answer was not recorded");
        if (answer_of<steps::EvictBeyond>(under) != kRefused &&
            !is_granted(answer_of<steps::EvictBeyond>(under)))
          return under.judgement.doubt(
              fmt::format("the API server answered {}", answer_of<steps::EvictBeyond>(under)));
        if (is_granted(answer_of<steps::EvictBeyond>(under)))
          under.find(pod_ref(under), fmt::format("the eviction is refused while {} is not Ready", unready),
                     fmt::format("the API server granted it at {}", moment(*under.step.end)), *under.step.end,
                     look_at_budget(under.subject));
        for (const Incarnation& pod : under.pods)
          if (pod.ordinal == under.ordinal() && under.covers(pod.ending))
            under.find(pod.ref, fmt::format("{} stays", pod.ref.name),
                       fmt::format("its deletion was requested at {}", moment(*pod.ending)), *pod.ending,
                       look_at_budget(under.subject));
      });
}

Verdict evicted_pods_come_back(const Timeline& timeline) {
  return judge_step<steps::Evict>(
      timeline, {"pods"}, "each evicted pod came back under its name", [](JudgedStep& under) {
        if (!is_granted(answer_of<steps::Evict>(under)))
          return under.judgement.doubt(
              fmt::format("the eviction was not granted ({})", answer_of<steps::Evict>(under)));
        const std::string name = under.pod_name(under.ordinal());
        const Pod* before = under.before.pod(name);
        const Pod* after = under.after.pod(name);
        if (before == nullptr) return under.judgement.doubt(fmt::format("{} was not there", name));
        const bool is_new = after != nullptr && after->meta.ref.uid != before->meta.ref.uid;
        if (is_new) return;
        if (after != nullptr || !under.overdue(kRefusalsOnly))
          return under.judgement.doubt(fmt::format("{} was not recreated in time", name));
        under.find(before->meta.ref, fmt::format("{} is recreated", name),
                   fmt::format("there was no pod of that name at {}", moment(*under.step.end)),
                   *under.step.end,
                   fmt::format("Events: kubectl -n {} describe statefulset {}", under.subject.ns,
                               under.subject.set));
      });
}

}  // namespace stateproof::check
