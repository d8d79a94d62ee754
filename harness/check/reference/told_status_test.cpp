#include "harness/check/reference/told_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;

void count(StatefulSet& set, int ready) {
  set.observed_generation = set.meta.generation;
  set.current_pods = {1};
  set.ready_pods = set.available_pods = {ready};
  set.current_revision_pods = set.updated_pods = {1};
}

Story one_pod() {
  Story story;
  story.pods_look([](Pod& pod, int) {
    pod.meta.labels[kRevisionLabel] = "mariadb-1";
    pod.meta.labels["app"] = "mariadb";
  });
  story.begins(steps::Operation{.number = 0, .what = "create"});
  story.set([](StatefulSet& set) {
    set.meta.generation = 1;
    set.replicas = {1};
    set.match_labels = {{"app", "mariadb"}};
    set.current_revision = set.update_revision = "mariadb-1";
  });
  story.created(0).set([](StatefulSet& set) { count(set, 0); });
  story.ready(0).set([](StatefulSet& set) { count(set, 1); });
  return story;
}

/// Somebody does something to the set itself.
Story& mark_set(Story& story) {
  return story.fault(0).rewrite([](Entry& entry) {
    if (auto* mark = std::get_if<FaultMark>(&entry))
      mark->target = {"StatefulSet", "database", "mariadb", Uid{"set"}};
  });
}

/// One that fits no moment, and the controller's next word.
std::size_t tell_wrong_status(Story& story) {
  story.set([](StatefulSet& set) { set.current_pods = {3}; });
  const std::size_t wrong = story.last();
  story.set([](StatefulSet& set) { count(set, 1); });
  for (int seconds = 0; seconds < 10; ++seconds) story.ready(0);
  return wrong;
}

TEST(ToldStatus, MayBeSomebodyElsesOnceWhenTheSetIsMarked) {
  Story story = one_pod();
  tell_wrong_status(mark_set(story));
  EXPECT_THAT(status_as_counted(story.reaches<steps::Operation>()), IsConformant());
}

/// A pod leaves the selector, another one changes, and only then is the first let go.
Story stray() {
  Story story = one_pod();
  story.set([](StatefulSet& set) { set.replicas = {2}; }).created(1).ready(1).set([](StatefulSet& set) {
    set.current_pods = set.ready_pods = set.available_pods = {2};
    set.current_revision_pods = set.updated_pods = {2};
  });
  story.modified(1, [](Pod& pod) { pod.meta.labels["app"] = "strayed"; });
  story.unready(0).modified(1, [](Pod& pod) { pod.meta.owners.clear(); });
  story.set([](StatefulSet& set) { count(set, 1); }).set([](StatefulSet& set) { count(set, 0); });
  story.ready(0).set([](StatefulSet& set) { count(set, 1); });
  return story;
}

// What somebody else writes proves nothing of what the controller has seen.
TEST(ToldStatus, MayBeOlderThanWhatSomebodyElseWrote) {
  Story story = one_pod();
  mark_set(story).set([](StatefulSet& set) { set.ready_pods = {0}; });
  story.unready(0).set([](StatefulSet& set) { count(set, 1); });
  story.set([](StatefulSet& set) { count(set, 0); });
  EXPECT_THAT(status_as_counted(story.reaches<steps::Operation>()), IsConformant());
}

TEST(ToldStatus, CountsNoPodThatHasLeftTheSelector) {
  EXPECT_THAT(status_as_counted(stray().reaches<steps::Operation>()), IsConformant());
}

TEST(ToldStatus, IsTheControllersWithoutAMark) {
  Story story = one_pod();
  const std::size_t wrong = tell_wrong_status(story);
  EXPECT_THAT(status_as_counted(story.reaches<steps::Operation>()), IsNonconformant(ElementsAre(wrong)));
}

TEST(ToldStatus, IsTheControllersAfterTheOneThatWasMarked) {
  Story story = one_pod();
  tell_wrong_status(mark_set(story));
  const std::size_t wrong = tell_wrong_status(story);
  EXPECT_THAT(status_as_counted(story.reaches<steps::Operation>()), IsNonconformant(ElementsAre(wrong)));
}

/// The set is deleted, another of its name created, and its status written: a few times as if it were the
/// former, and then its own.
Story recreated(std::int64_t told, int times) {
  Story story = one_pod();
  for (int generation = 2; generation <= 3; ++generation)
    story.set([&](StatefulSet& set) { set.meta.generation = generation; }).set([](StatefulSet& set) {
      count(set, 1);
    });
  const auto second = [&story](const std::function<void(StatefulSet&)>& change) {
    story.set([&](StatefulSet& set) {
      set.meta.ref.uid = Uid{"set-2"};
      set.meta.generation = 1;
      change(set);
    });
  };
  const auto counts_none = [](StatefulSet& set, std::int64_t observed) {
    set.observed_generation = observed;
    set.current_pods = set.ready_pods = set.available_pods = {0};
    set.current_revision_pods = set.updated_pods = {0};
  };
  second([&](StatefulSet& set) {
    counts_none(set, 0);
    set.current_revision = set.update_revision = "";
  });
  for (int i = 0; i < times; ++i)
    second([&](StatefulSet& set) {
      count(set, i % 2);
      set.observed_generation = told;
      set.current_revision = set.update_revision = "mariadb-1";
    });
  second([&](StatefulSet& set) { counts_none(set, 1); });
  for (int seconds = 0; seconds < 10; ++seconds) story.listed(0);
  return story;
}

TEST(ToldStatus, MayBeTheFormerSetsOfThatNameOnce) {
  const auto outcome = [](std::int64_t told, int times) {
    return status_as_counted(recreated(told, times).reaches<steps::Operation>()).outcome;
  };
  EXPECT_EQ(outcome(3, 1), Outcome::kConformant);
  EXPECT_EQ(outcome(4, 1), Outcome::kConformant);
  EXPECT_EQ(outcome(3, 2), Outcome::kNonconformant);
  EXPECT_EQ(outcome(2, 1), Outcome::kNonconformant);
  EXPECT_EQ(outcome(9, 1), Outcome::kNonconformant);
}

/// Its revisions are deleted with it, and another one is the current then.
Story deleted_in_the_foreground(bool deleted) {
  Story story = one_pod();
  story.set([&](StatefulSet& set) {
    ++set.meta.generation;
    if (deleted) set.meta.deletion = Timestamp{};
  });
  story.terminating(0).set([](StatefulSet& set) {
    set.observed_generation = set.meta.generation;
    set.current_revision = set.update_revision = "mariadb-2";
    set.current_revision_pods = set.updated_pods = {0};
  });
  for (int seconds = 0; seconds < 10; ++seconds) story.listed(0);
  return story;
}

TEST(ToldStatus, MayLoseItsCurrentRevisionWhileTheSetIsBeingDeleted) {
  EXPECT_THAT(status_as_counted(deleted_in_the_foreground(true).reaches<steps::Operation>()), IsConformant());
  EXPECT_EQ(status_as_counted(deleted_in_the_foreground(false).reaches<steps::Operation>()).outcome,
            Outcome::kNonconformant);
}

}  // namespace
}  // namespace stateproof::check
