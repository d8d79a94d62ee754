#include "harness/report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "harness/report/failure_text.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kTimeColumn = 10;

std::string line(std::size_t indent, std::string_view text) {
  return std::string(indent, ' ') + wrapped(valid_text(text), kWidth, indent) + "\n";
}

const std::string& group_of(const Standing& standing) {
  return standing.plan != nullptr ? standing.plan->group : standing.result->group;
}

std::string title_of(const Standing& standing) {
  if (standing.plan != nullptr) return standing.plan->id + "  " + standing.plan->title;
  return standing.result->id + "  " + standing.result->title;
}

std::string figures_of(const Standing& standing) {
  if (standing.result == nullptr) return {};
  std::vector<Measurement> all;
  for (const RequirementResult& one : standing.result->requirements)
    all.insert(all.end(), one.measurements.begin(), one.measurements.end());
  return text_of(all);
}

std::string promise_lines(const Standing& standing, SummaryStyle style) {
  const std::size_t indent = 2 + mark_columns(style) + 2;
  std::string text = "  " + mark(standing.state, style) + "  " +
                     wrapped(valid_text(title_of(standing)), kWidth, indent) + "\n";
  if (!standing.sentence.empty()) text += line(indent + 2, standing.sentence);
  if (const std::string figures = figures_of(standing); !figures.empty()) text += line(indent + 2, figures);
  return text;
}

/// Groups in the order in which the plan names them first.
std::string promises_text(const std::vector<Standing>& all, SummaryStyle style) {
  std::vector<std::string> groups;
  for (const Standing& one : all)
    if (std::find(groups.begin(), groups.end(), group_of(one)) == groups.end())
      groups.push_back(group_of(one));
  std::string text;
  for (const std::string& group : groups) {
    text += group + "\n";
    for (const Standing& one : all)
      if (group_of(one) == group) text += promise_lines(one, style);
    text += "\n";
  }
  return text;
}

std::string step_line(const StepResult& step, SummaryStyle style) {
  const std::size_t front = 2 + mark_columns(style) + 2;
  const std::size_t room = kWidth - front - 2 * kTimeColumn;
  const std::string name = cut(one_line(valid_text(step.name + "  " + step.text)), room);
  const std::string cluster = step.cluster_seconds ? duration_text(*step.cluster_seconds) : "";
  std::string text = fmt::format("  {}  {}{}{:>{}}{:>{}}", mark(step.outcome, style), name,
                                 std::string(room - columns(name), ' '), duration_text(step.seconds),
                                 kTimeColumn, cluster, kTimeColumn);
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

/// Compared over the steps whose cluster time is known, else the harness would be charged for the others.
std::string ratio_text(const ScenarioResult& scenario) {
  double ours = 0;
  double cluster = 0;
  for (const StepResult& step : scenario.steps) {
    if (!step.cluster_seconds) continue;
    ours += step.seconds;
    cluster += *step.cluster_seconds;
  }
  if (cluster <= 0) return {};
  return fmt::format(", {:.2f} x the cluster's own time in the steps where that is known", ours / cluster);
}

std::string scenario_text(const ScenarioResult& scenario, SummaryStyle style) {
  const bool timed = std::any_of(scenario.steps.begin(), scenario.steps.end(),
                                 [](const StepResult& step) { return step.cluster_seconds.has_value(); });
  const std::string title = "steps of " + scenario.name;
  std::string text = timed ? fmt::format("{:<{}}{:>{}}{:>{}}", title, kWidth - 2 * kTimeColumn, "took",
                                         kTimeColumn, "cluster", kTimeColumn)
                           : title;
  text += "\n";
  for (const StepResult& step : scenario.steps) text += step_line(step, style);
  text += line(
      2, fmt::format("{} took {}{}", scenario.name, duration_text(scenario.seconds), ratio_text(scenario)));
  if (scenario.outcome != ScenarioResult::Outcome::kComplete)
    text += line(
        2, (scenario.outcome == ScenarioResult::Outcome::kInterrupted ? "interrupted: " : "harness error: ") +
               one_line(scenario.sentence));
  return text + "\n";
}

std::string counts_text(const std::vector<Standing>& all) {
  const auto count = [&all](Standing::State state) {
    return std::count_if(all.begin(), all.end(), [state](const Standing& one) { return one.state == state; });
  };
  std::string text = counted(all.size(), "promise") + ":";
  std::string_view separator = " ";
  const auto add = [&](Standing::State state, std::string_view word) {
    if (count(state) == 0) return;
    text += fmt::format("{}{} {}", separator, count(state), word);
    separator = ", ";
  };
  add(Standing::State::kConformant, "conformant");
  add(Standing::State::kNonconformant, "broken");
  add(Standing::State::kInconclusive, "inconclusive");
  add(Standing::State::kNotRun, "not run");
  add(Standing::State::kNotApplicable, "not applicable");
  return all.empty() ? "no promise was planned\n" : text + "\n";
}

std::string_view meaning(int code) {
  switch (code) {
    case 0:
      return "every promise that applies here was kept";
    case 1:
      return "a promise was broken";
    default:
      return "not everything could be judged, so nothing is proved";
  }
}

std::string files_text(const std::string& out) {
  return fmt::format(
      "  report      {0}/report.html\n  junit       {0}/junit.xml\n  recordings  {0}/recordings/\n", out);
}

}  // namespace

std::string summary(const RunResult& run, const std::string& out, SummaryStyle style) {
  const std::vector<Standing> all = standings(run);
  const int code = exit_code(run);
  std::string text = line(0, fmt::format("Stateproof {}, run {}", run.plan.profile, run.plan.run)) + "\n";
  text += promises_text(all, style);
  for (const ScenarioResult& scenario : run.scenarios) text += scenario_text(scenario, style);
  return text + counts_text(all) + files_text(out) + fmt::format("exit code {}: {}\n", code, meaning(code));
}

}  // namespace stateproof::report
