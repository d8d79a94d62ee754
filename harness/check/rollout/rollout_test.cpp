#include "harness/check/rollout/rollout.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

/// mariadb-2 was replaced and is not Ready yet; what comes next is for the test to tell.
Story while_the_highest_is_away(const char* management) {
  Story story;
  story.set([management](StatefulSet& set) { set.pod_management = management; });
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  return story.begins(steps::Rollout{.edition = 2}).terminating(2).deleted(2).created(2);
}

Story completed(Story story) {
  story.ready(2).deleted(1).created(1).ready(1);
  return story.terminating(0).deleted(0).created(0).ready(0).reaches<steps::Rollout>();
}

TEST(UpdatedFromTheTop, UnderParallelAPodThatServesNobodyNeedsNotWait) {
  EXPECT_THAT(
      updated_from_the_top(completed(while_the_highest_is_away("Parallel").unready(1).terminating(1))),
      IsConformant());
}

TEST(UpdatedFromTheTop, ItsControllerMayNotHaveSeenThatItServesAgain) {
  EXPECT_THAT(updated_from_the_top(
                  completed(while_the_highest_is_away("Parallel").unready(1).ready(1).terminating(1))),
              IsConformant());
}

TEST(UpdatedFromTheTop, UnderParallelAPodThatServesMustWait) {
  EXPECT_EQ(updated_from_the_top(completed(while_the_highest_is_away("Parallel").terminating(1))).outcome,
            Outcome::kNonconformant);
}

TEST(UpdatedFromTheTop, InOrderAPodThatServesNobodyMustWait) {
  EXPECT_EQ(
      updated_from_the_top(completed(while_the_highest_is_away("OrderedReady").unready(1).terminating(1)))
          .outcome,
      Outcome::kNonconformant);
}

}  // namespace
}  // namespace stateproof::check
