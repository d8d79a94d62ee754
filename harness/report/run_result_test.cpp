#include "harness/report/run_result.h"

#include <gmock/gmock.h>

#include "harness/model/steps.h"
#include "harness/report/run_json.h"
#include "harness/report/testing/sample_run.h"

namespace stateproof::report {
namespace {

TEST(Planned, PointsAtTheLineInTheRepository) {
  const PlannedPromise plan = planned(testing::promises().front());
  EXPECT_EQ(plan.file, "harness/report/testing/sample_run.cpp");
  EXPECT_GT(plan.line, 100);
  EXPECT_EQ(plan.requirements, (std::vector<std::string>{"ORD-01", "ORD-09"}));
}

TEST(ExitCode, IsZeroOnlyWhenAllIsProved) {
  EXPECT_EQ(exit_code(testing::kept_run()), 0);
  EXPECT_EQ(exit_code(RunResult{}), 2);
  EXPECT_EQ(exit_code(testing::aborted_run()), 2);
}

TEST(ExitCode, ABrokenPromiseOutweighsDoubt) { EXPECT_EQ(exit_code(testing::broken_run()), 1); }

TEST(ExitCode, WhatWasNotJudgedIsNotGreen) {
  RunResult run = testing::kept_run();
  run.verdicts.pop_back();
  EXPECT_EQ(exit_code(run), 2);
}

TEST(ExitCode, TroubleInAScenarioIsNotGreen) {
  RunResult run = testing::kept_run();
  run.scenarios.front().outcome = ScenarioResult::Outcome::kHarnessError;
  EXPECT_EQ(exit_code(run), 2);
  run.scenarios.clear();
  EXPECT_EQ(exit_code(run), 2);
}

TEST(Standings, SayWhyAPromiseWasNotJudged) {
  RunResult run = testing::aborted_run();
  EXPECT_EQ(standings(run).at(0).sentence, "scenario lifecycle was interrupted");
  run.scenarios.front().outcome = ScenarioResult::Outcome::kHarnessError;
  run.scenarios.front().sentence = "no kubeconfig";
  EXPECT_EQ(standings(run).at(0).sentence, "the harness failed in scenario lifecycle: no kubeconfig");
  run.scenarios.clear();
  EXPECT_EQ(standings(run).at(0).sentence, "scenario lifecycle has not finished");
  ScenarioResult preflight;
  preflight.name = "preflight";
  preflight.outcome = ScenarioResult::Outcome::kHarnessError;
  preflight.sentence = "no kubeconfig";
  preflight.run = run.plan.run;
  run.scenarios.push_back(preflight);
  EXPECT_EQ(standings(run).at(0).sentence, "the cluster could not be used: no kubeconfig");
}

TEST(Standings, NameTheRequirementThatBroke) {
  EXPECT_EQ(standings(testing::broken_run()).at(0).sentence,
            "ORD-01: mariadb-1 was created while ordinal 0 had never been Ready");
}

TEST(Standings, IncludeWhatNobodyPlanned) {
  RunResult run = testing::kept_run();
  run.plan.promises.erase(run.plan.promises.begin());
  EXPECT_EQ(standings(run).size(), 5U);
  EXPECT_EQ(standings(run).back().plan, nullptr);
}

TEST(Findings, SayWhenByTheClockAndInWhichStep) {
  const RunResult run = testing::broken_run();
  EXPECT_EQ(run.verdicts.at(0).requirements.at(0).findings.at(0).when,
            "+02.710s, which is 2026-03-01T10:00:02Z, in step create");
  EXPECT_THAT(run.verdicts.at(2).requirements.at(0).findings.at(0).when, ::testing::HasSubstr("scale-down"));
}

TEST(StepsOf, MeasureFromBeginToEnd) {
  Timeline timeline;
  const auto add = [&timeline](int seconds, Step step) {
    timeline.observations.push_back({timeline.size() + 1, std::chrono::seconds(seconds), std::move(step)});
  };
  add(1, {steps::Create{}, Step::Phase::kBegin, "3 replicas"});
  add(5, {steps::Create{}, Step::Phase::kReached});
  add(6, {steps::Replace{}, Step::Phase::kBegin, "mariadb-0"});
  add(8, {steps::Replace{}, Step::Phase::kTimedOut, "mariadb-0 is Pending"});
  add(9, {steps::Replace{}, Step::Phase::kBegin, "mariadb-1"});
  add(12, {steps::Read{}, Step::Phase::kReached});
  const std::vector<StepResult> steps = steps_of(timeline);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].seconds, 4);
  EXPECT_EQ(steps[0].text, "3 replicas");
  EXPECT_EQ(steps[1].outcome, Step::Phase::kTimedOut);
  EXPECT_EQ(steps[1].text, "mariadb-0 is Pending");
  EXPECT_EQ(steps[2].outcome, Step::Phase::kBegin);
  EXPECT_EQ(steps[2].seconds, 3);
}

