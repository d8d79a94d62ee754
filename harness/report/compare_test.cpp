#include "harness/report/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/report/testing/sample_run.h"

namespace stateproof::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Compare, OfARunWithItselfFindsNothing) {
  const Comparison same = compare(testing::kept_run(), testing::kept_run());
  EXPECT_FALSE(same.worse);
  EXPECT_THAT(same.text, HasSubstr("verdicts\n  nothing changed\n"));
  EXPECT_THAT(same.text, HasSubstr("times\n  nothing changed\n"));
  EXPECT_THAT(same.text, HasSubstr("measurements\n  nothing changed\n"));
  EXPECT_THAT(same.text, HasSubstr("environment\n  nothing changed\n"));
}

TEST(Compare, NamesThePromiseThatIsNotKeptAnyMore) {
  const Comparison worse = compare(testing::kept_run(), testing::broken_run());
  EXPECT_TRUE(worse.worse);
  EXPECT_THAT(worse.text, HasSubstr("WORSE   claims-retained"));
  EXPECT_THAT(worse.text, HasSubstr("kept -> broken"));
  const Comparison better = compare(testing::broken_run(), testing::kept_run());
  EXPECT_FALSE(better.worse);
  EXPECT_THAT(better.text, HasSubstr("better  claims-retained"));
}

TEST(Compare, APromiseThatWasNotJudgedIsWorseThanAKeptOne) {
  EXPECT_TRUE(compare(testing::kept_run(), testing::aborted_run()).worse);
}

TEST(Compare, TellsTimesThatMovedAndNotTheWeather) {
  const RunResult before = testing::kept_run();
  RunResult after = before;
  after.scenarios.front().seconds *= 1.1;
  EXPECT_THAT(compare(before, after).text, HasSubstr("times\n  nothing changed\n"));
  after.scenarios.front().seconds = before.scenarios.front().seconds * 2 + 10;
  EXPECT_THAT(compare(before, after).text, HasSubstr("  " + after.scenarios.front().name));
}

TEST(Compare, TellsMeasurementsThatMoved) {
  const RunResult before = testing::kept_run();
  RunResult after = before;
  for (PromiseResult& verdict : after.verdicts)
    for (RequirementResult& requirement : verdict.requirements)
      for (Measurement& measured : requirement.measurements) measured.value *= 3;
  EXPECT_THAT(compare(before, after).text, HasSubstr("DNS lag after replacement, median 0.9 -> 2.7 s"));
}

TEST(Compare, TellsWhatIsDifferentAboutTheCluster) {
  const RunResult before = testing::kept_run();
  RunResult after = before;
  after.plan.properties["server version"] = "v9.9.9";
  EXPECT_THAT(compare(before, after).text, HasSubstr("-> v9.9.9"));
  EXPECT_THAT(compare(before, after).text, Not(HasSubstr("environment\n  nothing changed")));
}

}  // namespace
}  // namespace stateproof::report
