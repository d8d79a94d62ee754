#include "harness/check/reference/acts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/fields.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;

/// A set of three pods that have been there for a minute.
Story three_pods() {
  Story story;
  story.pods_look([](Pod& pod, int) { pod.meta.labels[kRevisionLabel] = "mariadb-1"; });
  story.begins(steps::Operation{.number = 0, .what = "create"});
  story.set([](StatefulSet& set) {
    set.meta.generation = set.observed_generation = 1;
    set.replicas = {3};
    set.current_revision = set.update_revision = "mariadb-1";
  });
  for (int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  // Time counts as far as something was heard.
  for (int seconds = 0; seconds < 60; ++seconds) story.listed(0);
  return story.reaches<steps::Operation>();
}

StatefulSet& next_generation(StatefulSet& set) {
  ++set.meta.generation;
  return set;
}

TEST(Acts, MayDeletePodsBelowTheOrdinalsThatAreWanted) {
  Story story = three_pods();
  story.set([](StatefulSet& set) { next_generation(set).first = {2}; });
  story.set([](StatefulSet& set) { set.observed_generation = 2; });
  story.terminating(1).deleted(1).terminating(0).deleted(0);
  EXPECT_THAT(acts_are_allowed(story), IsConformant());
}

TEST(Acts, DeleteUnwantedPodsFromTheHighestDown) {
  Story story = three_pods();
  story.set([](StatefulSet& set) { next_generation(set).first = {2}; });
  story.set([](StatefulSet& set) { set.observed_generation = 2; });
  story.terminating(0);
  const std::size_t breach = story.last();
  for (int seconds = 0; seconds < 10; ++seconds) story.set([](StatefulSet&) {});
  EXPECT_THAT(acts_are_allowed(story), IsNonconformant(ElementsAre(breach)));
}

TEST(Acts, DoNotWaitForAPodThatHasLeftTheSet) {
  Story story = three_pods();
  story.modified(2, [](Pod& pod) { pod.meta.owners.clear(); });
  story.set([](StatefulSet& set) { next_generation(set).replicas = {1}; });
  story.set([](StatefulSet& set) { set.observed_generation = 2; });
  story.terminating(1).deleted(1);
  EXPECT_THAT(acts_are_allowed(story), IsConformant());
}

/// The second pod comes so long after the first has become Ready.
Story second_after(std::chrono::seconds pause, int min_ready) {
  Story story;
  story.begins(steps::Operation{.number = 0, .what = "create"});
  story.set([&](StatefulSet& set) {
    set.meta.generation = set.observed_generation = 1;
    set.replicas = {2};
    set.min_ready_seconds = min_ready;
  });
  const Timestamp noon = *parse_rfc3339("2026-03-01T12:00:00Z");
  story.created(0).modified(0, [&](Pod& pod) {
    pod.phase = "Running";
    pod.ready = true;
    pod.ready_since = noon;
  });
  story.pods_look([&](Pod& pod, int) { pod.meta.created = noon + pause; }).after(pause).created(1);
  for (int seconds = 0; seconds < 10; ++seconds) story.set([](StatefulSet&) {});
  return story.reaches<steps::Operation>();
}

TEST(Acts, CreateAPodAfterItsPredecessorHasBeenReadyForMinReadySeconds) {
  using std::chrono::seconds;
  EXPECT_THAT(acts_are_allowed(second_after(seconds{12}, 12)), IsConformant());
  EXPECT_THAT(acts_are_allowed(second_after(seconds{2}, 0)), IsConformant());
  EXPECT_EQ(acts_are_allowed(second_after(seconds{2}, 12)).outcome, Outcome::kNonconformant);
}

/// A template is changed, and a pod of the former revision is deleted meanwhile and comes back as it was.
Story comes_back_as_it_was(int counted, bool has_parameters) {
  Story story = three_pods();
  story.set([&](StatefulSet& set) {
    next_generation(set).observed_generation = 2;
    set.update_revision = "mariadb-2";
    set.current_revision_pods = {counted};
  });
  const auto ten_seconds = [&] {
    for (int seconds = 0; seconds < 10; ++seconds) story.set([](StatefulSet&) {});
  };
  ten_seconds();
  story.fault(1).terminating(1).deleted(1).created(1);
  ten_seconds();
  nlohmann::json strategy{{"type", "RollingUpdate"}};
  if (has_parameters) strategy["rollingUpdate"] = {{"partition", 0}};
  return story.rewrite([&](Entry& entry) {
    auto* seen = std::get_if<ObjectSeen>(&entry);
    if (seen != nullptr && std::holds_alternative<StatefulSet>(seen->object))
      seen->served =
          std::make_shared<const nlohmann::json>(nlohmann::json{{"spec", {{"updateStrategy", strategy}}}});
  });
}

// What the API server leaves out when a strategy is changed back from OnDelete.
TEST(Acts, KeepTheCurrentRevisionOfAsManyPodsAsHaveItWithoutAPartition) {
  EXPECT_THAT(acts_are_allowed(comes_back_as_it_was(2, false)), IsConformant());
  EXPECT_EQ(acts_are_allowed(comes_back_as_it_was(1, false)).outcome, Outcome::kNonconformant);
  EXPECT_EQ(acts_are_allowed(comes_back_as_it_was(2, true)).outcome, Outcome::kNonconformant);
}

}  // namespace
}  // namespace stateproof::check
