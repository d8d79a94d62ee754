#include "harness/model/promise.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace stateproof {
namespace {

Verdict passes(const Timeline&) { return conformant("1 thing"); }
Verdict fails(const Timeline&) { return nonconformant({Finding{{}, "this", "that", {1}, ""}}); }
Verdict doubts(const Timeline&) { return inconclusive("gap"); }
Verdict skips(const Timeline&) { return not_applicable("one node"); }
Verdict throws(const Timeline&) { throw std::runtime_error("index 7"); }

Outcome outcome_of(std::vector<Requirement> requirements) {
  const Promise promise{
      .id = "p", .title = "", .group = "", .scenario = "", .requirements = std::move(requirements)};
  return judge(promise, Timeline{}).outcome;
}

Requirement blocking(Checker checker) { return {"R", "", "", "", "", Level::kBlocking, checker}; }
Requirement informing(Checker checker) { return {"R", "", "", "", "", Level::kInforming, checker}; }

TEST(Judge, TheWorstBlockingVerdictDecides) {
  EXPECT_EQ(outcome_of({blocking(passes), blocking(passes)}), Outcome::kConformant);
  EXPECT_EQ(outcome_of({blocking(passes), blocking(doubts)}), Outcome::kInconclusive);
  EXPECT_EQ(outcome_of({blocking(doubts), blocking(fails), blocking(passes)}), Outcome::kNonconformant);
  EXPECT_EQ(outcome_of({blocking(skips), blocking(passes)}), Outcome::kConformant);
  EXPECT_EQ(outcome_of({blocking(skips)}), Outcome::kNotApplicable);
}

TEST(Judge, AnInformingRequirementDoesNotBlock) {
  EXPECT_EQ(outcome_of({blocking(passes), informing(fails)}), Outcome::kConformant);
  EXPECT_EQ(outcome_of({informing(passes)}), Outcome::kConformant);
  EXPECT_EQ(outcome_of({informing(passes), informing(fails)}), Outcome::kNotApplicable);
  EXPECT_EQ(outcome_of({informing(doubts)}), Outcome::kNotApplicable);
}

PromiseVerdict judged_on(nlohmann::json environment, Requirement requirement) {
  static std::vector<Promise> promises;
  promises.assign(
      1, {.id = "p", .title = "", .group = "", .scenario = "", .requirements = {std::move(requirement)}});
  Timeline timeline;
  timeline.header.environment = std::move(environment);
  return judge(promises.front(), timeline);
}

Requirement since(std::string_view version) {
  Requirement requirement = blocking(fails);
  requirement.since = version;
  return requirement;
}

Requirement behind_gate() {
  Requirement requirement = since("1.35");
  requirement.gate = "MaxUnavailableStatefulSet";
  return requirement;
}

TEST(Judge, WhatAnOlderServerDidNotPromiseIsNotApplicable) {
  const PromiseVerdict verdict = judged_on({{"server", "v1.34.4"}}, since("1.35"));
  EXPECT_EQ(verdict.outcome, Outcome::kNotApplicable);
  EXPECT_EQ(verdict.requirements.at(0).verdict.reason, "promised since 1.35; this cluster runs v1.34.4");
}

TEST(Judge, WhatTheServerPromisesIsJudged) {
  for (const char* server : {"v1.35.0", "v1.35.0-gke.100", "v1.37.2", "v1.36.0-alpha.1+abc"})
    EXPECT_EQ(judged_on({{"server", server}}, since("1.35")).outcome, Outcome::kNonconformant) << server;
  EXPECT_EQ(judged_on({{"server", "v1.9.0"}}, since("")).outcome, Outcome::kNonconformant);
}

TEST(Judge, AVersionThatIsNotToldKeepsNothingFromBeingJudged) {
  EXPECT_EQ(judged_on(nlohmann::json::object(), since("1.35")).outcome, Outcome::kNonconformant);
  EXPECT_EQ(judged_on({{"server", "unknown"}}, since("1.35")).outcome, Outcome::kNonconformant);
}

TEST(Judge, WhatAFeatureGateTurnsOffIsNotApplicable) {
  const auto with_gate = [](bool on) {
    return judged_on({{"server", "v1.36.1"}, {"featureGates", {{"MaxUnavailableStatefulSet", on}}}},
                     behind_gate());
  };
  EXPECT_EQ(with_gate(true).outcome, Outcome::kNonconformant);
  EXPECT_EQ(with_gate(false).outcome, Outcome::kNotApplicable);
  EXPECT_EQ(with_gate(false).requirements.at(0).verdict.reason,
            "depends on feature gate MaxUnavailableStatefulSet, which is off in this cluster");
}

TEST(Judge, AGateOfUnknownStateIsLeftToTheChecker) {
  EXPECT_EQ(judged_on({{"server", "v1.36.1"}}, behind_gate()).outcome, Outcome::kNonconformant);
  EXPECT_EQ(judged_on({{"server", "v1.36.1"}, {"featureGates", {{"Other", false}}}}, behind_gate()).outcome,
            Outcome::kNonconformant);
}

TEST(Judge, AnExceptionInACheckerIsInconclusive) {
  const Promise promise{
      .id = "p", .title = "", .group = "", .scenario = "", .requirements = {blocking(throws)}};
  const PromiseVerdict verdict = judge(promise, Timeline{});
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict.requirements.at(0).verdict.reason, "the checker could not read the recording: index 7");
}

}  // namespace
}  // namespace stateproof
