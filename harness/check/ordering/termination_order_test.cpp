#include "harness/check/ordering/termination_order.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Five Ready pods that are scaled down to two; the last entry, #11, is the begin of the step.
Story asked_to_shrink() {
  Story story;
  for (const int ordinal : {0, 1, 2, 3, 4}) story.created(ordinal).ready(ordinal);
  return story.begins(steps::ScaleDown{.from = 5, .to = 2});
}

TEST(TerminatedInReverse, AWholeLifecycleIsConformant) {
  const Verdict verdict = terminated_in_reverse(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "3 terminations, each after all higher pods were gone");
}

TEST(TerminatedInReverse, HighestGoesFirstAndEachWaitsForTheNext) {
  EXPECT_THAT(terminated_in_reverse(asked_to_shrink()
                                        .terminating(4)
                                        .deleted(4)
                                        .terminating(3)
                                        .deleted(3)
                                        .terminating(2)
                                        .deleted(2)
                                        .reaches<steps::ScaleDown>()),
              IsConformant());
}

TEST(TerminatedInReverse, APodMayGoWithoutADeletionTimestamp) {
  EXPECT_THAT(
      terminated_in_reverse(asked_to_shrink().deleted(4).deleted(3).deleted(2).reaches<steps::ScaleDown>()),
      IsConformant());
}

TEST(TerminatedInReverse, AFaultMayStrikeAnyPod) {
  EXPECT_THAT(terminated_in_reverse(asked_to_shrink()
                                        .fault(2)
                                        .terminating(2)
                                        .deleted(2)
                                        .terminating(4)
                                        .deleted(4)
                                        .terminating(3)
                                        .deleted(3)
                                        .reaches<steps::ScaleDown>()),
              IsConformant());
}

TEST(TerminatedInReverse, AnEvictedPodWasNotChosenByTheController) {
  EXPECT_THAT(
      terminated_in_reverse(asked_to_shrink()
                                .modified(3, [](Pod& pod) { pod.disruption = "DeletionByTaintManager"; })
                                .terminating(3)
                                .deleted(3)
                                .terminating(4)
                                .deleted(4)
                                .terminating(2)
                                .deleted(2)
                                .reaches<steps::ScaleDown>()),
      IsConformant());
}

TEST(TerminatedInReverse, RejectsTwoAtOnce) {
  const Verdict verdict =
      terminated_in_reverse(asked_to_shrink().terminating(4).terminating(3).deleted(4).deleted(3));
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(13)));
  EXPECT_EQ(verdict.reason, "deletion of mariadb-3 was requested at +13.000s, when mariadb-4 still existed");
}

TEST(TerminatedInReverse, RejectsAllAtOnceWithoutDeletionTimestamps) {
  EXPECT_THAT(
      terminated_in_reverse(asked_to_shrink().deleted(2).deleted(3).deleted(4).reaches<steps::ScaleDown>()),
      IsNonconformant(ElementsAre(12, 13)));
}

TEST(TerminatedInReverse, RejectsAscendingTermination) {
  EXPECT_THAT(
      terminated_in_reverse(
          asked_to_shrink().terminating(2).deleted(2).terminating(3).deleted(3).terminating(4).deleted(4)),
      IsNonconformant(ElementsAre(12, 14)));
}

TEST(TerminatedInReverse, RejectsTheWrongEndOfTheSet) {
  EXPECT_THAT(terminated_in_reverse(asked_to_shrink().terminating(0).deleted(0).terminating(1).deleted(1)),
              IsNonconformant(ElementsAre(12, 14)));
}

TEST(TerminatedInReverse, RejectsAPodThatIsNeverToldToStop) {
  const Verdict verdict = terminated_in_reverse(
      asked_to_shrink().terminating(4).deleted(4).after(100s).times_out<steps::ScaleDown>());
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(14)));
  EXPECT_THAT(verdict.reason, HasSubstr("deletion of mariadb-3 was not requested within 100.0 s"));
}

TEST(TerminatedInReverse, APodThatStaysTerminatingIsNotTheControllersFault) {
  EXPECT_THAT(
      terminated_in_reverse(asked_to_shrink()
                                .modified(4, [](Pod& pod) { pod.meta.finalizers = {"example.org/hold"}; })
                                .terminating(4)
                                .after(180s)
                                .times_out<steps::ScaleDown>()),
      IsInconclusive(HasSubstr("mariadb-4: still Terminating, held by finalizer example.org/hold")));
}

TEST(TerminatedInReverse, AnUnreadyPodHaltsScaleDown) {
  EXPECT_THAT(terminated_in_reverse(asked_to_shrink().unready(1).after(180s).times_out<steps::ScaleDown>()),
              IsInconclusive(HasSubstr("mariadb-1 is not Ready, which halts the scale-down")));
}

TEST(TerminatedInReverse, AGapHidesTheOrder) {
  Story story = asked_to_shrink().gap("pods").terminating(3);
  story.rewrite([&](Entry& entry) {
    auto* seen = std::get_if<ObjectSeen>(&entry);
    if (seen != nullptr && meta_of(seen->object).deletion) seen->change = Change::kListed;
  });
  EXPECT_THAT(terminated_in_reverse(story.deleted(4).deleted(3).deleted(2).reaches<steps::ScaleDown>()),
              IsInconclusive(HasSubstr("lost events")));
}

TEST(TerminatedInReverse, WithoutScaleDownNothingIsProved) {
  EXPECT_THAT(terminated_in_reverse(Story{}.deployed()),
              IsInconclusive(HasSubstr("step \"scale-down\" was not recorded")));
  EXPECT_THAT(terminated_in_reverse(asked_to_shrink().cut_off()),
              IsInconclusive(HasSubstr("was still in progress")));
}

TEST(TerminatedInReverse, NothingIsPromisedWhenParallelWasWanted) {
  EXPECT_EQ(terminated_in_reverse(asked_to_shrink().subject([](Subject& subject) {
              subject.ordered = false;
            })).outcome,
            Outcome::kNotApplicable);
}

}  // namespace
}  // namespace stateproof::check
