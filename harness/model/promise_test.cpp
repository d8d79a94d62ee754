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

TEST(Judge, AnExceptionInACheckerIsInconclusive) {
  const Promise promise{
      .id = "p", .title = "", .group = "", .scenario = "", .requirements = {blocking(throws)}};
  const PromiseVerdict verdict = judge(promise, Timeline{});
  EXPECT_EQ(verdict.outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict.requirements.at(0).verdict.reason, "the checker could not read the recording: index 7");
}

}  // namespace
}  // namespace stateproof
