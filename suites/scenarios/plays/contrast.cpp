#include <fmt/format.h>

#include <set>

#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

using fixtures::kLoose;
using fixtures::Sleeper;

std::vector<Pod> loose_pods(const record::View& view) {
  std::vector<Pod> pods;
  for (const auto& [name, pod] : view.pods)
    if (pod.meta.label("app") == kLoose && !pod.terminating()) pods.push_back(pod);
  return pods;
}

// Those that are on their way out, too.
std::size_t loose_left(const record::View& view, bool told_to_stop) {
  return static_cast<std::size_t>(std::count_if(view.pods.begin(), view.pods.end(), [&](const auto& named) {
    return named.second.meta.label("app") == kLoose && named.second.terminating() == told_to_stop;
  }));
}

bool runs(const Pod& pod) { return !pod.containers.empty() && pod.containers.front().running; }

record::Condition loose_started(int wanted) {
  return [=](const record::View& view) {
    const std::vector<Pod> pods = loose_pods(view);
    const auto running = std::count_if(pods.begin(), pods.end(), runs);
    return record::Standing{
        running == wanted, fmt::format("{} of {} pods of the Deployment are running", running, wanted), {}};
  };
}

record::Condition loose_ready(int wanted) {
  return [=](const record::View& view) {
    const std::vector<Pod> pods = loose_pods(view);
    const auto ready = std::count_if(pods.begin(), pods.end(), [](const Pod& pod) { return pod.ready; });
    return record::Standing{
        ready == wanted, fmt::format("{} of {} pods of the Deployment are Ready", ready, wanted), {}};
  };
}

// So many pods of the Deployment run, and the one with this UID is not among them.
record::Condition loose_without(const Uid& former, int wanted) {
  return [&former, wanted](const record::View& view) {
    std::size_t others = 0;
    for (const Pod& pod : loose_pods(view))
      if (pod.meta.ref.uid != former && runs(pod)) ++others;
    for (const auto& [name, pod] : view.pods)
      if (pod.meta.ref.uid == former) return record::Standing{false, name + " still exists", {}};
    return record::Standing{others == static_cast<std::size_t>(wanted),
                            fmt::format("{} of {} pods of the Deployment are running", others, wanted),
                            {}};
  };
}

// Deletion of every pod of the Deployment and of the highest one of the set was requested.
record::Condition all_loose_told_to_stop(const std::string& highest) {
  return [highest](const record::View& view) {
    const auto pod = view.pods.find(highest);
    const std::size_t untold = loose_left(view, false);
    return record::Standing{
        untold == 0 && (pod == view.pods.end() || pod->second.terminating()),
        fmt::format("deletion of {} pods of the Deployment has not been requested yet", untold),
        {}};
  };
}

record::Condition loose_gone() {
  return [](const record::View& view) {
    const std::size_t left = loose_left(view, true) + loose_left(view, false);
    return record::Standing{left == 0, fmt::format("{} pods of the Deployment still exist", left), {}};
  };
}

// Both are scaled to zero while the pods that are deleted first stay: what is deleted meanwhile
// has not waited for them.
void scale_both_down(Stage& stage, Sleepers& sleepers) {
  const Subject& subject = stage.subject();
  const std::string highest = subject.pod_name(sleepers.ordinal(2));
  std::vector<std::string> staying{highest};
  for (const Pod& pod : stage.recorder().look(loose_pods)) staying.push_back(pod.meta.ref.name);
  stage.step(
      steps::ScaleDown{.from = subject.replicas.value, .to = 0}, "scale both to zero",
      [&] {
        for (const std::string& pod : staying) sleepers.make_stay(pod);
        stage.scale(0);
        stage.patch(kube::kDeployments, kLoose, {{"spec", {{"replicas", 0}}}});
      },
      all_loose_told_to_stop(highest), kSleepersStop);
  stage.hold(steps::HoldEnd{.ordinal = sleepers.ordinal(2)},
             highest + " does not terminate: no other may be deleted", [] {});
  stage.step(
      steps::LetEnd{}, "let the pods terminate",
      [&] {
        for (const std::string& pod : staying) sleepers.let_end(pod);
      },
      both(scaled_down(subject, {0}), loose_gone()), kSleepersStop);
}

}  // namespace

void play_contrast(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  const fixtures::SleeperOptions held{.replicas = subject.replicas, .held = true};
  auto objects = fixtures::sleeper_objects(stage.request().image, held);
  for (auto& loose : fixtures::loose_objects(stage.request().image, held)) objects.push_back(loose);

  // Both begin together, and no pod becomes Ready before somebody lets it.
  sleepers.create(objects, both(started(subject, sleepers.first(1)), loose_started(3)));
  stage.hold(steps::HoldCreation{.ordinal = subject.first}, "no pod of either is Ready", [] {});
  stage.step(
      steps::ReadyLoose{}, "let the Deployment's pods become Ready",
      [&] {
        for (const Pod& pod : stage.recorder().look(loose_pods))
          stage.exec(pod.meta.ref.name, {"touch", Sleeper::kReadyFile});
      },
      loose_ready(3), kSleepersStart);
  sleepers.release(sleepers.ordinal(0), started(subject, sleepers.first(2)));
  sleepers.release(sleepers.ordinal(1), started(subject, sleepers.first(3)));
  sleepers.release(sleepers.ordinal(2), counted_ready(subject, {3}));

  // One pod of each is lost.
  Uid former;
  stage.step(
      steps::ReplaceLoose{}, "delete a pod of the Deployment",
      [&] {
        const Pod lost = stage.recorder().look(loose_pods).front();
        former = lost.meta.ref.uid;
        stage.recorder().add(FaultMark{"DeletePod", FaultMark::Phase::kInject, lost.meta.ref});
        stage.remove(kube::kPods, lost.meta.ref.name);
      },
      loose_without(former, 3), kSleepersStart);
  stage.step(
      steps::ReplaceSleeper{.ordinal = sleepers.ordinal(1)},
      "delete " + subject.pod_name(sleepers.ordinal(1)),
      [&] { former = stage.delete_pod(sleepers.ordinal(1)); },
      both(successor(subject, sleepers.ordinal(1), former), started(subject, {sleepers.ordinal(1)})),
      kSleepersStart);
  // A scale-down halts at a pod that is not Ready.
  sleepers.release(sleepers.ordinal(1), counted_ready(subject, {3}));
  scale_both_down(stage, sleepers);
}

}  // namespace stateproof::scenarios
