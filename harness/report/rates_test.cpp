#include "harness/report/rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/model/steps.h"

namespace stateproof::report {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Timeline served() {
  Timeline timeline;
  const auto add = [&](Elapsed at, Entry entry) {
    timeline.observations.push_back({timeline.size() + 1, at, std::move(entry)});
  };
  constexpr const char* kKill = "kill-primary";
  add(1s, LedgerWrites{0, 1, {0s, 100ms, 600ms}, {1ms, 1ms, 1ms}, "oof", ""});
  add(2s, LedgerRead{"mariadb-0", true, 1s, 1ms, "", "", {}, ""});
  add(2s, LedgerRead{"mariadb-1", false, 1s, 1ms, "", "", {}, "gone"});
  add(2s, Step{steps::Disturb{.disruption = kKill}, Step::Phase::kBegin});
  add(3s, Step{steps::Disturb{.disruption = kKill}, Step::Phase::kReached});
  add(4s, Step{steps::Recover{.disruption = kKill}, Step::Phase::kReached});
  return timeline;
}

TEST(RatesOf, CountsWritesAndReadsASecond) {
  const Rates rates = rates_of(served());
  ASSERT_EQ(rates.width, Elapsed{500ms});
  ASSERT_EQ(rates.buckets.size(), 9U);
  EXPECT_DOUBLE_EQ(rates.buckets[0].acknowledged, 4);
  EXPECT_DOUBLE_EQ(rates.buckets[0].refused, 0);
  EXPECT_DOUBLE_EQ(rates.buckets[1].refused, 2);
  EXPECT_DOUBLE_EQ(rates.buckets[2].reads, 2);
}

TEST(RatesOf, ADisruptionLastsUntilItIsRecoveredFrom) {
  const Rates rates = rates_of(served());
  ASSERT_EQ(rates.disturbances.size(), 1U);
  EXPECT_EQ(rates.disturbances[0].name, "kill-primary");
  EXPECT_EQ(rates.disturbances[0].from, Elapsed{2s});
  EXPECT_EQ(rates.disturbances[0].to, Elapsed{4s});
}

TEST(RatesOf, ARecordingWithoutALedgerHasNoPicture) {
  EXPECT_TRUE(rates_of(Timeline{}).buckets.empty());
  EXPECT_EQ(rates_svg(rates_of(Timeline{})), "");
}

TEST(RatesSvg, NamesTheDisruption) {
  EXPECT_THAT(rates_svg(rates_of(served())), HasSubstr(">kill-primary<"));
}

}  // namespace
}  // namespace stateproof::report
