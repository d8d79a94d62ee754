#include "harness/report/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>

#include "harness/report/failure_text.h"
#include "harness/report/served_text.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

/// Counted while the cases are written, so that the totals cannot differ from what stands below them.
struct Totals {
  int tests = 0;
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  double seconds = 0;
};

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(one_line(valid_text(value)).c_str());
}

void set_seconds(pugi::xml_node node, double seconds) { set(node, "time", fmt::format("{:.3f}", seconds)); }

void set_text(pugi::xml_node node, std::string_view text) { node.text().set(valid_text(text).c_str()); }

void add_property(pugi::xml_node properties, std::string_view name, std::string_view value) {
  pugi::xml_node property = properties.append_child("property");
  set(property, "name", name);
  set(property, "value", value);
}

/// Some readers show the attribute only and some the body only: both say it.
void add_result(pugi::xml_node testcase, const char* element, std::string_view type, std::string_view message,
                std::string_view text) {
  pugi::xml_node node = testcase.append_child(element);
  set(node, "message", message);
  set(node, "type", type);
  set_text(node, text);
}

void add_skipped(pugi::xml_node testcase, std::string_view message) {
  set(testcase.append_child("skipped"), "message", message);
}

pugi::xml_node add_testcase(pugi::xml_node suite, std::string_view classname, std::string_view name,
                            double seconds, Totals& totals) {
  pugi::xml_node testcase = suite.append_child("testcase");
  set(testcase, "classname", classname);
  set(testcase, "name", name);
  set_seconds(testcase, seconds);
  ++totals.tests;
  totals.seconds += seconds;
  return testcase;
}

std::string attachment_of(const Plan& plan, const std::string& bundle) {
  return plan.attachment_root.empty() ? bundle : plan.attachment_root + "/" + bundle;
}

std::string step_log(const ScenarioResult* scenario) {
  if (scenario == nullptr || scenario->steps.empty()) return {};
  std::string text = fmt::format("steps of scenario {}:\n", scenario->name);
  for (const StepResult& step : scenario->steps) {
    text += fmt::format("  {:>7}  {:<10}  {}", duration_text(step.seconds), outcome_text(step.outcome),
                        step.name);
    if (!step.text.empty()) text += "  " + one_line(step.text);
    if (step.cluster_seconds) text += fmt::format("  (cluster {})", duration_text(*step.cluster_seconds));
    text += "\n";
  }
  return text;
}

void add_requirements(pugi::xml_node properties, const PromiseResult& result) {
  std::string ids;
  for (const RequirementResult& one : result.requirements) ids += (ids.empty() ? "" : " ") + one.id;
  add_property(properties, "requirements", ids);
  // The id is the key: readers that keep one value for each key keep all of these.
  for (const RequirementResult& one : result.requirements)
    add_property(properties, one.id, to_text(one.outcome));
  if (result.requirements.empty()) return;
  add_property(properties, "promise_url", result.requirements.front().source);
  if (!result.requirements.front().since.empty())
    add_property(properties, "k8s_since", result.requirements.front().since);
}

void add_planned_requirements(pugi::xml_node properties, const PlannedPromise& plan) {
  add_property(properties, "requirements", fmt::format("{}", fmt::join(plan.requirements, " ")));
}

/// What is shown of a promise, judged or not.
struct Shown {
  std::string id, title, group, scenario, file, type;
  int line = 0;
  Level level = Level::kBlocking;
};

Shown shown(const Standing& standing) {
  if (const PlannedPromise* plan = standing.plan)
    return {plan->id,   plan->title, plan->group, plan->scenario,
            plan->file, plan->type,  plan->line,  plan->level};
  const PromiseResult& result = *standing.result;
  return {result.id,   result.title, result.group, result.scenario,
          result.file, "",           result.line,  level_of(result)};
}

void add_promise_properties(pugi::xml_node testcase, const RunResult& run, const Standing& standing,
                            const Shown& promise) {
  pugi::xml_node properties = testcase.append_child("properties");
  add_property(properties, "promise", promise.id);
  add_property(properties, "lifecycle", promise.level == Level::kBlocking ? "blocking" : "informing");
  add_property(properties, "scenario", promise.scenario);
  if (!promise.type.empty()) add_property(properties, "type", promise.type);
  if (standing.result != nullptr)
    add_requirements(properties, *standing.result);
  else
    add_planned_requirements(properties, *standing.plan);
  if (standing.result != nullptr && !standing.result->bundle.empty())
    add_property(properties, "attachment", attachment_of(run.plan, standing.result->bundle));
}

void add_standing(pugi::xml_node testcase, const Standing& standing, Totals& totals) {
  switch (standing.state) {
    case Standing::State::kConformant:
      return;
    case Standing::State::kNotApplicable:
      ++totals.skipped;
      return add_skipped(testcase, standing.sentence.empty() ? "not applicable" : standing.sentence);
    case Standing::State::kNotRun:
      ++totals.skipped;
      return add_skipped(testcase, "not run: " + standing.sentence);
    case Standing::State::kInconclusive:
      ++totals.errors;
      return add_result(testcase, "error", "Inconclusive", "INCONCLUSIVE " + standing.sentence,
                        text_of(*standing.result));
    case Standing::State::kNonconformant:
      ++totals.failures;
      return add_result(testcase, "failure", "PromiseBroken", standing.sentence, text_of(*standing.result));
  }
}

