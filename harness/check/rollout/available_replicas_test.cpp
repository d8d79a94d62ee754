#include "harness/check/rollout/available_replicas.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Three pods Ready and available; then minReadySeconds is set in the step, #3, which the controller has not
/// seen yet.
template <StepType S>
Story asked_for(const S& step) {
  return Story{}
      .set([](StatefulSet& set) {
        set.replicas = set.ready_pods = set.available_pods = {3};
        set.meta.generation = set.observed_generation = 1;
      })
      .begins(step)
      .set([=](StatefulSet& set) {
        set.min_ready_seconds = step.min_ready_seconds;
        set.meta.generation = 2;
      });
}

/// The controller's next status.
std::function<void(StatefulSet&)> status(int ready, int available) {
  return [=](StatefulSet& set) {
    set.observed_generation = set.meta.generation;
    set.ready_pods = {ready};
    set.available_pods = {available};
  };
}

TEST(LongWait, LeavesNoPodAvailable) {
  const auto raised = [] { return asked_for(steps::RaiseMinReady{3600}); };
  EXPECT_THAT(long_wait_leaves_none_available(raised().set(status(3, 0)).reaches<steps::RaiseMinReady>()),
              IsConformant());
  EXPECT_THAT(long_wait_leaves_none_available(raised().set(status(3, 3)).reaches<steps::RaiseMinReady>()),
              IsNonconformant(ElementsAre(4)));
}

TEST(LongWait, IsInDoubtWhenTheControllerWasNotHeardOrPodsAreOld) {
  EXPECT_THAT(
      long_wait_leaves_none_available(asked_for(steps::RaiseMinReady{3600}).reaches<steps::RaiseMinReady>()),
      IsInconclusive(HasSubstr("did not observe")));
  EXPECT_THAT(long_wait_leaves_none_available(asked_for(steps::RaiseMinReady{3600})
                                                  .after(3600s)
                                                  .set(status(3, 3))
                                                  .reaches<steps::RaiseMinReady>()),
              IsInconclusive(HasSubstr("for that long")));
  EXPECT_THAT(long_wait_leaves_none_available(Story{}), IsInconclusive(HasSubstr("raise-min-ready")));
}

TEST(NoWait, MakesEveryReadyPodAvailable) {
  const auto dropped = [] { return asked_for(steps::DropMinReady{0}); };
  EXPECT_THAT(no_wait_makes_ready_available(dropped().set(status(3, 3)).reaches<steps::DropMinReady>()),
              IsConformant());
  EXPECT_THAT(no_wait_makes_ready_available(dropped().set(status(3, 2)).times_out<steps::DropMinReady>()),
              IsNonconformant(ElementsAre(4)));
  EXPECT_THAT(no_wait_makes_ready_available(dropped().set(status(0, 0)).reaches<steps::DropMinReady>()),
              IsInconclusive(HasSubstr("no pod was Ready")));
}

/// Three pods that have been Ready for so long when minReadySeconds is set; nothing else was asked.
Story with_pods_ready_for(std::chrono::seconds age) {
  Story story;
  for (int ordinal = 0; ordinal < 3; ++ordinal) story.created(ordinal).ready(ordinal);
  story.after(age).set([](StatefulSet& set) {
    set.replicas = set.ready_pods = set.available_pods = {3};
    set.meta.generation = set.observed_generation = 1;
  });
  return story.begins(steps::MinReady{.min_ready_seconds = 5}).set([](StatefulSet& set) {
    set.min_ready_seconds = 5;
    set.meta.generation = 2;
  });
}

/// One of three pods is replaced, and counts as Ready again.
Story one_replaced() {
  Story story = with_pods_ready_for(20s);
  story.terminating(2).deleted(2).set(status(2, 2));
  return story.created(2).ready(2).set(status(3, 2));
}

TEST(AvailableAfterWait, APodCountsWhenItsTimeIsOver) {
  EXPECT_THAT(available_after_wait(one_replaced().after(4500ms).set(status(3, 3)).reaches<steps::MinReady>()),
              IsConformant());
}

TEST(AvailableAfterWait, APodThatCountsEarlierIsABreach) {
  Story story = one_replaced();
  story.after(200ms).set(status(3, 3));
  const std::size_t breach = story.last();
  EXPECT_THAT(available_after_wait(story.reaches<steps::MinReady>()), IsNonconformant(ElementsAre(breach)));
}

// The pods are not all of one age: the oldest counts before the time of the newest is over.
TEST(AvailableAfterWait, EachPodHasATimeOfItsOwn) {
  const auto young = [] { return with_pods_ready_for(1s).set(status(3, 0)); };
  EXPECT_THAT(
      available_after_wait(young().set(status(3, 1)).after(8s).set(status(3, 3)).reaches<steps::MinReady>()),
      IsConformant());
  Story story = with_pods_ready_for(1s);
  story.terminating(2).deleted(2).created(2).ready(2).terminating(1).deleted(1).created(1).ready(1);
  story.set(status(3, 1)).set(status(3, 3));
  EXPECT_EQ(available_after_wait(story.reaches<steps::MinReady>()).outcome, Outcome::kNonconformant);
}

// The watch of pods tells late what stands in the pod.
TEST(AvailableAfterWait, TheTimeInThePodCounts) {
  Story story = one_replaced();
  const Timestamp now = story.timeline().header.started + story.timeline().observations.back().at;
  story.modified(2, [&](Pod& pod) { pod.ready_since = now - 5s; }).rewrite([&](Entry& entry) {
    if (auto* event = std::get_if<ObjectSeen>(&entry))
      if (auto* pod = std::get_if<Pod>(&event->object);
          pod != nullptr && pod->meta.ref.uid == story.pod(2).meta.ref.uid)
        pod->ready_since = now - 5s;
  });
  EXPECT_THAT(available_after_wait(story.set(status(3, 3)).reaches<steps::MinReady>()), IsConformant());
}

TEST(AvailableAfterWait, APodThatNeverCountsIsABreachWhenTheOthersDid) {
  EXPECT_THAT(available_after_wait(one_replaced()
                                       .after(5s)
                                       .set(status(3, 3))
                                       .set(status(2, 2))
                                       .set(status(3, 2))
                                       .after(120s)
                                       .times_out<steps::MinReady>()),
              IsNonconformantAs(HasSubstr("it was 2")));
  EXPECT_THAT(available_after_wait(one_replaced().reaches<steps::MinReady>()),
              IsInconclusive(HasSubstr("no pod was counted")));
}

}  // namespace
}  // namespace stateproof::check
