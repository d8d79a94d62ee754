#include "harness/check/ordering/adoption.h"

#include <fmt/format.h>

#include "harness/check/evidence/step_duty.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

std::string look_at_owners(const Subject& subject) {
  return fmt::format("metadata.ownerReferences of the pods: kubectl -n {} get pods -o yaml", subject.ns);
}

bool controlled_by(const Pod& pod, const StatefulSet* set) {
  return set != nullptr && pod.meta.is_controlled_by(set->meta);
}

/// Each pod that was there when the step began is there when it ends, and nothing told it to stop.
std::size_t demand_same_pods(JudgedStep& under) {
  std::size_t judged = 0;
  for (const Incarnation& pod : under.pods) {
    if (pod.appeared->index > under.step.end->index) continue;
    if (under.covers(pod.appeared))
      under.find(pod.ref, "no pod is recreated",
                 fmt::format("{} was created at {}", pod.ref.name, moment(*pod.appeared)), *pod.appeared,
                 look_at_owners(under.subject));
    ++judged;
    const Observation* end = under.covers(pod.ending) ? pod.ending : pod.gone;
    if (!under.covers(end) || pod.excused) continue;
    under.find(pod.ref, fmt::format("{} with UID {} stays", pod.ref.name, pod.ref.uid.value),
               fmt::format("its deletion was requested at {}", moment(*end)), *end,
               look_at_owners(under.subject));
  }
  if (judged == 0) under.judgement.doubt("there was no pod to judge");
  return judged;
}

/// The pod of args["ordinal"], when it is still there.
const Pod* judged_pod(JudgedStep& under) {
  const Pod* pod = under.after.pod(under.pod_name(under.ordinal()));
  if (pod == nullptr) under.judgement.doubt(fmt::format("{} is gone", under.pod_name(under.ordinal())));
  return pod;
}

}  // namespace

Verdict orphans_live_on(const Timeline& timeline) {
  return judge_step<steps::Orphan>(timeline, {"pods", "statefulsets"}, "all pods outlived their set",
                                   [](JudgedStep& under) { demand_same_pods(under); });
}

Verdict pods_go_with_their_set(const Timeline& timeline) {
  return judge_step<steps::DeleteSet>(
      timeline, {"pods", "statefulsets"}, "all pods were deleted with their set", [](JudgedStep& under) {
        const StatefulSet* set = under.before.set(under.subject.set);
        if (set == nullptr) return under.judgement.doubt("the set was not there");
        std::size_t judged = 0;
        for (const auto& [name, pod] : under.before.pods) {
          if (!controlled_by(*pod, set)) continue;
          ++judged;
          const Pod* now = under.after.pod(pod->meta.ref.name);
          if (now == nullptr || now->terminating() || !under.overdue(kNoHindrance)) continue;
          under.find(pod->meta.ref, fmt::format("{} is deleted, because its set was deleted", name),
                     fmt::format("its deletion had not been requested at {}", moment(*under.step.end)),
                     *under.step.end, look_at_owners(under.subject));
        }
        if (judged == 0) under.judgement.doubt("the set had no pod");
      });
}

Verdict orphans_are_adopted(const Timeline& timeline) {
  return judge_step<steps::Adopt>(
      timeline, {"pods", "statefulsets"}, "all pods were adopted unchanged", [](JudgedStep& under) {
        demand_same_pods(under);
        const StatefulSet* set = under.after.set(under.subject.set);
        for (const auto& [name, pod] : under.after.pods) {
          if (!subject_ordinal(*pod, under.subject) || controlled_by(*pod, set) ||
              !under.overdue(kRefusalsOnly))
            continue;
          under.find(pod->meta.ref, fmt::format("{} is controlled by the new set", name),
                     fmt::format("it was not at {}", moment(*under.step.end)), *under.step.end,
                     look_at_owners(under.subject));
        }
      });
}

Verdict strangers_are_released(const Timeline& timeline) {
  return judge_step<steps::ReleasePod>(
      timeline, {"pods", "statefulsets"}, "a pod that no longer matches was released, not deleted",
      [](JudgedStep& under) {
        demand_same_pods(under);
        const Pod* pod = judged_pod(under);
        if (pod == nullptr || !controlled_by(*pod, under.after.set(under.subject.set)) ||
            !under.overdue(kRefusalsOnly))
          return;
        under.find(
            pod->meta.ref, "a pod that does not match the selector is not controlled by the set",
            fmt::format("{} was still controlled by it at {}", pod->meta.ref.name, moment(*under.step.end)),
            *under.step.end, look_at_owners(under.subject));
      });
}

Verdict returners_are_adopted(const Timeline& timeline) {
  return judge_step<steps::Readopt>(
      timeline, {"pods", "statefulsets"}, "a pod that matched again was adopted again",
      [](JudgedStep& under) {
        demand_same_pods(under);
        const Pod* pod = judged_pod(under);
        if (pod == nullptr || controlled_by(*pod, under.after.set(under.subject.set)) ||
            !under.overdue(kRefusalsOnly))
          return;
        under.find(pod->meta.ref, "a pod that matches the selector again is controlled by the set",
                   fmt::format("{} was not at {}", pod->meta.ref.name, moment(*under.step.end)),
                   *under.step.end, look_at_owners(under.subject));
      });
}

}  // namespace stateproof::check
