#include "harness/model/served.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/model/steps.h"

namespace stateproof {
namespace {

using namespace std::chrono_literals;

class Story {
 public:
  Story() {
    timeline_.header.subject.set = "mariadb";
    timeline_.header.subject.ns = "database";
  }
  /// One acknowledged write each `every`, from `from` to before `to`.
  Story& writes(Elapsed from, Elapsed to, Elapsed every) {
    LedgerWrites writes{0, next_, {}, {}, {}, {}};
    for (Elapsed at = from; at < to; at += every) {
      writes.began.push_back(at - 1ms);
      writes.took.push_back(1ms);
      writes.ended += 'o';
    }
    next_ = writes.next();
    return add(to, std::move(writes));
  }
  Story& reads(const char* member, Elapsed at, std::int64_t newest) {
    LedgerRead read;
    read.member = member;
    read.ok = true;
    read.began = at;
    read.newest[0] = newest;
    return add(at, std::move(read));
  }
  Story& step(const Task& task, Step::Phase phase, Elapsed at) { return add(at, Step{task, phase}); }
  [[nodiscard]] Served told() const { return served_of(timeline_); }

 private:
  template <class What>
  Story& add(Elapsed at, What what) {
    timeline_.observations.push_back({timeline_.size() + 1, at, std::move(what)});
    return *this;
  }
  Timeline timeline_;
  std::int64_t next_ = 1;
};

const Distribution& named(const Served& served, std::string_view name) {
  return *std::find_if(served.distributions.begin(), served.distributions.end(),
                       [&](const Distribution& one) { return one.name == name; });
}

TEST(Distribution, IsReadOffTheSortedValues) {
  std::vector<double> values;
  for (int i = 100; i > 0; --i) values.push_back(i);
  const Distribution all = distribution_of("lag", "ms", values, 3);
  EXPECT_EQ(all.count, 100U);
  EXPECT_EQ(all.median, 51);
  EXPECT_EQ(all.p95, 95);
  EXPECT_EQ(all.p99, 99);
  EXPECT_EQ(all.largest, 100);
  EXPECT_EQ(all.beyond, 3U);
  EXPECT_EQ(distribution_of("lag", "ms", {7}).p95, 7);
  EXPECT_EQ(distribution_of("lag", "ms", {}).count, 0U);
}

TEST(Served, OfADisruptionIsMeasuredFromItsBeginToItsRecovery) {
  const Served served = Story()
                            .writes(0s, 10s, 10ms)
                            .step(steps::Disturb{.disruption = "kill-primary"}, Step::Phase::kBegin, 10s)
                            .writes(13s, 14s, 10ms)
                            .step(steps::Recover{.disruption = "kill-primary"}, Step::Phase::kBegin, 13s)
                            .step(steps::Recover{.disruption = "kill-primary"}, Step::Phase::kReached, 14s)
                            .told();
  ASSERT_EQ(served.disruptions.size(), 1U);
  EXPECT_EQ(served.disruptions[0].disruption, "kill-primary");
  EXPECT_NEAR(served.disruptions[0].write_gap, 3.0, 0.05);
  EXPECT_NEAR(served.disruptions[0].recovery, 4.0, 0.001);
  EXPECT_NEAR(served.disruptions[0].availability, 25, 3);
}

TEST(Served, AGapThatLastsToTheEndCounts) {
  const Served served = Story()
                            .writes(0s, 1s, 10ms)
                            .step(steps::Disturb{.disruption = "kill-primary"}, Step::Phase::kBegin, 1s)
                            .step(steps::Recover{.disruption = "kill-primary"}, Step::Phase::kTimedOut, 61s)
                            .told();
  EXPECT_NEAR(served.disruptions[0].write_gap, 60, 0.1);
  EXPECT_EQ(served.disruptions[0].recovery, 0);
}

TEST(Served, ARestOfTheClientsBeforeOrAfterADisruptionIsNoGapOfIt) {
  const Served served = Story()
                            .writes(0s, 1s, 10ms)
                            .step(steps::Disturb{.disruption = "kill"}, Step::Phase::kBegin, 41s)
                            .writes(41s + 5ms, 42s, 10ms)
                            .writes(43s, 44s, 10ms)
                            .step(steps::Recover{.disruption = "kill"}, Step::Phase::kReached, 44s)
                            .writes(90s, 91s, 10ms)
                            .told();
  EXPECT_NEAR(served.disruptions[0].write_gap, 1.0, 0.05);
}

// Row n is acknowledged at (n - 1) x 10 ms.
TEST(Served, LagIsTheAgeOfTheOldestAcknowledgedRowThatAReplicaDoesNotShow) {
  const Served served = Story()
                            .writes(0s, 1s, 10ms)
                            .reads("mariadb-0", 500ms, 1)
                            .reads("mariadb-1", 505ms, 51)
                            .reads("mariadb-1", 605ms, 41)
                            .told();
  const Distribution& lag = named(served, "replication lag");
  EXPECT_EQ(lag.count, 2U);  // the primary has none
  EXPECT_NEAR(lag.largest, 195, 0.001);
  EXPECT_NEAR(lag.median, 195, 0.001);
}

TEST(Served, TheGapUntilOneReadsOnesOwnRowEndsWithTheReadThatShowsIt) {
  const Served served = Story()
                            .writes(0s, 1s, 10ms)
                            .reads("mariadb-1", 205ms, 21)
                            .reads("mariadb-1", 405ms, 30)
                            .reads("mariadb-1", 411ms, 41)
                            .reads("mariadb-2", 805ms, 70)
                            .told();
  const Distribution& gap = named(served, "read-your-own gap");
  EXPECT_EQ(gap.count, 2U);
  EXPECT_NEAR(gap.largest, 11, 0.001);  // row 41 of 400 ms, asked for again at 411 ms
  EXPECT_EQ(gap.beyond, 1U);            // the other replica never showed it
}

TEST(Served, WhatIsReadWhileTheSetIsDisturbedOrScaledIsCountedApart) {
  const Served served = Story()
                            .writes(0s, 1s, 10ms)
                            .step(steps::ScaleUp{}, Step::Phase::kBegin, 300ms)
                            .reads("mariadb-3", 405ms, 1)
                            .step(steps::ScaleUp{}, Step::Phase::kReached, 500ms)
                            .reads("mariadb-3", 605ms, 61)
                            .told();
  EXPECT_EQ(named(served, "replication lag").largest, 0);
  EXPECT_NEAR(named(served, "replication lag while disturbed").largest, 395, 0.001);
  EXPECT_NEAR(named(served, "read-your-own gap while disturbed").largest, 205, 0.001);
}

TEST(Served, AReplicaIsDisturbedUntilItHasCaughtUpAgain) {
  const Served served = Story()
                            .writes(0s, 1s, 10ms)
                            .step(steps::Disturb{.disruption = "kill-primary"}, Step::Phase::kBegin, 300ms)
                            .reads("mariadb-1", 305ms, 11)
                            .step(steps::Recover{.disruption = "kill-primary"}, Step::Phase::kReached, 400ms)
                            .reads("mariadb-1", 505ms, 31)
                            .reads("mariadb-1", 605ms, 61)
                            .reads("mariadb-1", 705ms, 69)
                            .told();
  EXPECT_EQ(named(served, "replication lag while disturbed").count, 2U);
  EXPECT_EQ(named(served, "replication lag").count, 2U);
  EXPECT_NEAR(named(served, "replication lag").largest, 15, 0.001);  // row 70 of 690 ms, at 705 ms
}

TEST(Served, WithoutALedgerThereIsNone) {
  EXPECT_TRUE(Story().told().distributions.empty());
  EXPECT_TRUE(Story()
                  .step(steps::Disturb{.disruption = "kill-primary"}, Step::Phase::kBegin, 1s)
                  .told()
                  .disruptions.empty());
}

}  // namespace
}  // namespace stateproof