/// It comes first in the output: one reader takes the first match only.
std::string attachment_line(const Plan& plan, const std::string& bundle) {
  return bundle.empty() ? "" : fmt::format("[[ATTACHMENT|{}]]\n", attachment_of(plan, bundle));
}

void add_promise_output(pugi::xml_node testcase, const RunResult& run, const Standing& standing,
                        const Shown& promise) {
  std::string text;
  if (standing.result != nullptr) {
    text += attachment_line(run.plan, standing.result->bundle);
    // Readers that show the output of a failed case show the text of its failure too.
    if (standing.state < Standing::State::kInconclusive) text += text_of(*standing.result);
  }
  text += step_log(run.scenario(promise.scenario));
  if (!text.empty()) set_text(testcase.append_child("system-out"), text);
}

void add_promise(pugi::xml_node suite, const RunResult& run, const Standing& standing, Totals& totals) {
  const Shown promise = shown(standing);
  const double seconds = standing.result == nullptr ? 0 : standing.result->seconds;
  pugi::xml_node testcase =
      add_testcase(suite, promise.group, promise.id + " " + promise.title, seconds, totals);
  if (!promise.file.empty()) set(testcase, "file", promise.file);
  if (promise.line > 0) set(testcase, "line", std::to_string(promise.line));
  add_promise_properties(testcase, run, standing, promise);
  add_standing(testcase, standing, totals);
  add_promise_output(testcase, run, standing, promise);
}

void add_scenario(pugi::xml_node suite, const Plan& plan, const std::string& name, const std::string& title,
                  const ScenarioResult* result, Totals& totals) {
  const std::string shown_name = title.empty() ? name : name + " " + title;
  pugi::xml_node testcase =
      add_testcase(suite, "scenario", shown_name, result == nullptr ? 0 : result->seconds, totals);
  if (result == nullptr) {
    ++totals.skipped;
    return add_skipped(testcase, "not run: the scenario has not finished");
  }
  if (const auto figures = served_properties(result->served); !figures.empty()) {
    pugi::xml_node properties = testcase.append_child("properties");
    for (const auto& [figure, value] : figures) add_property(properties, figure, value);
  }
  if (result->outcome != ScenarioResult::Outcome::kComplete) {
    ++totals.errors;
    const bool stopped = result->outcome == ScenarioResult::Outcome::kInterrupted;
    const std::string sentence =
        result->sentence.empty() && stopped ? "the run was interrupted" : result->sentence;
    add_result(testcase, "error", stopped ? "Interrupted" : "HarnessError", sentence, sentence);
  }
  const std::string text = attachment_line(plan, result->bundle) +
                           served_text(result->served, result->name, plan.seed) + step_log(result);
  if (!text.empty()) set_text(testcase.append_child("system-out"), text);
}

void add_scenarios(pugi::xml_node suite, const RunResult& run, Totals& totals) {
  for (const PlannedScenario& plan : run.plan.scenarios)
    add_scenario(suite, run.plan, plan.name, plan.title, run.scenario(plan.name), totals);
  const auto is_planned = [&run](const ScenarioResult& result) {
    return std::any_of(run.plan.scenarios.begin(), run.plan.scenarios.end(),
                       [&result](const PlannedScenario& plan) { return plan.name == result.name; });
  };
  for (const ScenarioResult& result : run.scenarios)
    if (!is_planned(result)) add_scenario(suite, run.plan, result.name, "", &result, totals);
}

void add_suite_properties(pugi::xml_node suite, const Plan& plan) {
  pugi::xml_node properties = suite.append_child("properties");
  add_property(properties, "run", plan.run);
  add_property(properties, "profile", plan.profile);
  for (const auto& [name, value] : plan.properties) add_property(properties, name, value);
}

void set_totals(pugi::xml_node node, const Totals& totals) {
  set(node, "tests", std::to_string(totals.tests));
  set(node, "failures", std::to_string(totals.failures));
  set(node, "errors", std::to_string(totals.errors));
  set(node, "skipped", std::to_string(totals.skipped));
  set_seconds(node, totals.seconds);
}

}  // namespace

std::string junit_xml(const RunResult& run) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node suites = document.append_child("testsuites");
  set(suites, "name", "stateproof");
  pugi::xml_node suite = suites.append_child("testsuite");
  set(suite, "name", run.plan.profile.empty() ? "stateproof" : "stateproof " + run.plan.profile);
  set(suite, "timestamp", format_rfc3339(run.plan.started).substr(0, 19));  // UTC; the schemas know no zone
  add_suite_properties(suite, run.plan);
  Totals totals;
  for (const Standing& standing : standings(run)) add_promise(suite, run, standing, totals);
  add_scenarios(suite, run, totals);
  set_totals(suites, totals);
  set_totals(suite, totals);
  std::ostringstream text;
  document.save(text, "  ", pugi::format_default, pugi::encoding_utf8);
  return text.str();
}

}  // namespace stateproof::report
