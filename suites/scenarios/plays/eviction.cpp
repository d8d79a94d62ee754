#include <fmt/format.h>

#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/engine/conditions.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

// The budget has taken note of its pods and allows at least so many disruptions.
record::Condition budget_allows(int disruptions) {
  return [=](const record::View& view) {
    const auto budget = view.budgets.find(fixtures::Sleeper::kName);
    const bool counted = budget != view.budgets.end() && budget->second.observed_generation > 0;
    const int allowed = counted ? budget->second.allowed : 0;
    return record::Standing{
        counted && allowed >= disruptions,
        fmt::format("the budget allows {} disruptions instead of {}", allowed, disruptions),
        {}};
  };
}

record::Condition always() {
  return [](const record::View&) { return record::Standing{true, "answered", {}}; };
}

}  // namespace

void play_eviction(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  const Ordinal last = sleepers.ordinal(2);
  const Ordinal middle = sleepers.ordinal(1);

  const auto wanted = fixtures::sleeper_objects(
      stage.request().image, {.replicas = subject.replicas, .held = true, .claims = false});
  sleepers.create(wanted, started(subject, sleepers.first(1)));
  sleepers.release(sleepers.ordinal(0), started(subject, sleepers.first(2)));
  sleepers.release(middle, started(subject, sleepers.first(3)));
  sleepers.release(last, counted_ready(subject, {3}));
  stage.step(
      steps::Budget{.available = 2}, "two of three pods must stay available",
      [&] { stage.create(stage.mutated({fixtures::sleeper_budget({2})})); }, budget_allows(1),
      kBudgetCounted);

  Uid former;
  const auto note_former = [&](Ordinal ordinal) {
    former = stage.recorder().look([&](const record::View& view) {
      const auto pod = view.pods.find(subject.pod_name(ordinal));
      return pod == view.pods.end() ? Uid{} : pod->second.meta.ref.uid;
    });
  };
  const auto succeeded = [&](Ordinal ordinal) {
    return both(successor(subject, ordinal, former), started(subject, {ordinal}));
  };

  note_former(last);
  stage.step(
      steps::Evict{.ordinal = last}, "evict " + subject.pod_name(last),
      [&](steps::Evict& step) { note(step, stage.evict(last)); }, succeeded(last), kSleepersStart);
  stage.step(
      steps::EvictBeyond{.ordinal = middle, .unready = last},
      fmt::format("evict {} while {} is not Ready", subject.pod_name(middle), subject.pod_name(last)),
      [&](steps::EvictBeyond& step) { note(step, stage.evict(middle)); }, always(), kBudgetCounted);
  sleepers.release(last, budget_allows(1));
  note_former(middle);
  stage.step(
      steps::Evict{.ordinal = middle}, fmt::format("evict {} again", subject.pod_name(middle)),
      [&](steps::Evict& step) { note(step, stage.evict(middle)); }, succeeded(middle), kSleepersStart);
}

}  // namespace stateproof::scenarios
