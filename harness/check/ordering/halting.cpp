#include "harness/check/ordering/halting.h"

#include <fmt/format.h>

#include "harness/check/evidence/step_duty.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

std::string look_at_policy(const Subject& subject) {
  return fmt::format(
      "spec.podManagementPolicy as served (Parallel?): kubectl -n {} get statefulset {} -o yaml; the log of "
      "kube-controller-manager",
      subject.ns, subject.set);
}

/// The pod that is held was there all the while and never Ready: without that the silence proves nothing.
void doubt_unless_held(JudgedStep& under, Ordinal held) {
  for (const Snapshot* moment : {&under.before, &under.after}) {
    const Pod* pod = moment->pod(under.pod_name(held));
    if (pod == nullptr || pod->ready || pod->terminating())
      under.judgement.doubt(
          fmt::format("{} was not kept unready as the scenario requires", under.pod_name(held)));
  }
}

}  // namespace

Verdict creation_halts(const Timeline& timeline) {
  return judge_step<steps::HoldCreation>(
      timeline, {"pods"}, "no pod was created after one that was not Ready", [](JudgedStep& under) {
        const Ordinal held = under.ordinal();
        for (const Incarnation& pod : under.pods)
          // From the beginning on: what is there when the hold begins came too early just the same.
          if (pod.ordinal > held && pod.appeared->index <= under.step.end->index)
            under.find(pod.ref,
                       fmt::format("no pod is created after {} while it is not Ready", under.pod_name(held)),
                       fmt::format("{} was created at {}", pod.ref.name, moment(*pod.appeared)),
                       *pod.appeared, look_at_policy(under.subject));
        doubt_unless_held(under, held);
      });
}

Verdict scale_down_halts(const Timeline& timeline) {
  return judge_step<steps::HoldScaleDown>(
      timeline, {"pods"}, "no pod was deleted while one that stays was not Ready", [](JudgedStep& under) {
        const Ordinal held = under.ordinal();
        for (const Incarnation& pod : under.pods) {
          if (pod.ordinal == held || pod.ended_on_purpose() || pod.excused || !under.covers(pod.ending))
            continue;
          under.find(pod.ref,
                     fmt::format("{} stays while {} is not Ready", pod.ref.name, under.pod_name(held)),
                     fmt::format("deletion of {} was requested at {}", pod.ref.name, moment(*pod.ending)),
                     *pod.ending, look_at_policy(under.subject));
        }
        doubt_unless_held(under, held);
      });
}

Verdict scale_down_resumes(const Timeline& timeline) {
  return judge_step<steps::Resume>(
      timeline, {"pods"}, "the scale-down continued once all pods were Ready", [](JudgedStep& under) {
        const Ordinal healed = under.ordinal();
        const auto asked = under.asked<steps::Resume>();
        // A scale-down goes on only while every pod that stays, and every one that goes, is Ready.
        for (int ordinal = 0; ordinal < asked.from; ++ordinal) {
          const Ordinal place{under.subject.first.value + ordinal};
          const std::string name = under.pod_name(place);
          const Pod* pod = under.after.pod(name);
          const bool stays = ordinal < asked.to || place == healed;
          if (pod == nullptr ? stays : !pod->ready && !pod->terminating())
            return under.judgement.doubt(fmt::format("{} did not become Ready", name));
          if (stays && pod->terminating()) return under.judgement.doubt(fmt::format("{} was ending", name));
        }
        for (int ordinal = asked.to; ordinal < asked.from; ++ordinal) {
          const Pod* excess = under.after.pod(under.pod_name({under.subject.first.value + ordinal}));
          if (excess == nullptr || excess->terminating() || !under.overdue(kAnyHindrance)) continue;
          under.find(excess->meta.ref, fmt::format("{} is deleted", excess->meta.ref.name),
                     fmt::format("it was still there at {}, and its deletion had not been requested",
                                 moment(*under.step.end)),
                     *under.step.end, look_at_policy(under.subject));
        }
      });
}

Verdict lost_pod_is_revived(const Timeline& timeline) {
  return judge_step<steps::Revive>(
      timeline, {"pods"}, "a lost pod was recreated while a higher one was not Ready", [](JudgedStep& under) {
        const std::string name = under.pod_name(under.ordinal());
        if (under.after.pod(name) != nullptr || !under.overdue(kRefusalsOnly)) return;
        under.find({"Pod", under.subject.ns, name, {}},
                   fmt::format("{} is recreated, whatever the state of higher ordinals", name),
                   fmt::format("no new {} had been created by {}", name, moment(*under.step.end)),
                   *under.step.end, look_at_policy(under.subject));
      });
}

}  // namespace stateproof::check
