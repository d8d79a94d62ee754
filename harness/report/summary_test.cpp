#include "harness/report/summary.h"

#include <gmock/gmock.h>

#include <sstream>

#include "harness/report/run_json.h"
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
  EXPECT_THAT(text, HasSubstr("DNS lag after replacement: median 0.9 s, largest 1.4 s (3 measured)\n"));
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

TEST(Summary, AKeptPromiseTakesOneLine) {
  RunResult run = testing::kept_run();
  run.plan.promises.at(3).title = std::string(200, 'x');
  const std::string text = summary(run, "out");
  EXPECT_THAT(text, Not(HasSubstr("90 rows read back")));
  EXPECT_THAT(text, HasSubstr("xxx...\n  n/a"));
  expect_narrow(text);
}

TEST(Summary, OfSeveralScenariosTellsTheStepsOfTheOneThatWentWrong) {
  RunResult run = testing::kept_run();
  for (const char* name : {"halting", "parallel"}) {
    run.scenarios.push_back(run.scenarios.front());
    run.scenarios.back().name = name;
  }
  run.scenarios.back().steps.back().outcome = Step::Phase::kTimedOut;
  const std::string text = summary(run, "out");
  EXPECT_THAT(text, HasSubstr("  halting took "));
  EXPECT_THAT(text, Not(HasSubstr("steps of halting")));
  EXPECT_THAT(text, HasSubstr("steps of parallel"));
  EXPECT_THAT(text, HasSubstr("  all scenarios, total took "));
}

TEST(Summary, ComparesOurTimeWithTheClusters) {
  const std::string text = summary(testing::kept_run(), "out");
  EXPECT_THAT(text, HasSubstr(" of the cluster's own changes"));
  EXPECT_THAT(text, HasSubstr("      took   cluster\n"));
}

TEST(Summary, OfARunThatWasInterrupted) {
  const std::string text = summary(testing::aborted_run(), "out");
  EXPECT_THAT(text, HasSubstr("not run       stable-dns"));
  EXPECT_THAT(text, HasSubstr("interrupted: Ctrl-C in step replace"));
  EXPECT_THAT(text, HasSubstr("exit code 2"));
}

TEST(Summary, NamesWhatIsLeftInTheCluster) {
  RunResult run = testing::kept_run();
  EXPECT_THAT(summary(run, "out"), Not(HasSubstr("left in the cluster")));
  run.scenarios.back().left_behind = {"kubectl delete persistentvolume pvc-1"};
  EXPECT_THAT(
      summary(run, "out"),
      HasSubstr("  left in the cluster; delete it with:\n    kubectl delete persistentvolume pvc-1\n"));
  EXPECT_EQ(scenario_from_json(scenario_to_json(run.scenarios.back())).left_behind,
            run.scenarios.back().left_behind);
}

TEST(Summary, IsPlainUnlessAskedOtherwise) {
  EXPECT_THAT(summary(testing::broken_run(), "out"), Not(HasSubstr("\x1B")));
  EXPECT_THAT(summary(testing::broken_run(), "out", {true, true}), HasSubstr("\x1B[31m✗\x1B[0m"));
}

}  // namespace
}  // namespace stateproof::report
