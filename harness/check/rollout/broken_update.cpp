#include "harness/check/rollout/broken_update.h"

#include <fmt/format.h>

#include <string>

#include "harness/check/rollout/revisions.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

void find_stopped(JudgedStep& under, const Incarnation& pod, std::string_view why) {
  under.find(pod.ref, fmt::format("{} stays: {}", pod.ref.name, why),
             fmt::format("its deletion was requested at {}", moment(*pod.ending)), *pod.ending,
             look_at_revisions(under.subject));
}

/// The pod that the update broke, as it was when the step ended; null, and a doubt, when it is not broken.
const Incarnation* broken_pod(JudgedStep& under) {
  const Incarnation* latest = under.pods.latest(under.ordinal());
  while (latest != nullptr && latest->appeared->index > under.step.end->index) latest = latest->former;
  const StatefulSet* set = set_at(under, under.after);
  if (latest == nullptr || set == nullptr) return nullptr;
  const Pod* pod = under.after.pod(latest->ref.name);
  if (pod == nullptr || revision_of(*pod) != set->update_revision) {
    under.judgement.doubt(fmt::format("the update had not reached {}", latest->ref.name));
    return nullptr;
  }
  if (latest->was_ready() && latest->first_ready()->index <= under.step.end->index) {
    under.judgement.doubt(fmt::format("the updated {} became Ready", latest->ref.name));
    return nullptr;
  }
  return latest;
}

}  // namespace

Verdict broken_update_stops(const Timeline& timeline) {
  return judge_step<steps::HoldBad>(
      timeline, {"pods", "statefulsets"}, "the update stopped at the pod that did not become Ready",
      [](JudgedStep& under) {
        const RecordedStep* began = under.course.find<steps::RollBad>();
        if (began == nullptr) return under.judgement.doubt("no update was started");
        const Incarnation* broken = broken_pod(under);
        for (const Incarnation& pod : under.pods) {
          const bool is_other = pod.ordinal < under.ordinal();
          if (is_other && stopped_by_controller(pod, *began->begin, *under.step.end))
            find_stopped(under, pod,
                         fmt::format("the updated {} is not Ready",
                                     broken == nullptr ? under.pod_name(under.ordinal()) : broken->ref.name));
        }
      });
}

Verdict revert_spares_ready_pods(const Timeline& timeline) {
  std::string broken;
  bool was_replaced = false;
  Verdict verdict = judge_step<steps::Revert>(
      timeline, {"pods", "statefulsets"}, "no Ready pod was deleted", [&](JudgedStep& under) {
        std::size_t spared = 0;
        for (const auto& [ordinal, pod] : pods_of(under.before, under.subject)) {
          const Incarnation* life = under.pods.find(pod->meta.ref.uid);
          if (life == nullptr) continue;
          if (ordinal == under.ordinal()) {
            broken = pod->meta.ref.name;
            was_replaced = under.covers(life->ending);
          } else if (pod->ready) {
            ++spared;
            if (stopped_by_controller(*life, *under.step.begin, *under.step.end))
              find_stopped(under, *life, "it is Ready at the revision that the template was reverted to");
          }
        }
        if (spared == 0) under.judgement.doubt("no pod was Ready");
        if (broken.empty()) return under.judgement.doubt("there was no broken pod");
        under.judgement.measure(
            {"broken pods replaced without intervention", was_replaced ? 1.0 : 0.0, "pods", broken});
      });
  if (verdict.outcome == Outcome::kConformant)
    verdict.reason += was_replaced
                          ? fmt::format("; {}, which was broken, was replaced without intervention", broken)
                          : fmt::format("; {}, which was broken, had to be deleted by hand", broken);
  return verdict;
}

Verdict deleted_broken_pod_heals(const Timeline& timeline) {
  return judge_step<steps::Heal>(
      timeline, {"pods", "statefulsets"},
      "the broken pod was recreated at the reverted revision and became Ready", [](JudgedStep& under) {
        const StatefulSet* set = set_at(under, under.before);
        if (set == nullptr) return;
        const std::string name = under.pod_name(under.ordinal());
        const Pod* former = under.before.pod(name);
        const Pod* pod = under.after.pod(name);
        const bool is_back = pod != nullptr && former != nullptr && pod->meta.ref.uid != former->meta.ref.uid;
        if (is_back) return demand_revision(under, set->update_revision, "as in the reverted template");
        if (former == nullptr) return under.judgement.doubt("there was no broken pod");
        if (pod != nullptr || !under.overdue(kRefusalsOnly))
          return under.judgement.doubt(fmt::format("{} was not replaced", name));
        under.find(former->meta.ref, fmt::format("{} is recreated", name),
                   fmt::format("it had no successor at {}", moment(*under.step.end)), *under.step.end,
                   look_at_revisions(under.subject));
      });
}

}  // namespace stateproof::check
