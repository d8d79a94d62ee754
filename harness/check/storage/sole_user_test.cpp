#include "harness/check/storage/sole_user.h"

#include <gmock/gmock.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <StepType S>
S user() {
  return {.claim = "mariadb-data-mariadb-0", .first = "mariadb-0", .second = "mariadb-1"};
}

/// mariadb-0 has the claim, mariadb-1 is created and wants it, too.
Story second_wants_it() {
  Story story;
  story.pods_look([](Pod& pod, int) { pod.node.clear(); });
  story.begins(user<steps::FirstUser>())
      .claim_pending(0)
      .created(0)
      .bound(0)
      .ready(0)
      .reaches<steps::FirstUser>();
  return story.begins(user<steps::SecondUser>()).created(1);
}

void be_refused(Pod& pod) { pod.unscheduled_message = "0/2 nodes are available"; }

TEST(ClaimHasOneUser, WhenTheSchedulerRefusesTheSecond) {
  Story story = second_wants_it();
  EXPECT_THAT(claim_has_one_user(story.modified(1, be_refused).reaches<steps::SecondUser>()), IsConformant());
}

TEST(ClaimHasOneUser, NotWhenTheSecondGetsANode) {
  Story story = second_wants_it();
  story.modified(1, [](Pod& pod) { pod.node = "node-1"; });
  const std::size_t breach = story.last();
  EXPECT_THAT(claim_has_one_user(story.reaches<steps::SecondUser>()), IsNonconformant(ElementsAre(breach)));
}

TEST(ClaimHasOneUser, IsInconclusiveWhenTheFirstWentMeanwhile) {
  Story story = second_wants_it();
  story.terminating(0).modified(1, [](Pod& pod) { pod.node = "node-1"; });
  EXPECT_THAT(claim_has_one_user(story.reaches<steps::SecondUser>()),
              IsInconclusive(HasSubstr("did not run all the time")));
}

TEST(ClaimHasOneUser, IsInconclusiveWhenTheSchedulerHasNotTried) {
  Story story = second_wants_it();
  EXPECT_THAT(claim_has_one_user(story.times_out<steps::SecondUser>()),
              IsInconclusive(HasSubstr("has not tried")));
}

TEST(ClaimHasOneUser, IsNotApplicableWithoutAVolume) {
  Story story;
  story.begins(user<steps::FirstUser>()).claim_pending(0).created(0).times_out<steps::FirstUser>();
  EXPECT_EQ(claim_has_one_user(story).outcome, Outcome::kNotApplicable);
}

TEST(ClaimHasOneUser, IsInconclusiveWhenThePodWaitedForSomethingElse) {
  Story story;
  story.begins(user<steps::FirstUser>()).claim_pending(0).created(0).bound(0).times_out<steps::FirstUser>();
  EXPECT_EQ(claim_has_one_user(story).outcome, Outcome::kInconclusive);
}

}  // namespace
}  // namespace stateproof::check
