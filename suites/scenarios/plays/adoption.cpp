#include <fmt/format.h>

#include "fixtures/manifest/manifest.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

const record::Within kOwners{std::chrono::seconds{60},
                             "the garbage collector or the StatefulSet controller changes ownerReferences"};

// The set is gone, and no pod of it has a controller.
record::Condition orphaned(const Subject& subject) {
  return [&](const record::View& view) {
    if (view.sets.contains(subject.set)) return record::Standing{false, "the set still exists", {}};
    for (const auto& [name, pod] : view.pods)
      if (pod.meta.controller() != nullptr)
        return record::Standing{false, name + " still has a controller", {}};
    return record::Standing{true, "the set is gone, and its pods have no controller", {}};
  };
}

record::Condition owned(const Subject& subject, std::vector<Ordinal> wanted, bool by_the_set) {
  return [&subject, wanted = std::move(wanted), by_the_set](const record::View& view) {
    const auto set = view.sets.find(subject.set);
    for (const Ordinal ordinal : wanted) {
      const auto pod = view.pods.find(subject.pod_name(ordinal));
      const bool is_owned = pod != view.pods.end() && set != view.sets.end() &&
                            pod->second.meta.is_controlled_by(set->second.meta);
      if (is_owned != by_the_set)
        return record::Standing{
            false,
            fmt::format("{} is {}controlled by the set", subject.pod_name(ordinal), is_owned ? "" : "not "),
            {}};
    }
    return record::Standing{true, by_the_set ? "controlled by the set" : "not controlled by the set", {}};
  };
}

}  // namespace

void play_adoption(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  const std::vector<Ordinal> all = sleepers.first(subject.replicas.value);
  const Ordinal middle = sleepers.ordinal(1);
  auto objects =
      fixtures::sleeper_objects(stage.request().image, {.replicas = subject.replicas, .claims = false});
  sleepers.create(objects, both(all_ready(subject, all), counted_ready(subject, subject.replicas)));

  stage.step(
      steps::Orphan{}, fmt::format("delete StatefulSet {} and orphan its pods", subject.set),
      [&] { stage.remove(kube::kStatefulSets, subject.set, {.propagation = kube::Propagation::kOrphan}); },
      orphaned(subject), kOwners);
  stage.step(
      steps::Adopt{}, fmt::format("recreate StatefulSet {}", subject.set),
      [&] {
        const auto again = stage.mutated(objects);
        stage.create({*std::find_if(again.begin(), again.end(),
                                    [](const auto& one) { return one.at("kind") == "StatefulSet"; })});
      },
      both(owned(subject, all, true), counted_ready(subject, subject.replicas)), kOwners);

  // What no longer matches the selector is let go, and taken back when it matches again.
  const auto label = [&](const char* value) {
    stage.patch(kube::kPods, subject.pod_name(middle), {{"metadata", {{"labels", {{"app", value}}}}}});
  };
  stage.step(
      steps::ReleasePod{.ordinal = middle},
      fmt::format("{} no longer matches the set's selector", subject.pod_name(middle)),
      [&] { label("strayed"); }, owned(subject, {middle}, false), kOwners);
  stage.step(
      steps::Readopt{.ordinal = middle},
      fmt::format("{} matches the selector again", subject.pod_name(middle)),
      [&] { label(fixtures::Sleeper::kName); }, owned(subject, {middle}, true), kOwners);
}

}  // namespace stateproof::scenarios
