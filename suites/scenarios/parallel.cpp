#include <fmt/format.h>

#include "fixtures/manifest/manifest.h"
#include "fixtures/sleeper/sleeper.h"
#include "suites/scenarios/plays.h"
#include "suites/scenarios/sleepers.h"

namespace stateproof::scenarios {

Subject parallel_subject(const std::string& ns) {
  Subject subject = fixtures::sleeper_subject(ns);
  subject.ordered = false;
  subject.first = {5};
  return subject;
}

void play_parallel(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  auto objects = fixtures::sleeper_objects(stage.request().image,
                                           {.replicas = subject.replicas, .held = true, .claims = false});
  nlohmann::json& spec = fixtures::object_of_kind(objects, "StatefulSet")["spec"];
  spec["podManagementPolicy"] = "Parallel";
  spec["ordinals"] = {{"start", subject.first.value}};

  // Nobody makes these pods Ready: whatever comes about does so without waiting.
  sleepers.create(objects, started(subject, sleepers.first(3)));
  stage.step(
      "scale-up", {{"from", 3}, {"to", 4}}, "3 -> 4 while no pod is Ready", [&] { stage.scale(4); },
      started(subject, sleepers.first(4)), kSleepersStart);
  stage.step(
      "scale-down", {{"from", 4}, {"to", 1}}, "4 -> 1 while no pod is Ready", [&] { stage.scale(1); },
      scaled_down(subject, {1}), kSleepersStop);
  const int start = subject.first.value + 1;
  stage.step(
      "move-start", {{"from", subject.first.value}, {"to_start", start}},
      fmt::format("the first ordinal becomes {}", start),
      [&] { stage.patch(kube::kStatefulSets, subject.set, {{"spec", {{"ordinals", {{"start", start}}}}}}); },
      both(started(subject, {{start}}), absent(subject, subject.first)), kSleepersStart);
}

}  // namespace stateproof::scenarios
