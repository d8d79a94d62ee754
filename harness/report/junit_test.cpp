#include "harness/report/junit.h"

#include <gmock/gmock.h>

#include <fstream>
#include <pugixml.hpp>
#include <set>
#include <string>
#include <utility>

#include "harness/report/testing/sample_run.h"

namespace stateproof::report {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

pugi::xml_document parsed(const RunResult& run) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(junit_xml(run).c_str()));
  return document;
}

pugi::xml_node suite_of(const pugi::xml_document& document) {
  return document.child("testsuites").child("testsuite");
}

pugi::xml_node testcase(const pugi::xml_document& document, const std::string& id) {
  for (const pugi::xml_node node : suite_of(document).children("testcase"))
    if (std::string_view{node.attribute("name").value()}.starts_with(id + " ")) return node;
  return {};
}

std::string property(const pugi::xml_node& node, const char* name) {
  return node.child("properties")
      .find_child_by_attribute("property", "name", name)
      .attribute("value")
      .value();
}

void expect_true_counters(const pugi::xml_document& document) {
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  for (const pugi::xml_node node : suite_of(document).children("testcase")) {
    ++tests;
    failures += node.child("failure") ? 1 : 0;
    errors += node.child("error") ? 1 : 0;
    skipped += node.child("skipped") ? 1 : 0;
  }
  for (const pugi::xml_node node : {document.child("testsuites"), suite_of(document)}) {
    EXPECT_STRNE(node.attribute("name").value(), "");
    EXPECT_EQ(node.attribute("tests").as_int(), tests);
    EXPECT_EQ(node.attribute("failures").as_int(), failures);
    EXPECT_EQ(node.attribute("errors").as_int(), errors);
    EXPECT_EQ(node.attribute("skipped").as_int(), skipped);
  }
}

TEST(Junit, CountersAreTrue) {
  expect_true_counters(parsed(testing::kept_run()));
  expect_true_counters(parsed(testing::broken_run()));
  expect_true_counters(parsed(testing::aborted_run()));
  expect_true_counters(parsed(RunResult{}));
}

TEST(Junit, EachTestcaseIsUnique) {
  const pugi::xml_document document = parsed(testing::broken_run());
  std::set<std::pair<std::string, std::string>> seen;
  for (const pugi::xml_node node : suite_of(document).children("testcase")) {
    EXPECT_TRUE(seen.emplace(node.attribute("classname").value(), node.attribute("name").value()).second);
    EXPECT_STRNE(node.attribute("classname").value(), suite_of(document).attribute("name").value());
  }
  EXPECT_EQ(seen.size(), 6U);
}

TEST(Junit, AKeptPromiseHasItsPlaceAndItsProperties) {
  const pugi::xml_document document = parsed(testing::kept_run());
  const pugi::xml_node node = testcase(document, "claims-retained");
  EXPECT_STREQ(node.attribute("classname").value(), "storage");
  EXPECT_STREQ(node.attribute("name").value(), "claims-retained Claims outlive scale-down");
  EXPECT_STREQ(node.attribute("time").value(), "0.004");
  EXPECT_STREQ(node.attribute("file").value(), "harness/report/testing/sample_run.cpp");
  EXPECT_GT(node.attribute("line").as_int(), 0);
  EXPECT_EQ(property(node, "promise"), "claims-retained");
  EXPECT_EQ(property(node, "lifecycle"), "blocking");
  EXPECT_EQ(property(node, "STO-05"), "conformant");
  EXPECT_EQ(property(node, "k8s_since"), "1.32");
  EXPECT_THAT(property(node, "promise_url"), StartsWith("https://kubernetes.io/"));
}

TEST(Junit, TheSuiteKnowsTheEnvironment) {
  const pugi::xml_document document = parsed(testing::kept_run());
  EXPECT_STREQ(suite_of(document).attribute("timestamp").value(), "2026-03-01T10:00:00");
  EXPECT_EQ(property(suite_of(document), "run"), "20260301-100000");
  EXPECT_EQ(property(suite_of(document), "server version"), "v1.34.2");
}

TEST(Junit, ABrokenPromiseIsAFailureWithAllTextInItsBody) {
  const pugi::xml_document document = parsed(testing::broken_run());
  const pugi::xml_node failure = testcase(document, "ordered-creation").child("failure");
  EXPECT_STREQ(failure.attribute("type").value(), "PromiseBroken");
  EXPECT_STREQ(failure.attribute("message").value(),
               "ORD-01: mariadb-1 was created while ordinal 0 had never been Ready");
  EXPECT_THAT(failure.text().get(), StartsWith("NONCONFORMANT ORD-01"));
  EXPECT_THAT(failure.text().get(), HasSubstr("    > #"));
}

