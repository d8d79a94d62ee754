#include "harness/check/ordering/halting.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// mariadb-0 is there and not Ready; the last entry, #2, is the begin of the hold.
Story held_creation() { return Story{}.created(0).begins("hold-creation", {{"ordinal", 0}}); }

/// Three pods, of which mariadb-1 is not Ready; the last entry, #8, is the begin of the hold.
Story held_scale_down() {
  Story story;
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  return story.unready(1).begins("hold-scale-down", {{"ordinal", 1}, {"from", 3}, {"to", 2}});
}

TEST(CreationHalts, SilenceWhileThePodIsHeldIsConformant) {
  EXPECT_THAT(creation_halts(held_creation().reaches("hold-creation").ready(0).created(1)), IsConformant());
}

TEST(CreationHalts, APodThatFollowsIsABreach) {
  EXPECT_THAT(creation_halts(held_creation().created(1).reaches("hold-creation")),
              IsNonconformant(ElementsAre(3)));
}

TEST(CreationHalts, APodThatWasThereBeforeTheHoldIsABreach) {
  EXPECT_THAT(
      creation_halts(
          Story{}.created(0).created(1).begins("hold-creation", {{"ordinal", 0}}).reaches("hold-creation")),
      IsNonconformant(ElementsAre(2)));
}

TEST(CreationHalts, APodThatBecameReadyProvesNothing) {
  EXPECT_THAT(creation_halts(held_creation().ready(0).reaches("hold-creation")),
              IsInconclusive(HasSubstr("not held unready")));
}

TEST(CreationHalts, IsInDoubtWithoutAHoldOrWithAGap) {
  EXPECT_THAT(creation_halts(Story{}.created(0)), IsInconclusive(HasSubstr("hold-creation")));
  EXPECT_THAT(creation_halts(held_creation().gap("pods").reaches("hold-creation")),
              IsInconclusive(HasSubstr("pods")));
  EXPECT_THAT(creation_halts(held_creation()), IsInconclusive(HasSubstr("still under way")));
}

TEST(ScaleDownHalts, SilenceWhileThePodIsHeldIsConformant) {
  EXPECT_THAT(scale_down_halts(held_scale_down().reaches("hold-scale-down")), IsConformant());
}

TEST(ScaleDownHalts, APodThatIsToldToStopIsABreach) {
  EXPECT_THAT(scale_down_halts(held_scale_down().terminating(2).reaches("hold-scale-down")),
              IsNonconformant(ElementsAre(9)));
}

TEST(ScaleDownHalts, AFaultIsNotTheControllers) {
  EXPECT_THAT(scale_down_halts(held_scale_down().fault(2).terminating(2).reaches("hold-scale-down")),
              IsConformant());
}

TEST(ScaleDownResumes, TheExcessPodIsToldToStop) {
  EXPECT_THAT(scale_down_resumes(held_scale_down()
                                     .reaches("hold-scale-down")
                                     .begins("resume", {{"ordinal", 1}, {"from", 3}, {"to", 2}})
                                     .ready(1)
                                     .terminating(2)
                                     .deleted(2)
                                     .reaches("resume")),
              IsConformant());
}

TEST(ScaleDownResumes, APodThatStaysForLongIsABreach) {
  const auto stuck = [](std::chrono::seconds length) {
    return scale_down_resumes(held_scale_down()
                                  .reaches("hold-scale-down")
                                  .begins("resume", {{"ordinal", 1}, {"from", 3}, {"to", 2}})
                                  .ready(1)
                                  .after(length)
                                  .times_out("resume"));
  };
  EXPECT_THAT(stuck(90s), IsNonconformant(ElementsAre(12)));
  EXPECT_THAT(stuck(5s), IsInconclusive(HasSubstr("timed out")));
}

TEST(ScaleDownResumes, APodThatNeverBecameReadyIsNotTheControllersFault) {
  EXPECT_THAT(scale_down_resumes(held_scale_down()
                                     .begins("resume", {{"ordinal", 1}, {"from", 3}, {"to", 2}})
                                     .after(90s)
                                     .times_out("resume")),
              IsInconclusive(HasSubstr("did not become Ready")));
}

TEST(LostPodIsRevived, ASuccessorIsConformantAndItsAbsenceABreach) {
  const auto lost = [] {
    return held_scale_down().begins("revive", {{"ordinal", 0}}).fault(0).terminating(0).deleted(0);
  };
  EXPECT_THAT(lost_pod_is_revived(lost().created(0).reaches("revive")), IsConformant());
  EXPECT_THAT(lost_pod_is_revived(lost().after(120s).times_out("revive")), IsNonconformant(ElementsAre(13)));
}

}  // namespace
}  // namespace stateproof::check
