#include "harness/check/ordering/halting.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// mariadb-0 is there and not Ready; the last entry, #2, is the begin of the hold.
Story held_creation() { return Story{}.created(0).begins(steps::HoldCreation{.ordinal = {0}}); }

/// Three pods, of which mariadb-1 is not Ready; the last entry, #8, is the begin of the hold.
Story held_scale_down() {
  Story story;
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  return story.unready(1).begins(steps::HoldScaleDown{.ordinal = {1}, .from = 3, .to = 2});
}

TEST(CreationHalts, SilenceWhileThePodIsHeldIsConformant) {
  EXPECT_THAT(creation_halts(held_creation().reaches<steps::HoldCreation>().ready(0).created(1)),
              IsConformant());
}

TEST(CreationHalts, APodThatFollowsIsABreach) {
  EXPECT_THAT(creation_halts(held_creation().created(1).reaches<steps::HoldCreation>()),
              IsNonconformant(ElementsAre(3)));
}

TEST(CreationHalts, APodThatWasThereBeforeTheHoldIsABreach) {
  EXPECT_THAT(creation_halts(Story{}
                                 .created(0)
                                 .created(1)
                                 .begins(steps::HoldCreation{.ordinal = {0}})
                                 .reaches<steps::HoldCreation>()),
              IsNonconformant(ElementsAre(2)));
}

TEST(CreationHalts, APodThatBecameReadyProvesNothing) {
  EXPECT_THAT(creation_halts(held_creation().ready(0).reaches<steps::HoldCreation>()),
              IsInconclusive(HasSubstr("not kept unready")));
}

TEST(CreationHalts, IsInDoubtWithoutAHoldOrWithAGap) {
  EXPECT_THAT(creation_halts(Story{}.created(0)), IsInconclusive(HasSubstr("hold-creation")));
  EXPECT_THAT(creation_halts(held_creation().gap("pods").reaches<steps::HoldCreation>()),
              IsInconclusive(HasSubstr("pods")));
  EXPECT_THAT(creation_halts(held_creation()), IsInconclusive(HasSubstr("still in progress")));
}

TEST(ScaleDownHalts, SilenceWhileThePodIsHeldIsConformant) {
  EXPECT_THAT(scale_down_halts(held_scale_down().reaches<steps::HoldScaleDown>()), IsConformant());
}

TEST(ScaleDownHalts, APodThatIsToldToStopIsABreach) {
  EXPECT_THAT(scale_down_halts(held_scale_down().terminating(2).reaches<steps::HoldScaleDown>()),
              IsNonconformant(ElementsAre(9)));
}

TEST(ScaleDownHalts, AFaultIsNotTheControllers) {
  EXPECT_THAT(scale_down_halts(held_scale_down().fault(2).terminating(2).reaches<steps::HoldScaleDown>()),
              IsConformant());
}

TEST(ScaleDownResumes, TheExcessPodIsToldToStop) {
  EXPECT_THAT(scale_down_resumes(held_scale_down()
                                     .reaches<steps::HoldScaleDown>()
                                     .begins(steps::Resume{.ordinal = {1}, .from = 3, .to = 2})
                                     .ready(1)
                                     .terminating(2)
                                     .deleted(2)
                                     .reaches<steps::Resume>()),
              IsConformant());
}

TEST(ScaleDownResumes, APodThatStaysForLongIsABreach) {
  const auto stuck = [](std::chrono::seconds length) {
    return scale_down_resumes(held_scale_down()
                                  .reaches<steps::HoldScaleDown>()
                                  .begins(steps::Resume{.ordinal = {1}, .from = 3, .to = 2})
                                  .ready(1)
                                  .after(length)
                                  .times_out<steps::Resume>());
  };
  EXPECT_THAT(stuck(90s), IsNonconformant(ElementsAre(12)));
  EXPECT_THAT(stuck(5s), IsInconclusive(HasSubstr("timed out")));
}

TEST(ScaleDownResumes, APodThatNeverBecameReadyIsNotTheControllersFault) {
  EXPECT_THAT(scale_down_resumes(held_scale_down()
                                     .begins(steps::Resume{.ordinal = {1}, .from = 3, .to = 2})
                                     .after(90s)
                                     .times_out<steps::Resume>()),
              IsInconclusive(HasSubstr("did not become Ready")));
}

TEST(LostPodIsRevived, ASuccessorIsConformantAndItsAbsenceABreach) {
  const auto lost = [] {
    return held_scale_down().begins(steps::Revive{.ordinal = {0}}).fault(0).terminating(0).deleted(0);
  };
  EXPECT_THAT(lost_pod_is_revived(lost().created(0).reaches<steps::Revive>()), IsConformant());
  EXPECT_THAT(lost_pod_is_revived(lost().after(120s).times_out<steps::Revive>()),
              IsNonconformant(ElementsAre(13)));
}

}  // namespace
}  // namespace stateproof::check
