#include "harness/check/rollout/update_budget.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Three Ready pods and a set that may miss two; the last entry, #8, is the begin of the step.
template <StepType S>
Story about_to(std::optional<int> max_unavailable = 2) {
  Story story;
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  story.set([&](StatefulSet& set) {
    set.replicas = {3};
    set.max_unavailable = max_unavailable;
  });
  return story.begins(S{.max_unavailable = 2});
}

/// Two go at once and come back one after the other.
Story two_replaced(std::optional<int> max_unavailable = 2) {
  return about_to<steps::RollTwo>(max_unavailable)
      .terminating(2)
      .terminating(1)
      .deleted(2)
      .deleted(1)
      .created(1)
      .ready(1)
      .created(2);
}

TEST(UpdatedWithinBudget, TwoPodsAtATimeAreConformant) {
  const Verdict verdict = updated_within_budget(
      two_replaced().ready(2).terminating(0).deleted(0).created(0).ready(0).reaches<steps::RollTwo>());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.measurements.at(0).value, 2);
}

TEST(UpdatedWithinBudget, TheNextMayGoWhileOneIsStillUnavailable) {
  EXPECT_THAT(
      updated_within_budget(two_replaced().terminating(0).ready(2).deleted(0).reaches<steps::RollTwo>()),
      IsConformant());
}

TEST(UpdatedWithinBudget, AThirdUnavailablePodIsABreach) {
  EXPECT_THAT(
      updated_within_budget(
          about_to<steps::RollTwo>().terminating(2).terminating(1).terminating(0).reaches<steps::RollTwo>()),
      IsNonconformant(ElementsAre(11)));
  EXPECT_THAT(updated_within_budget(about_to<steps::RollTwo>()
                                        .terminating(2)
                                        .deleted(2)
                                        .terminating(1)
                                        .deleted(1)
                                        .created(1)
                                        .terminating(0)
                                        .reaches<steps::RollTwo>()),
              IsNonconformantAs(HasSubstr("3 were unavailable: mariadb-0 was being deleted, mariadb-1 was "
                                          "not Ready yet, mariadb-2 did not exist")));
}

TEST(UpdatedWithinBudget, WhatTheControllerMayNotHaveSeenIsNotHeldAgainstIt) {
  // A pod that was Ready again may have lost its readiness a moment ago.
  EXPECT_THAT(updated_within_budget(
                  two_replaced().ready(2).unready(2).unready(1).terminating(0).reaches<steps::RollTwo>()),
              IsConformant());
  EXPECT_THAT(updated_within_budget(about_to<steps::RollTwo>()
                                        .fault(0)
                                        .terminating(0)
                                        .terminating(2)
                                        .terminating(1)
                                        .reaches<steps::RollTwo>()),
              IsConformant());
}

TEST(UpdatedWithinBudget, AFieldThatTheServerDroppedIsNotApplicable) {
  const Verdict verdict = updated_within_budget(two_replaced(std::nullopt).reaches<steps::RollTwo>());
  EXPECT_EQ(verdict.outcome, Outcome::kNotApplicable);
  EXPECT_THAT(verdict.reason, HasSubstr("dropped spec.updateStrategy.rollingUpdate.maxUnavailable"));
}

TEST(UpdatedWithinBudget, IsInDoubtWithoutAnUpdate) {
  EXPECT_THAT(updated_within_budget(Story{}), IsInconclusive(HasSubstr("roll-two")));
  EXPECT_THAT(updated_within_budget(about_to<steps::RollTwo>().reaches<steps::RollTwo>()),
              IsInconclusive(HasSubstr("no pod was replaced")));
  EXPECT_THAT(updated_within_budget(two_replaced(1).reaches<steps::RollTwo>()),
              IsInconclusive(HasSubstr("was 1")));
  EXPECT_THAT(updated_within_budget(two_replaced().gap("pods").reaches<steps::RollTwo>()),
              IsInconclusive(HasSubstr("pods")));
}

TEST(BrokenUpdateWithinBudget, APodThatGoesInTheHoldIsABreach) {
  const auto broken = [] {
    return about_to<steps::RollTwoBad>()
        .terminating(2)
        .terminating(1)
        .deleted(2)
        .deleted(1)
        .created(2)
        .created(1)
        .reaches<steps::RollTwoBad>()
        .begins(steps::HoldTwoBad{.max_unavailable = 2});
  };
  EXPECT_THAT(broken_update_within_budget(broken().reaches<steps::HoldTwoBad>()), IsConformant());
  EXPECT_THAT(broken_update_within_budget(broken().terminating(0).reaches<steps::HoldTwoBad>()),
              IsNonconformant(ElementsAre(17)));
}

}  // namespace
}  // namespace stateproof::check
