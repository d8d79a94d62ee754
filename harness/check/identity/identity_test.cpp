#include "harness/check/identity/identity.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(OnlyWantedPods, AWholeLifecycleIsConformant) {
  const Verdict verdict = only_wanted_pods(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "9 pods, all of them wanted, none deleted unasked");
}

TEST(OnlyWantedPods, ClientPodsAreOfNoConcern) {
  Story story;
  story.pods_look([](Pod& pod, int) {
    pod.meta.ref.name = "stateproof-client";
    pod.meta.owners.clear();
  });
  story.created(0).pods_look([](Pod&, int) {});
  EXPECT_THAT(only_wanted_pods(story.deployed()), IsConformant());
}

TEST(OnlyWantedPods, AFailedOrDisruptedPodMayBeReplaced) {
  Story story = Story{}.deployed();
  story.modified(1, [](Pod& pod) { pod.phase = "Failed"; }).terminating(1).deleted(1).created(1).ready(1);
  story.modified(2, [](Pod& pod) { pod.disruption = "PreemptionByScheduler"; })
      .terminating(2)
      .deleted(2)
      .created(2)
      .ready(2);
  EXPECT_THAT(only_wanted_pods(story), IsConformant());
}

TEST(OnlyWantedPods, ALaggingControllerMayFillUpBeforeItSeesTheScaleDown) {
  EXPECT_THAT(only_wanted_pods(Story{}
                                   .deployed()
                                   .fault(2)
                                   .deleted(2)
                                   .begins(steps::ScaleDown{.from = 3, .to = 2})
                                   .created(2)
                                   .ready(2)
                                   .terminating(2)
                                   .deleted(2)
                                   .reaches<steps::ScaleDown>()),
              IsConformant());
}

TEST(OnlyWantedPods, RejectsAPodThatWasToldToStopBeforeItWasDeletedOnPurpose) {
  Story story = Story{}.deployed().terminating(1);
  const std::size_t told = story.last();
  story.fault(1).deleted(1).created(1).ready(1);
  EXPECT_THAT(only_wanted_pods(story), IsNonconformant(ElementsAre(told)));
}

