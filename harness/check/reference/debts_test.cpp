#include "harness/check/reference/debts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::HasSubstr;

/// A set that wants two pods, of which the first is Ready.
Story one_of_two(const std::string& management = "OrderedReady") {
  Story story;
  story.pods_look([](Pod& pod, int) {
    pod.meta.labels[kRevisionLabel] = "mariadb-1";
    pod.meta.labels["app"] = "mariadb";
  });
  story.begins(steps::Create{.replicas = {1}});
  story.set([&](StatefulSet& set) {
    set.meta.generation = set.observed_generation = 1;
    set.replicas = {2};
    set.pod_management = management;
    set.match_labels = {{"app", "mariadb"}};
    set.current_revision = set.update_revision = "mariadb-1";
  });
  return story.created(0).ready(0).reaches<steps::Create>().begins(steps::Settle{});
}

/// The controller is seen for long enough, and does nothing.
Story& waits_in_vain(Story& story) {
  for (int seconds = 0; seconds < 60; ++seconds)
    story.set([&](StatefulSet& set) { set.available_pods = {seconds % 2}; });
  return story.times_out<steps::Settle>("waited");
}

TEST(DebtsOfSets, OweAPodThatIsWanted) {
  Story story = one_of_two();
  EXPECT_EQ(debts_are_paid(waits_in_vain(story)).outcome, Outcome::kNonconformant);
  EXPECT_THAT(debts_are_paid(story).findings.front().expected, HasSubstr("mariadb-1 is created"));
}

TEST(DebtsOfSets, AreNotDueBeforeTheirTime) {
  Story story = one_of_two();
  story.set([](StatefulSet& set) { set.available_pods = {1}; }).times_out<steps::Settle>("waited");
  EXPECT_THAT(debts_are_paid(story), IsInconclusive(HasSubstr("mariadb-1 is created")));
}

// The pod may have come and gone within the hole.
TEST(DebtsOfSets, AreNotOlderThanAHole) {
  const auto with_hole_at = [](int when) {
    Story story = one_of_two();
    for (int seconds = 0; seconds < 60; ++seconds) {
      if (seconds == when) story.gap("pods").ready(0);
      story.set([&](StatefulSet& set) { set.available_pods = {seconds % 2}; });
    }
    return debts_are_paid(story.times_out<steps::Settle>("waited"));
  };
  EXPECT_THAT(with_hole_at(45), IsInconclusive(HasSubstr("mariadb-1 is created")));
  EXPECT_EQ(with_hole_at(5).outcome, Outcome::kNonconformant);
}

TEST(DebtsOfSets, WaitForAPredecessorInOrder) {
  Story story = one_of_two();
  story.unready(0);
  EXPECT_THAT(debts_are_paid(waits_in_vain(story)), IsInconclusive(HasSubstr("nothing was owed")));
  Story parallel = one_of_two("Parallel");
  parallel.unready(0);
  EXPECT_EQ(debts_are_paid(waits_in_vain(parallel)).outcome, Outcome::kNonconformant);
}

TEST(DebtsOfSets, WaitForAStrangerOfThatName) {
  Story story = one_of_two();
  story.pods_look([](Pod& pod, int) { pod.meta.owners.clear(); }).created(1);
  EXPECT_THAT(debts_are_paid(waits_in_vain(story)), IsInconclusive(HasSubstr("nothing was owed")));
}

TEST(DebtsOfSets, OweTheSuccessorOfAPodThatSucceeded) {
  Story story = one_of_two();
  story.created(1).ready(1).modified(1, [](Pod& pod) {
    pod.phase = "Succeeded";
    pod.ready = false;
  });
  EXPECT_THAT(debts_are_paid(waits_in_vain(story)).findings.front().expected,
              HasSubstr("mariadb-1 is replaced, for it Succeeded"));
}

TEST(DebtsOfSets, OweAnAdoption) {
  Story story = one_of_two();
  story.created(1).ready(1).modified(1, [](Pod& pod) { pod.meta.owners.clear(); });
  EXPECT_THAT(debts_are_paid(waits_in_vain(story)).findings.front().expected,
              HasSubstr("mariadb-1 is adopted"));
}

TEST(DebtsOfSets, OweARelease) {
  Story story = one_of_two();
  story.created(1).ready(1).modified(1, [](Pod& pod) { pod.meta.labels["app"] = "strayed"; });
  EXPECT_THAT(debts_are_paid(waits_in_vain(story)).findings.front().expected,
              HasSubstr("mariadb-1 is released"));
}

TEST(DebtsOfSets, OweAnUpdate) {
  Story story = one_of_two();
  story.created(1).ready(1).set([](StatefulSet& set) { set.update_revision = "mariadb-2"; });
  EXPECT_THAT(debts_are_paid(waits_in_vain(story)).findings.front().expected,
              HasSubstr("mariadb-1 is updated to mariadb-2"));
}

TEST(DebtsOfSets, OweNoUpdateBelowThePartitionNorOnDelete) {
  for (const auto& [strategy, partition] : {std::pair{"RollingUpdate", 2}, std::pair{"OnDelete", 0}}) {
    Story story = one_of_two();
    story.created(1).ready(1).set([&, how = strategy, below = partition](StatefulSet& set) {
      set.update_revision = "mariadb-2";
      set.update_strategy = how;
      set.partition = below;
      set.current_pods = set.ready_pods = {2};
    });
    EXPECT_THAT(debts_are_paid(waits_in_vain(story)), IsInconclusive(HasSubstr("nothing was owed")));
  }
}

TEST(DebtsOfSets, OweTheDeletionOfAPodThatIsNotWanted) {
  Story story = one_of_two();
  story.created(1).ready(1).created(2).ready(2);
  EXPECT_THAT(debts_are_paid(waits_in_vain(story)).findings.front().expected,
              HasSubstr("mariadb-2 is deleted"));
}

TEST(DebtsOfSets, OweAStatus) {
  Story story = one_of_two();
  story.created(1).ready(1);
  EXPECT_THAT(debts_are_paid(waits_in_vain(story)).findings.front().expected, HasSubstr("counts 2 pods"));
}

TEST(DebtsOfSets, ArePaidWhereEveryStepIsReached) {
  Story story = one_of_two();
  story.created(1).ready(1).reaches<steps::Settle>();
  EXPECT_THAT(debts_are_paid(story), IsConformant());
}

}  // namespace
}  // namespace stateproof::check
