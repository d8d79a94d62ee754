#include "suites/explore/play.h"

#include <fmt/format.h>

#include <algorithm>

#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/explore/hand.h"
#include "suites/explore/promises.h"
#include "suites/scenarios/engine/conditions.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::explore {
namespace {

using namespace std::chrono_literals;
using scenarios::Stage;

const record::Within kMidway{3s, "a few events of a set in motion; none may come"};
const record::Within kQuiet{15s,
                            "a small set whose pods start and end within seconds; it may be kept from it"};
const record::Within kHealed{25s, "a small set whose pods start and end within seconds"};
const record::Within kSettled{
    120s, "up to four pods that start and end within seconds, each with a new volume, one after the other"};

bool is_of(const Pod& pod, const StatefulSet& set) { return pod.meta.is_controlled_by(set.meta); }

/// Why the set is not at rest; empty when it is.
std::string unrest(const Subject& subject, const record::View& view) {
  const auto found = view.sets.find(subject.set);
  if (found == view.sets.end()) return "there is no set";
  const StatefulSet& set = found->second;
  if (set.observed_generation != set.meta.generation) return "the set's generation is not observed yet";
  int members = 0;
  for (const auto& [name, pod] : view.pods) {
    const auto ordinal = ordinal_of(name, subject.set);
    if (!ordinal || !is_of(pod, set)) continue;
    ++members;
    if (!set.wants(*ordinal)) return name + " is not wanted";
    if (pod.phase != "Running" || !pod.ready || pod.terminating())
      return fmt::format("{} is {}{}", name, pod.phase,
                         pod.terminating() ? ", being deleted" : ", not Ready");
    const bool is_updated =
        set.update_strategy == "RollingUpdate" && ordinal->value >= set.first.value + set.partition;
    if (is_updated && pod.revision() != set.update_revision) return name + " is not updated";
  }
  if (members != set.replicas.value)
    return fmt::format("{} of {} pods are there", members, set.replicas.value);
  if (set.current_pods != set.replicas || set.ready_pods != set.replicas ||
      set.available_pods != set.replicas)
    return "the status does not count all pods yet";
  return {};
}

record::Condition at_rest(const Subject& subject) {
  return [&subject](const record::View& view) {
    const std::string why = unrest(subject, view);
    return record::Standing{why.empty(), why.empty() ? "all is as it was asked for" : why, {}};
  };
}

/// True after so many entries.
record::Condition after(int entries) {
  return [entries](const record::View&) mutable {
    return record::Standing{entries-- <= 0, "events are awaited", {}};
  };
}

void keep_pace(Stage& stage, const Operation& operation) {
  if (operation.pace == Pace::kAtOnce) return;
  const bool midway = operation.pace == Pace::kMidway;
  const record::Waited waited = stage.recorder().await(
      midway ? after(operation.events) : at_rest(stage.subject()), midway ? kMidway : kQuiet, stage.stop());
  if (waited.result != record::Waited::Result::kTimedOut) stage.require(waited);
}

void tell(Stage& stage, const steps::Operation& step, const std::string& text,
          const std::function<std::string()>& act) {
  stage.begin(step, text);
  try {
    stage.end(step, Step::Phase::kReached, act());
  } catch (const scenarios::HarnessTrouble& trouble) {
    stage.end(step, Step::Phase::kFailed, trouble.what());
    throw;
  }
}

/// Pods that nothing but a hand replaces: of a revision that was given up, and never Ready.
void delete_stuck(Stage& stage) {
  const auto stuck = stage.recorder().look([&](const record::View& view) {
    std::vector<std::string> names;
    const auto set = view.sets.find(stage.subject().set);
    for (const auto& [name, pod] : view.pods)
      if (set != view.sets.end() && is_of(pod, set->second) && !pod.ready && !pod.terminating() &&
          pod.revision() != set->second.update_revision)
        names.push_back(name);
    return names;
  });
  for (const std::string& pod : stuck) stage.delete_pod(pod);
}

void settle(Stage& stage, Hand& hand) {
  steps::Operation step{.number = 0, .what = "heal"};
  tell(stage, step, "undo what keeps the set from rest", [&] {
    hand.heal();
    return "done";
  });
  const record::Waited waited = stage.recorder().await(at_rest(stage.subject()), kHealed, stage.stop());
  if (waited.result == record::Waited::Result::kTimedOut)
    tell(stage, step, "delete pods that were never Ready, of a template that was given up", [&] {
      hand.heal();
      hand.drop_partition();
      delete_stuck(stage);
      return "done";
    });
  else
    stage.require(waited);
  stage.attempt(steps::Settle{}, "everything that is owed comes", [] {}, at_rest(stage.subject()), kSettled);
}

/// What one watch tells condemns only when the others were heard later: they are given time, and a cause.
void hear_once_more(Stage& stage) {
  stage.pause(6s);
  const bool exists = stage.recorder().look(
      [&](const record::View& view) { return view.sets.contains(stage.subject().set); });
  if (exists) stage.hold(steps::Rest{}, "all watches are heard once more", [] {});
}

/// At rest, for there the deletion has no excuse; a set that does not come to rest loses the pod all the
/// same.
void delete_a_wanted_pod(Stage& stage) {
  const record::Waited waited = stage.recorder().await(at_rest(stage.subject()), kQuiet, stage.stop());
  if (waited.result != record::Waited::Result::kTimedOut) stage.require(waited);
  stage.remove(kube::kPods, stage.subject().pod_name(stage.subject().first));
}

void play(Stage& stage, const Sequence& sequence, std::optional<Kind> broken_at) {
  Hand hand(stage, sequence.shape);
  try {
    tell(stage, {.number = 0, .what = "create"},
         fmt::format("{} replicas from ordinal {}, {}", sequence.shape.replicas, sequence.shape.start,
                     sequence.shape.parallel ? "Parallel" : "OrderedReady"),
         [&] { return hand.create(); });
    for (const Operation& operation : sequence.operations) {
      steps::Operation step{.number = operation.number, .what = std::string{name_of(operation.kind)}};
      tell(stage, step, text_of(operation), [&] { return hand.act(operation); });
      if (operation.kind == broken_at) delete_a_wanted_pod(stage);
      keep_pace(stage, operation);
    }
    settle(stage, hand);
    hear_once_more(stage);
  } catch (...) {
    try {
      hand.let_go();
    } catch (const std::exception&) {
      throw scenarios::HarnessTrouble("pods may keep the finalizer stateproof.dev/hold");
    }
    throw;
  }
}

std::vector<scenarios::Right> rights() {
  using namespace kube;
  return {{"connect", kPods, "exec"},
          {"create", kConfigMaps},
          {"create", kPods},
          {"delete", kPods},
          {"patch", kPods},
          {"patch", kPods, "status"},
          {"create", kPods, "eviction"},
          {"delete", kClaims},
          {"create", kPodDisruptionBudgets},
          {"delete", kPodDisruptionBudgets},
          {"delete", kStatefulSets},
          {"patch", kStatefulSets},
          {"patch", kStatefulSets, "status"},
          {"patch", kStatefulSets, "scale"},
          {"get", kStatefulSets, "scale"},
          {"update", kStatefulSets, "scale"}};
}

}  // namespace

scenarios::Scenario scenario_of(const Sequence& sequence, std::optional<Kind> broken_at) {
  scenarios::Scenario scenario;
  scenario.name = promise_of(sequence.seed).scenario;
  scenario.title = "operations drawn at random";
  scenario.subject = [shape = sequence.shape](const std::string& ns) {
    Subject subject = fixtures::sleeper_subject(ns);
    subject.replicas = {shape.replicas};
    subject.first = {shape.start};
    subject.ordered = !shape.parallel;
    return subject;
  };
  scenario.play = [sequence, broken_at](Stage& stage) { play(stage, sequence, broken_at); };
  scenario.also_watches = {kube::kControllerRevisions, kube::kPodDisruptionBudgets};
  scenario.rights = rights();
  return scenario;
}

}  // namespace stateproof::explore
