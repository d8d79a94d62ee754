#include "harness/report/failure_text.h"

#include <gmock/gmock.h>

#include "harness/report/testing/sample_run.h"

namespace stateproof::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

RequirementResult requirement(Outcome outcome) {
  RequirementResult result;
  result.id = "ORD-01";
  result.title = "Pods follow each other";
  result.sentence = "A pod MUST NOT be created before each pod of a lower ordinal has been Ready.";
  result.source = "https://kubernetes.io/docs/";
  result.outcome = outcome;
  return result;
}

TEST(FailureText, SaysWhatIsRequiredExpectedAndObserved) {
  RequirementResult broken = requirement(Outcome::kNonconformant);
  broken.findings = {{{{"Pod", "database", "mariadb-1", {}},
                       "ordinal 0 Ready before mariadb-1 is created",
                       "mariadb-1 created at +02.000s",
                       {2},
                       "spec.podManagementPolicy as served"},
                      {"  #1    +01.000s  rv 1001  ADDED    mariadb-0  Pending",
                       "> #2    +02.000s  rv 1002  ADDED    mariadb-1  Pending"},
                      "+02.000s, which is 2026-03-01T10:00:02Z, in step create"}};
  EXPECT_EQ(
      text_of(broken, "stateproof judge out", "evidence/lifecycle/index.html"),
      "NONCONFORMANT ORD-01  Pods follow each other\n  requires : A pod MUST NOT be created before each pod "
      "of a lower ordinal has been Ready.\n             https://kubernetes.io/docs/\n  expected : ordinal 0 "
      "Ready before mariadb-1 is created\n  observed : mariadb-1 created at +02.000s\n  when     : +02.000s, "
      "which is 2026-03-01T10:00:02Z, in step create\n  timeline :\n      #1    +01.000s  rv 1001  ADDED    "
      "mariadb-0  Pending\n    > #2    +02.000s  rv 1002  ADDED    mariadb-1  Pending\n  look at  : "
      "spec.podManagementPolicy as served\n             evidence: evidence/lifecycle/index.html, collected "
      "before the clean-up\n             replay: stateproof judge out\n");
}

TEST(FailureText, NamesTheObjectWhenTheSentencesDoNot) {
  RequirementResult broken = requirement(Outcome::kNonconformant);
  broken.findings = {{{{"Pod", "database", "mariadb-1", {}}, "Ready", "not Ready", {}, ""}, {}}};
  EXPECT_THAT(text_of(broken), HasSubstr("  object   : Pod database/mariadb-1\n"));
}

TEST(FailureText, ShowsFiveFindingsAndCountsTheOthers) {
  RequirementResult broken = requirement(Outcome::kNonconformant);
  for (int i = 0; i < 8; ++i)
    broken.findings.push_back({{{}, "", "finding " + std::to_string(i), {}, ""}, {}});
  EXPECT_THAT(text_of(broken), HasSubstr("finding 4"));
  EXPECT_THAT(text_of(broken), Not(HasSubstr("finding 5")));
  EXPECT_THAT(text_of(broken), HasSubstr("and 3 more findings in the saved verdict"));
}

TEST(FailureText, InconclusiveSaysWhyAndWhatToDo) {
  RequirementResult doubtful = requirement(Outcome::kInconclusive);
  doubtful.reason = "the watch lost events";
  EXPECT_THAT(text_of(doubtful), StartsWith("INCONCLUSIVE ORD-01"));
  EXPECT_THAT(text_of(doubtful), HasSubstr("  because  : the watch lost events\n"));
  EXPECT_THAT(text_of(doubtful), HasSubstr("once more"));
}

TEST(FailureText, WhatNeedsNoActionIsOneLine) {
  RequirementResult kept = requirement(Outcome::kConformant);
  kept.reason = "7 creations";
  kept.measurements = {{"lag", 1.25, "s", "mariadb-0"}, {"lag", 0.5, "s", "mariadb-1"}};
  EXPECT_EQ(text_of(kept),
            "conformant ORD-01  Pods follow each other: 7 creations; lag: median 1.25 s, largest 1.25 s (2 "
            "measured)\n");
  RequirementResult outside = requirement(Outcome::kNotApplicable);
  outside.reason = "one node";
  EXPECT_EQ(text_of(outside), "not applicable ORD-01  Pods follow each other: one node\n");
}

TEST(FailureText, AnInformingBreachSaysThatItIsHarmless) {
  RequirementResult broken = requirement(Outcome::kNonconformant);
  broken.level = Level::kInforming;
  EXPECT_THAT(text_of(broken), HasSubstr("(informing: does not break the promise)"));
}

TEST(FailureText, OfAPromiseBeginsWithWhatBroke) {
  const RunResult run = testing::broken_run();
  const std::string text = text_of(run.verdicts.at(0));
  EXPECT_THAT(text, StartsWith("NONCONFORMANT ORD-01"));
  EXPECT_THAT(text, HasSubstr("conformant ORD-09"));
  EXPECT_THAT(text, HasSubstr("evidence: evidence/ordered-creation/index.html"));
}

}  // namespace
}  // namespace stateproof::report
