#include "harness/check/storage/sole_user.h"

#include <fmt/format.h>

#include "harness/check/evidence/step_duty.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

bool runs(const Pod* pod) { return pod != nullptr && pod->phase == "Running" && !pod->terminating(); }

/// Whether the first pod never started because its claim got no volume.
bool has_no_volume(const Timeline& timeline) {
  const Course course{timeline};
  const RecordedStep* step = course.find<steps::FirstUser>();
  if (step == nullptr || !step->timed_out() || course.lost({"persistentvolumeclaims"})) return false;
  const Claim* claim = snapshot_at(timeline, *step->end).claim(step->as<steps::FirstUser>()->claim);
  return claim != nullptr && claim->phase == "Pending";
}

}  // namespace

Verdict claim_has_one_user(const Timeline& timeline) {
  if (has_no_volume(timeline))
    return not_applicable("the provisioner created no volume for a claim of access mode ReadWriteOncePod");
  return judge_step<steps::SecondUser>(
      timeline, {"pods"}, "the second pod was not scheduled while the first ran", [](JudgedStep& under) {
        const auto [claim, first, second] = under.asked<steps::SecondUser>();
        const Pod* before = under.before.pod(first);
        const Pod* after = under.after.pod(first);
        if (!runs(before) || !runs(after) || before->meta.ref.uid != after->meta.ref.uid)
          return under.judgement.doubt(fmt::format("{} did not run all the time", first));
        for (const Observation& seen : under.during) {
          const Pod* pod = seen.object<Pod>();
          if (pod == nullptr || pod->meta.ref.name != second || pod->node.empty()) continue;
          return under.find(
              pod->meta.ref, fmt::format("{} is not scheduled while {} uses the claim", second, first),
              fmt::format("it was assigned to node {} at {}", pod->node, moment(seen)), seen,
              fmt::format("spec.accessModes: kubectl -n {} get pvc {} -o yaml; the scheduler's plugin "
                          "VolumeRestrictions",
                          under.subject.ns, claim));
        }
        const Pod* waiting = under.after.pod(second);
        if (waiting == nullptr || waiting->unscheduled_message.empty())
          under.judgement.doubt(fmt::format("the scheduler has not tried {}", second));
      });
}

}  // namespace stateproof::check