TEST(OnlyWantedPods, RejectsANameThatIsNoOrdinal) {
  Story story = Story{}.deployed().created_as("mariadb-x7f2p");
  EXPECT_THAT(only_wanted_pods(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(OnlyWantedPods, RejectsAnOrdinalTooMany) {
  const Story story = Story{}.deployed().created(3);
  const Verdict verdict = only_wanted_pods(story);
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(story.last())));
  EXPECT_THAT(verdict.reason, HasSubstr("the ordinal is outside mariadb-0 to mariadb-2"));
}

TEST(OnlyWantedPods, RejectsOrdinalsBelowTheFirst) {
  Story story;
  story.subject([](Subject& subject) { subject.first = {5}; });
  EXPECT_THAT(only_wanted_pods(story.created(0)), IsNonconformant(ElementsAre(1)));
}

TEST(OnlyWantedPods, RejectsARemovedPodThatComesBack) {
  Story story = Story{}.deployed().scaled_up().scaled_down().created(4);
  EXPECT_THAT(only_wanted_pods(story), IsNonconformant(ElementsAre(story.last())));
  story = Story{}
              .deployed()
              .scaled_up()
              .begins(steps::ScaleDown{.from = 5, .to = 2})
              .member_removed(4)
              .created(4);
  EXPECT_THAT(only_wanted_pods(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(OnlyWantedPods, RejectsAPodThatIsTakenAwayUnasked) {
  Story story = Story{}.deployed().terminating(1);
  const Verdict verdict = only_wanted_pods(story.deleted(1).created(1).ready(1));
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(story.last() - 3)));
  EXPECT_THAT(verdict.reason, HasSubstr("nothing in the recording asked for it"));
}

TEST(OnlyWantedPods, RejectsARestartOfAnotherPodDuringAReplacement) {
  Story story = Story{}.deployed().begins(steps::Replace{.ordinal = {0}}).fault(0).terminating(1);
  EXPECT_THAT(only_wanted_pods(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(OnlyWantedPods, RejectsScaleDownBelowTheTarget) {
  Story story = Story{}.deployed().scaled_up().scaled_down().terminating(1);
  EXPECT_THAT(only_wanted_pods(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(ReplacementKeepsIdentity, AWholeLifecycleIsConformant) {
  EXPECT_THAT(replacement_keeps_identity(Story::lifecycle()), IsConformant());
}

TEST(ReplacementKeepsIdentity, APodMayBeReplacedTwiceAndLoseItsTimestamp) {
  Story story = Story{}.deployed().replaced(0).replaced(0).replaced(1);
  story.begins(steps::Replace{.ordinal = {2}})
      .fault(2)
      .deleted(2)
      .created(2)
      .ready(2)
      .reaches<steps::Replace>();
  EXPECT_THAT(replacement_keeps_identity(story), IsConformant());
}

TEST(ReplacementKeepsIdentity, RejectsAPodThatNeverComesBack) {
  Story story = Story{}.deployed().begins(steps::Replace{.ordinal = {1}}).fault(1).terminating(1).deleted(1);
  const Verdict verdict = replacement_keeps_identity(story.after(120s).times_out<steps::Replace>());
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(story.last())));
  EXPECT_THAT(verdict.reason, HasSubstr("was not recreated within 120.0 s"));
}

TEST(ReplacementKeepsIdentity, APodThatHangsIsNoLostIdentity) {
  const Story deleting = Story{}.deployed().begins(steps::Replace{.ordinal = {1}}).fault(1).terminating(1);
  EXPECT_THAT(replacement_keeps_identity(Story{deleting}.after(120s).times_out<steps::Replace>()),
              IsInconclusive(HasSubstr("mariadb-1 was deleted and is still Terminating")));
  EXPECT_THAT(replacement_keeps_identity(
                  Story{deleting}.deleted(1).created(1).after(120s).times_out<steps::Replace>()),
              IsInconclusive(HasSubstr("the new mariadb-1 was never Ready: Pending")));
  EXPECT_THAT(replacement_keeps_identity(
                  Story{deleting}.deleted(1).unready(0).after(120s).times_out<steps::Replace>()),
              IsInconclusive(HasSubstr("mariadb-0 was not Ready either")));
}

TEST(ReplacementKeepsIdentity, RejectsAnotherHostName) {
  Story story = Story{}.deployed().pods_look([](Pod& pod, int) { pod.hostname = "mariadb-1-new"; });
  EXPECT_THAT(replacement_keeps_identity(story.replaced(1)),
              IsNonconformantAs(HasSubstr("has mariadb-1-new")));
}

TEST(ReplacementKeepsIdentity, RejectsAnotherClaim) {
  Story story =
      Story{}.deployed().pods_look([](Pod& pod, int) { pod.volume_claims["mariadb-data"] = "fresh"; });
  EXPECT_THAT(replacement_keeps_identity(story.replaced(1)), IsNonconformantAs(HasSubstr("has fresh")));
}

TEST(ReplacementKeepsIdentity, EveryMemberNeedsAReplacement) {
  EXPECT_THAT(replacement_keeps_identity(Story{}.deployed().replaced(0).replaced(1)),
              IsInconclusive("no completed replacement of mariadb-2 was recorded"));
}

TEST(OnePodPerName, AWholeLifecycleIsConformant) {
  EXPECT_THAT(one_pod_per_name(Story::lifecycle()), IsConformant());
}

TEST(OnePodPerName, RejectsASecondPodOfOneName) {
  EXPECT_THAT(one_pod_per_name(Story{}.created(0).ready(0).created(0)), IsNonconformant(ElementsAre(3)));
  EXPECT_THAT(one_pod_per_name(Story{}.created(0).ready(0).terminating(0).created(0)),
              IsNonconformant(ElementsAre(4)));
}

TEST(OnePodPerName, AGapMayHideTheEndOfTheFirst) {
  EXPECT_THAT(one_pod_per_name(Story{}.created(0).gap("pods").created(0)),
              IsInconclusive(HasSubstr("lost events")));
}

void run(Pod& pod) {
  ContainerState& server = pod.containers.emplace_back();
  server.name = "mariadb";
  server.running = true;
}

TEST(GonePodsHaveEnded, AWholeLifecycleIsConformant) {
  EXPECT_THAT(gone_pods_have_ended(Story::lifecycle()), IsConformant());
}

TEST(GonePodsHaveEnded, RejectsAPodThatGoesWhileItRuns) {
  EXPECT_THAT(gone_pods_have_ended(Story{}.deployed().modified(2, run).terminating(2).deleted(2)),
              IsNonconformantAs(HasSubstr("its container mariadb is running")));
}

TEST(GonePodsHaveEnded, AskNothingOfAPodWhoseNodeIsLost) {
  Story story = Story{}.deployed();
  story.modified(2, [](Pod& pod) {
    run(pod);
    pod.disruption = "DeletionByPodGC";
  });
  story.terminating(2).deleted(2).terminating(1).deleted(1);
  EXPECT_THAT(gone_pods_have_ended(story), IsConformant());
}

}  // namespace
}  // namespace stateproof::check
