#include <fmt/format.h>

#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
void play_halting(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);

  // Creation: no pod follows while the first one is not Ready.
  const auto wanted = fixtures::sleeper_objects(
      stage.request().image, {.replicas = subject.replicas, .held = true, .claims = false});
  sleepers.create(wanted, started(subject, sleepers.first(1)));
  stage.hold(steps::HoldCreation{.ordinal = subject.first},
             fmt::format("{} is not Ready: no pod may be created after it", subject.pod_name(subject.first)),
             [] {});
  sleepers.release(sleepers.ordinal(0), started(subject, sleepers.first(2)));
  sleepers.release(sleepers.ordinal(1), started(subject, sleepers.first(3)));
  sleepers.release(sleepers.ordinal(2), counted_ready(subject, {3}));

  // Scale-down: no pod goes while one that stays is not Ready.
  sleepers.make_unready(sleepers.ordinal(1), {2});
  stage.hold(steps::HoldScaleDown{.ordinal = sleepers.ordinal(1), .from = 3, .to = 2},
             fmt::format("scale 3 -> 2 while {} is not Ready", subject.pod_name(sleepers.ordinal(1))),
             [&] { stage.scale(2); });

  // A pod that is lost comes back though a higher one is not Ready.
  Uid former;
  stage.step(
      steps::Revive{.ordinal = subject.first},
      fmt::format("delete {} while {} is not Ready", subject.pod_name(subject.first),
                  subject.pod_name(sleepers.ordinal(1))),
      [&] { former = stage.delete_pod(subject.first); }, successor(subject, subject.first, former),
      kSleepersStart);
  stage.step(
      steps::Clear{.ordinal = subject.first}, "its replacement starts", [] {},
      started(subject, sleepers.first(1)), kSleepersStart);
  sleepers.release(sleepers.ordinal(0), [](const record::View&) { return record::Standing{true, {}, {}}; });

  // What was blocked continues by itself.
  stage.step(
      steps::Resume{.ordinal = sleepers.ordinal(1), .from = 3, .to = 2},
      fmt::format("{} becomes Ready: the scale-down continues", subject.pod_name(sleepers.ordinal(1))),
      [&] { stage.exec(sleepers.ordinal(1), {"touch", fixtures::Sleeper::kReadyFile}); },
      scaled_down(subject, {2}), kSleepersStop);
}

}  // namespace stateproof::scenarios
