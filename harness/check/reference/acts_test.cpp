#include "harness/check/reference/acts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
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

}  // namespace
}  // namespace stateproof::check
