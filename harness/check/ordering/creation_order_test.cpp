#include "harness/check/ordering/creation_order.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Three pods, asked for and Ready, without anything else.
Story three_pods_created() {
  return Story{}
      .begins(steps::Create{.replicas = {3}})
      .created(0)
      .ready(0)
      .created(1)
      .ready(1)
      .created(2)
      .ready(2)
      .reaches<steps::Create>();
}

Story create_begun() { return Story{}.begins(steps::Create{.replicas = {3}}).set_served(); }

TEST(PredecessorsWereReady, AWholeLifecycleIsConformant) {
  const Verdict verdict = predecessors_were_ready(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "9 creations after Ready predecessors");
}

TEST(PredecessorsWereReady, APodComesAfterAllItsPredecessors) {
  EXPECT_THAT(predecessors_were_ready(three_pods_created()), IsConformant());
}

TEST(PredecessorsWereReady, APredecessorMayFlapAfterItWasReady) {
  EXPECT_THAT(predecessors_were_ready(Story{}
                                          .begins(steps::Create{.replicas = {3}})
                                          .created(0)
                                          .ready(0)
                                          .unready(0)
                                          .created(1)
                                          .ready(1)
                                          .ready(0)
                                          .created(2)
                                          .ready(2)
                                          .reaches<steps::Create>()),
              IsConformant());
}

TEST(PredecessorsWereReady, ADeletedPredecessorMayStillLookReadyToTheController) {
  EXPECT_THAT(predecessors_were_ready(three_pods_created()
                                          .fault(0)
                                          .fault(2)
                                          .terminating(2)
                                          .deleted(2)
                                          .terminating(0)
                                          .deleted(0)
                                          .created(2)
                                          .ready(2)
                                          .created(0)
                                          .ready(0)),
              IsConformant());
}

TEST(PredecessorsWereReady, ContainersMayRestartAndAWatchMayListAgain) {
  EXPECT_THAT(predecessors_were_ready(three_pods_created()
                                          .modified(0,
                                                    [](Pod& pod) {
                                                      pod.containers.resize(1);
                                                      pod.containers[0].restarts = 3;
                                                    })
                                          .listed(0)
                                          .listed(1)
                                          .listed(2)),
              IsConformant());
}

TEST(PredecessorsWereReady, OtherPodsOfTheNamespaceAreNotJudged) {
  EXPECT_THAT(predecessors_were_ready(three_pods_created()
                                          .rewrite([](Entry&) {})
                                          .pods_look([](Pod& pod, int) {
                                            pod.meta.owners = {{"StatefulSet", "other", Uid{"other"}, true}};
                                          })
                                          .created(7)),
              IsConformant());
}

TEST(PredecessorsWereReady, RejectsCreationBeforeThePredecessorIsReady) {
  EXPECT_THAT(predecessors_were_ready(Story{}.created(0).created(1).ready(0)),
              IsNonconformant(ElementsAre(2)));
}

TEST(PredecessorsWereReady, RejectsAllAtOnce) {
  const Verdict verdict =
      predecessors_were_ready(Story{}.created(0).created(1).created(2).ready(0).ready(1).ready(2));
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(2, 3)));
  EXPECT_EQ(verdict.reason,
            "mariadb-1 was created at +02.000s, when mariadb-0 had not been Ready (and 1 more)");
}

TEST(PredecessorsWereReady, RejectsDescendingCreation) {
  EXPECT_THAT(predecessors_were_ready(Story{}.created(2).ready(2).created(1).ready(1).created(0).ready(0)),
              IsNonconformant(ElementsAre(1, 3)));
}

TEST(PredecessorsWereReady, RejectsASkippedOrdinal) {
  const Verdict verdict = predecessors_were_ready(Story{}.created(0).ready(0).created(2));
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(3)));
  EXPECT_THAT(verdict.reason, HasSubstr("mariadb-1 had not been created"));
}

TEST(PredecessorsWereReady, RejectsASuccessorBeforeTheRecreatedPredecessorIsReady) {
  // The controller made the new mariadb-0 itself: it knows that the Ready one is gone.
  EXPECT_THAT(
      predecessors_were_ready(
          three_pods_created().fault(0).terminating(0).deleted(0).fault(2).deleted(2).created(0).created(2)),
      IsNonconformant(ElementsAre(15)));
}

TEST(PredecessorsWereReady, RejectsASuccessorOfAPredecessorThatCameAndWentUnready) {
  EXPECT_THAT(predecessors_were_ready(Story{}.created(0).deleted(0).created(1)),
              IsNonconformant(ElementsAre(3)));
}

TEST(PredecessorsWereReady, RejectsScaleUpInParallel) {
  EXPECT_THAT(predecessors_were_ready(
                  three_pods_created().begins(steps::ScaleUp{.from = 3, .to = 5}).created(3).created(4)),
              IsNonconformant(ElementsAre(11)));
}

