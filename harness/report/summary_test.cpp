#include "harness/report/summary.h"

#include <gmock/gmock.h>

#include <sstream>

#include "harness/report/testing/sample_run.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 100U) << line;
}

TEST(Summary, SaysWhatWasJudgedAndWhatTheExitCodeMeans) {
  const std::string text = summary(testing::kept_run(), "reports/out/7");
  EXPECT_THAT(text,
              HasSubstr("ordering\n  ok            ordered-creation  Pods are created one after the other"));
  EXPECT_THAT(text, HasSubstr("9 creations"));
  EXPECT_THAT(text, HasSubstr("DNS lag after replacement 0.7 to 1.4 s (3 measured)"));
  EXPECT_THAT(text, HasSubstr("5 promises: 4 conformant, 1 not applicable\n"));
  EXPECT_THAT(text, HasSubstr("reports/out/7/junit.xml"));
  EXPECT_THAT(text, HasSubstr("exit code 0: every promise that applies here was kept\n"));
  expect_narrow(text);
}

TEST(Summary, NamesWhatBroke) {
  const std::string text = summary(testing::broken_run(), "out");
  EXPECT_THAT(text, HasSubstr("  BROKEN        claims-retained  Claims outlive scale-down\n"));
  EXPECT_THAT(text, HasSubstr("  INCONCLUSIVE  data-durable"));
  EXPECT_THAT(text, HasSubstr("exit code 1: a promise was broken"));
  expect_narrow(text);
}

TEST(Summary, ComparesOurTimeWithTheClusters) {
  const std::string text = summary(testing::kept_run(), "out");
  EXPECT_THAT(text, HasSubstr("1.08 x the cluster's own time"));
  EXPECT_THAT(text, HasSubstr("      took   cluster\n"));
}

TEST(Summary, OfARunThatWasInterrupted) {
  const std::string text = summary(testing::aborted_run(), "out");
  EXPECT_THAT(text, HasSubstr("not run       stable-dns"));
  EXPECT_THAT(text, HasSubstr("interrupted: Ctrl-C in step replace"));
  EXPECT_THAT(text, HasSubstr("exit code 2"));
}

TEST(Summary, IsPlainUnlessAskedOtherwise) {
  EXPECT_THAT(summary(testing::broken_run(), "out"), Not(HasSubstr("\x1B")));
  EXPECT_THAT(summary(testing::broken_run(), "out", {true, true}), HasSubstr("\x1B[31m✗\x1B[0m"));
}

}  // namespace
}  // namespace stateproof::report
