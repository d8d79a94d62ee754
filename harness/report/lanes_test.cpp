#include "harness/report/lanes.h"

#include <gmock/gmock.h>

#include "harness/model/steps.h"
#include "harness/report/testing/sample_run.h"

namespace stateproof::report {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <class State>
std::vector<State> states(const std::vector<Span<State>>& spans) {
  std::vector<State> result;
  result.reserve(spans.size());
  for (const Span<State>& span : spans) result.push_back(span.state);
  return result;
}

TEST(Lanes, OneForEachOrdinal) {
  const Lanes lanes = lanes_of(testing::kept_timeline(), testing::kept_run());
  ASSERT_EQ(lanes.lanes.size(), 5U);
  EXPECT_EQ(lanes.lanes.front().name, "mariadb-0");
  EXPECT_EQ(lanes.lanes.back().name, "mariadb-4");
  EXPECT_THAT(lanes.steps, SizeIs(9));
}

TEST(Lanes, APodThatIsCreatedAgainIsASecondLife) {
  const Lanes lanes = lanes_of(testing::kept_timeline(), testing::kept_run());
  const Lane& one = lanes.lanes.at(1);
  ASSERT_THAT(one.pods, SizeIs(2));
  EXPECT_THAT(states(one.pods[0].spans),
              ElementsAre(PodState::kCreated, PodState::kScheduled, PodState::kStarted, PodState::kReady,
                          PodState::kTerminating));
  EXPECT_EQ(one.pods[1].spans.back().stretch.to, lanes.end);
  EXPECT_THAT(one.claims, SizeIs(1));
  EXPECT_THAT(one.faults, SizeIs(1));
}

TEST(Lanes, SpansFollowEachOtherWithoutHoles) {
  for (const Lane& lane : lanes_of(testing::kept_timeline(), testing::kept_run()).lanes)
    for (const auto& life : lane.pods)
      for (std::size_t i = 1; i < life.spans.size(); ++i)
        EXPECT_EQ(life.spans[i - 1].stretch.to, life.spans[i].stretch.from);
}

TEST(Lanes, ANameThatKeepsTheOldAddressIsLate) {
  const Lanes kept = lanes_of(testing::kept_timeline(), testing::kept_run());
  const Lanes broken = lanes_of(testing::broken_timeline(), testing::broken_run());
  EXPECT_EQ(kept.lanes.at(1).dns.back().state, DnsState::kRight);
  EXPECT_EQ(broken.lanes.at(1).dns.back().state, DnsState::kLate);
  EXPECT_EQ(broken.lanes.at(1).dns.back().stretch.to, broken.end);
}

TEST(Lanes, ANameThatOutlivesItsPodInTheCleanUpIsNotLate) {
  Timeline timeline = testing::broken_timeline();
  const Elapsed end = timeline.observations.back().at;
  const DnsAnswer* last = nullptr;
  for (const Observation& seen : timeline)
    if (const auto* answer = seen.as<DnsAnswer>();
        answer != nullptr && answer->name.starts_with("mariadb-1."))
      last = answer;
  ASSERT_NE(last, nullptr);
  const DnsAnswer again = *last;
  timeline.observations.push_back({timeline.size() + 1, end, Step{steps::Cleanup{}, Step::Phase::kBegin}});
  timeline.observations.push_back({timeline.size() + 1, end + std::chrono::seconds(1), again});
  const Lanes lanes = lanes_of(timeline, testing::broken_run());
  EXPECT_EQ(lanes.lanes.at(1).dns.back().state, DnsState::kNone);
}

TEST(Lanes, FindingsStandInTheLaneOfTheirObject) {
  const Lanes lanes = lanes_of(testing::broken_timeline(), testing::broken_run());
  EXPECT_THAT(lanes.lanes.at(1).findings, SizeIs(2));
  ASSERT_THAT(lanes.lanes.at(4).findings, SizeIs(1));
  EXPECT_EQ(lanes.lanes.at(4).findings.front().number, 3);
  EXPECT_THAT(lanes.findings, IsEmpty());
}

TEST(Lanes, AClaimThatIsDeletedEndsBeforeTheRecording) {
  const Lanes lanes = lanes_of(testing::broken_timeline(), testing::broken_run());
  EXPECT_LT(lanes.lanes.at(4).claims.front().spans.back().stretch.to, lanes.end);
  EXPECT_EQ(lanes.lanes.at(3).claims.front().spans.back().stretch.to, lanes.end);
}

TEST(Lanes, OfNothingAreEmpty) { EXPECT_THAT(lanes_of(Timeline{}, RunResult{}).lanes, IsEmpty()); }

}  // namespace
}  // namespace stateproof::report