KubeObject pod_in(const std::string& ns) {
  Pod pod;
  pod.meta.ref = {"Pod", ns, "mariadb-0", {}};
  return pod;
}

TEST(StepsOf, GiveTheClusterTheTimeFromItsFirstToItsLastChange) {
  Timeline timeline;
  timeline.header.subject.ns = "ours";
  const auto add = [&timeline](int seconds, Entry entry) {
    timeline.observations.push_back({timeline.size() + 1, std::chrono::seconds(seconds), std::move(entry)});
  };
  const auto change = [&add](int seconds, KubeObject object, Change how = Change::kModified) {
    add(seconds, ObjectSeen{how, std::move(object), nullptr});
  };
  const auto volume_of = [](const std::string& ns) {
    Volume volume;
    volume.claim.ns = ns;
    return volume;
  };
  OtherObject event;
  event.meta.ref = {"Event", "ours", "mariadb-0.1", {}};

  change(0, pod_in("ours"));
  add(1, Step{steps::Create{}, Step::Phase::kBegin});
  change(2, pod_in("ours"), Change::kListed);
  change(3, pod_in("ours"));
  change(7, volume_of("ours"));
  change(8, volume_of("another run's"));
  change(9, event);
  add(10, Step{steps::Create{}, Step::Phase::kReached});
  change(11, pod_in("ours"));
  add(12, Step{steps::Read{}, Step::Phase::kBegin});
  add(13, Step{steps::Read{}, Step::Phase::kReached});
  const std::vector<StepResult> steps = steps_of(timeline);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].seconds, 9);
  EXPECT_EQ(steps[0].cluster_seconds, 4);
  EXPECT_EQ(steps[1].cluster_seconds, std::nullopt);
  EXPECT_EQ(cluster_seconds({"", "", ScenarioResult::Outcome::kComplete, "", 14, steps}), 4);
}

TEST(Figures, SumUpWhatBearsOneName) {
  const std::vector<Figure> figures = figures_of({{"lag", 0.3, "s", "mariadb-0"},
                                                  {"lag", 0.9, "s", "mariadb-1"},
                                                  {"lag", 0.1, "s", "mariadb-2"},
                                                  {"lag, median", 0.3, "s", "mariadb"},
                                                  {"pause, largest", 2, "s", "mariadb"}});
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_EQ(figures[0].count, 3U);
  EXPECT_EQ(figures[0].median, 0.3);
  EXPECT_EQ(figures[0].largest, 0.9);
  EXPECT_EQ(figures[0].of, "mariadb-1");
  EXPECT_EQ(figures[1].name, "pause, largest");
}

TEST(RunJson, ReadsWhatItWrote) {
  const RunResult run = testing::broken_run();
  EXPECT_EQ(plan_to_json(plan_from_json(plan_to_json(run.plan))), plan_to_json(run.plan));
  for (const PromiseResult& one : run.verdicts)
    EXPECT_EQ(verdict_to_json(verdict_from_json(verdict_to_json(one))), verdict_to_json(one));
  for (const ScenarioResult& one : run.scenarios)
    EXPECT_EQ(scenario_to_json(scenario_from_json(scenario_to_json(one))), scenario_to_json(one));
}

TEST(RunJson, RefusesWhatItDoesNotKnow) {
  nlohmann::json later = verdict_to_json(testing::kept_run().verdicts.front());
  later["schema"] = 2;
  EXPECT_ANY_THROW(verdict_from_json(later));
  nlohmann::json foreign = verdict_to_json(testing::kept_run().verdicts.front());
  foreign["outcome"] = "passed";
  EXPECT_ANY_THROW(verdict_from_json(foreign));
  EXPECT_ANY_THROW(verdict_from_json(nlohmann::json::array()));
}

}  // namespace
}  // namespace stateproof::report
