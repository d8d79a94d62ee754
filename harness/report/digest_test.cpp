#include "harness/report/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::report {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

RunResult a_run() {
  RunResult run;
  run.plan.run = "20260301-1000-3fa9";
  run.plan.profile = "quick";
  run.plan.properties = {{"server version", "v1.37.2"}};
  for (const char* id : {"kept", "broken", "unclear", "unplayed"}) {
    run.plan.promises.push_back({id, id, "group", "lifecycle", {}, Level::kBlocking, "", 0});
    PromiseResult result;
    result.run = run.plan.run;
    result.id = id;
    RequirementResult requirement;
    requirement.id = "R-01";
    requirement.reason = "the reason of\x1b[2J " + std::string{id};
    const std::string name = id;
    if (name == "unplayed") continue;
    requirement.outcome = name == "kept"     ? Outcome::kConformant
                          : name == "broken" ? Outcome::kNonconformant
                                             : Outcome::kInconclusive;
    result.outcome = requirement.outcome;
    result.requirements = {requirement};
    run.verdicts.push_back(result);
  }
  return run;
}

TEST(Digest, SaysWhatBrokeAndWhatIsNotKnown) {
  const auto told = digest(a_run(), 1, Timestamp{});
  EXPECT_THAT(told, AllOf(Contains(Pair("exitCode", "1")), Contains(Pair("result", "broken")),
                          Contains(Pair("serverVersion", "v1.37.2")), Contains(Pair("countKept", "1")),
                          Contains(Pair("countBroken", "1")), Contains(Pair("countNotRun", "1"))));
  EXPECT_THAT(told.at("broken"), HasSubstr("broken: "));
  EXPECT_THAT(told.at("trouble"),
              AllOf(HasSubstr("unclear (inconclusive): "), HasSubstr("unplayed (not run): ")));
  EXPECT_EQ(told.at("broken").find('\x1b'), std::string::npos);
}

TEST(Digest, SaysWhyNothingWasJudged) {
  RunResult run;
  ScenarioResult preflight;
  preflight.name = "preflight";
  preflight.outcome = ScenarioResult::Outcome::kHarnessError;
  preflight.sentence = "This user may not create services.";
  run.scenarios = {preflight};
  const auto told = digest(run, 2, Timestamp{});
  EXPECT_EQ(told.at("result"), "inconclusive");
  EXPECT_THAT(told.at("trouble"), HasSubstr("scenario preflight: This user may not create services."));
}

}  // namespace
}  // namespace stateproof::report
