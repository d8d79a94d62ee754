#include "harness/check/rollout/broken_update.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Whoever is created from now on has this revision, which is the set's update revision, too.
Story& rolls_to(Story& story, const std::string& revision) {
  story.pods_look([revision](Pod& pod, int) { pod.meta.labels[kRevisionLabel] = revision; });
  return story.set([&](StatefulSet& set) { set.update_revision = revision; });
}

/// An update has come to mariadb-2, which is not Ready; the last entry, #14, is the begin of the hold.
Story broken() {
  Story story;
  rolls_to(story, "good");
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  story.begins(steps::RollBad{.ordinal = {2}});
  rolls_to(story, "bad").terminating(2).deleted(2).created(2).reaches<steps::RollBad>();
  return story.begins(steps::HoldBad{.ordinal = {2}});
}

/// The template is the old one again; the last entry, #17, is the begin of the step.
Story reverting() {
  Story story = broken().reaches<steps::HoldBad>();
  rolls_to(story, "good");
  return story.begins(steps::Revert{.ordinal = {2}});
}

/// The broken pod was deleted by hand; the last entry is #21.
Story healing() {
  return reverting()
      .reaches<steps::Revert>()
      .begins(steps::Heal{.ordinal = {2}})
      .fault(2)
      .terminating(2)
      .deleted(2);
}

TEST(BrokenUpdate, StopsAtThePodThatIsNotReady) {
  EXPECT_THAT(broken_update_stops(broken().reaches<steps::HoldBad>()), IsConformant());
  EXPECT_THAT(broken_update_stops(broken().terminating(1).reaches<steps::HoldBad>()),
              IsNonconformant(ElementsAre(15)));
}

TEST(BrokenUpdate, APodThatWentBeforeTheHoldIsABreachToo) {
  Story story;
  rolls_to(story, "good");
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  story.begins(steps::RollBad{.ordinal = {2}});
  rolls_to(story, "bad").terminating(2).terminating(1).deleted(2).created(2).reaches<steps::RollBad>();
  EXPECT_THAT(broken_update_stops(story.begins(steps::HoldBad{.ordinal = {2}}).reaches<steps::HoldBad>()),
              IsNonconformantAs(HasSubstr("its deletion was requested")));
}

TEST(BrokenUpdate, IsNoneWhenThePodBecomesReady) {
  EXPECT_THAT(broken_update_stops(broken().ready(2).reaches<steps::HoldBad>()),
              IsInconclusive(HasSubstr("the updated mariadb-2 became Ready")));
  EXPECT_THAT(broken_update_stops(Story{}), IsInconclusive(HasSubstr("hold-bad")));
}

TEST(RevertedUpdate, TellsWhetherTheBrokenPodWasReplaced) {
  EXPECT_THAT(revert_spares_ready_pods(reverting().reaches<steps::Revert>()).reason,
              HasSubstr("mariadb-2, which was broken, had to be deleted by hand"));
  const Verdict healed =
      revert_spares_ready_pods(reverting().terminating(2).deleted(2).reaches<steps::Revert>());
  EXPECT_THAT(healed, IsConformant());
  EXPECT_THAT(healed.reason, HasSubstr("was replaced without intervention"));
}

TEST(RevertedUpdate, AReadyPodThatGoesIsABreach) {
  EXPECT_THAT(revert_spares_ready_pods(reverting().terminating(0).reaches<steps::Revert>()),
              IsNonconformant(ElementsAre(18)));
}

TEST(DeletedBrokenPod, ComesBackAsTheRevertedTemplateHasIt) {
  EXPECT_THAT(deleted_broken_pod_heals(healing().created(2).ready(2).reaches<steps::Heal>()), IsConformant());
  EXPECT_THAT(
      deleted_broken_pod_heals(healing()
                                   .pods_look([](Pod& pod, int) { pod.meta.labels[kRevisionLabel] = "bad"; })
                                   .created(2)
                                   .times_out<steps::Heal>()),
      IsNonconformantAs(HasSubstr("it has bad")));
}

TEST(DeletedBrokenPod, OneThatNeverComesBackIsABreach) {
  EXPECT_THAT(deleted_broken_pod_heals(healing().after(90s).times_out<steps::Heal>()),
              IsNonconformantAs(HasSubstr("no successor")));
  EXPECT_THAT(deleted_broken_pod_heals(healing().after(5s).times_out<steps::Heal>()),
              IsInconclusive(HasSubstr("not replaced")));
}

}  // namespace
}  // namespace stateproof::check