TEST(Junit, InconclusiveIsAnErrorNeverGreen) {
  const pugi::xml_document document = parsed(testing::broken_run());
  const pugi::xml_node error = testcase(document, "data-durable").child("error");
  EXPECT_STREQ(error.attribute("type").value(), "Inconclusive");
  EXPECT_THAT(error.text().get(), StartsWith("INCONCLUSIVE DAT-01"));
}

TEST(Junit, NotApplicableIsSkippedWithTheReason) {
  const pugi::xml_document document = parsed(testing::kept_run());
  EXPECT_STREQ(testcase(document, "zone-kept").child("skipped").attribute("message").value(),
               "the storage class has no zones");
}

TEST(Junit, WhatWasNotRunSaysWhy) {
  const pugi::xml_document document = parsed(testing::aborted_run());
  EXPECT_STREQ(testcase(document, "stable-dns").child("skipped").attribute("message").value(),
               "not run: scenario lifecycle was interrupted");
  EXPECT_STREQ(testcase(document, "lifecycle").child("error").attribute("type").value(), "Interrupted");
}

TEST(Junit, AHarnessErrorIsNoVerdictOnTheCluster) {
  RunResult run = testing::aborted_run();
  run.scenarios.front().outcome = ScenarioResult::Outcome::kHarnessError;
  run.scenarios.front().sentence = "The API server refused the certificate.";
  const pugi::xml_document document = parsed(run);
  const pugi::xml_node error = testcase(document, "lifecycle").child("error");
  EXPECT_STREQ(error.attribute("type").value(), "HarnessError");
  EXPECT_STREQ(error.text().get(), "The API server refused the certificate.");
}

TEST(Junit, TheAttachmentIsTheFirstLineOfTheOutput) {
  RunResult run = testing::broken_run();
  EXPECT_THAT(testcase(parsed(run), "ordered-creation").child("system-out").text().get(),
              StartsWith("[[ATTACHMENT|evidence/ordered-creation/index.html]]\n"));
  run.plan.attachment_root = "reports/out/7";
  EXPECT_THAT(testcase(parsed(run), "ordered-creation").child("system-out").text().get(),
              StartsWith("[[ATTACHMENT|reports/out/7/evidence/ordered-creation/index.html]]\n"));
}

TEST(Junit, AScenarioThatFailedHasItsEvidence) {
  RunResult run = testing::aborted_run();
  run.scenarios.front().outcome = ScenarioResult::Outcome::kHarnessError;
  run.scenarios.front().bundle = "evidence/lifecycle/index.html";
  EXPECT_THAT(testcase(parsed(run), "lifecycle").child("system-out").text().get(),
              StartsWith("[[ATTACHMENT|evidence/lifecycle/index.html]]\n"));
}

TEST(Junit, PromisesOfSpecialRunsHaveAType) {
  RunResult run = testing::kept_run();
  run.plan.promises.front().type = "upgrade";
  EXPECT_EQ(property(testcase(parsed(run), "ordered-creation"), "type"), "upgrade");
  EXPECT_EQ(property(testcase(parsed(run), "stable-dns"), "type"), "");
}

TEST(Junit, TheOutputHoldsTheStepLog) {
  EXPECT_THAT(testcase(parsed(testing::kept_run()), "lifecycle").child("system-out").text().get(),
              HasSubstr("reached     scale-down  5 -> 2"));
}

TEST(Junit, SurvivesTextThatXmlForbids) {
  RunResult run = testing::broken_run();
  Finding& finding = run.verdicts.front().requirements.front().findings.front().finding;
  finding.observed = "a\x01\x1B[31m<b>&\"]]>\xFF";
  run.verdicts.front().requirements.front().reason = finding.observed;
  const pugi::xml_document document = parsed(run);
  const pugi::xml_node failure = testcase(document, "ordered-creation").child("failure");
  EXPECT_STREQ(failure.attribute("message").value(), "ORD-01: Pod mariadb-1: a<b>&\"]]>\xEF\xBF\xBD");
  EXPECT_THAT(failure.text().get(), HasSubstr("a<b>&\"]]>\xEF\xBF\xBD"));
}

}  // namespace
}  // namespace stateproof::report