TEST(PredecessorsWereReady, TheFirstOrdinalMayBeHigherThanZero) {
  const auto from_five = [](Subject& subject) { subject.first = {5}; };
  EXPECT_THAT(predecessors_were_ready(Story{}
                                          .subject(from_five)
                                          .begins(steps::Create{.replicas = {3}})
                                          .created(5)
                                          .ready(5)
                                          .created(6)
                                          .ready(6)
                                          .created(7)
                                          .ready(7)
                                          .reaches<steps::Create>()),
              IsConformant());
  EXPECT_THAT(predecessors_were_ready(Story{}.subject(from_five).created(5).created(6)),
              IsNonconformant(ElementsAre(2)));
}

TEST(PredecessorsWereReady, NothingIsPromisedWhenParallelWasWanted) {
  EXPECT_EQ(predecessors_were_ready(
                Story{}.subject([](Subject& subject) { subject.ordered = false; }).created(0).created(1))
                .outcome,
            Outcome::kNotApplicable);
}

TEST(PredecessorsWereReady, AGapMayHideReadiness) {
  EXPECT_THAT(predecessors_were_ready(create_begun().created(0).gap("pods").listed(0).created(1).ready(1)),
              IsInconclusive(HasSubstr("the watch of pods lost events at +04.000s (#4)")));
}

TEST(PredecessorsWereReady, RejectsDespiteAGapElsewhere) {
  EXPECT_THAT(predecessors_were_ready(Story{}.gap("events").created(0).created(1).gap("pods")),
              IsNonconformant(ElementsAre(3)));
  EXPECT_THAT(predecessors_were_ready(Story{}.gap("pods").created(0).created(1)),
              IsNonconformant(ElementsAre(3)));
}

TEST(PredecessorsWereReady, APodFromBeforeTheRecordingIsNotAWitness) {
  Story story;
  story.begins(steps::Create{.replicas = {3}}).created(0);
  story.rewrite([](Entry& entry) {
    if (auto* seen = std::get_if<ObjectSeen>(&entry)) seen->change = Change::kListed;
  });
  EXPECT_THAT(predecessors_were_ready(story.created(1).ready(1).created(2).ready(2).reaches<steps::Create>()),
              IsInconclusive(HasSubstr("the creation of mariadb-0 was not recorded")));
}

TEST(PredecessorsWereReady, AnInterruptedRecordingProvesNothing) {
  EXPECT_THAT(predecessors_were_ready(three_pods_created().interrupted()),
              IsInconclusive("the run was interrupted: by the user"));
  EXPECT_THAT(predecessors_were_ready(three_pods_created().cut_off()),
              IsInconclusive("the recording is incomplete"));
  EXPECT_THAT(predecessors_were_ready(three_pods_created().begins(steps::Cleanup{}).cut_off()),
              IsConformant());
  EXPECT_THAT(predecessors_were_ready(Story{}),
              IsInconclusive(HasSubstr("step \"create\" was not recorded")));
}

TEST(PredecessorsWereReady, RejectsAPodThatIsNeverCreated) {
  const Verdict verdict =
      predecessors_were_ready(create_begun().created(0).ready(0).after(60s).times_out<steps::Create>());
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(5)));
  EXPECT_THAT(verdict.reason, HasSubstr("mariadb-1 was never created within 60.0 s"));
}

TEST(PredecessorsWereReady, RejectsAControllerThatDoesNothing) {
  EXPECT_THAT(predecessors_were_ready(create_begun().after(180s).times_out<steps::Create>()),
              IsNonconformantAs(HasSubstr("mariadb-0 was never created")));
}

TEST(PredecessorsWereReady, ALateReadyPredecessorLeavesTheControllerTime) {
  EXPECT_THAT(
      predecessors_were_ready(create_begun().created(0).after(170s).ready(0).times_out<steps::Create>()),
      IsInconclusive(HasSubstr("mariadb-1 was not created")));
}

TEST(PredecessorsWereReady, APodThatCannotStartIsNotTheControllersFault) {
  EXPECT_THAT(
      predecessors_were_ready(
          create_begun()
              .created(0)
              .modified(0, [](Pod& pod) { pod.unscheduled_message = "0/3 nodes are available"; })
              .after(180s)
              .times_out<steps::Create>("0 of 3 pods Ready")),
      IsInconclusive(HasSubstr("mariadb-0: Pending, not Ready, unscheduled: 0/3 nodes are available")));
}

TEST(PredecessorsWereReady, NothingIsJudgedAfterCleanupBegins) {
  EXPECT_THAT(predecessors_were_ready(
                  three_pods_created().begins(steps::Cleanup{}).deleted(0).created(0).deleted(1).created(1)),
              IsConformant());
}

}  // namespace
}  // namespace stateproof::check
