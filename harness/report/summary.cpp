#include "harness/report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "harness/report/failure_text.h"
#include "harness/report/served_text.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

constexpr std::size_t kSummaryWidth = 100;
constexpr std::size_t kTimeColumn = 10;

std::string line(std::size_t indent, std::string_view text) {
  return std::string(indent, ' ') + wrapped(valid_text(text), kSummaryWidth, indent) + "\n";
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

/// What was kept takes a line, and one more for its figures; the page says how much was judged.
std::string promise_lines(const Standing& standing, SummaryStyle style) {
  const std::size_t indent = 2 + mark_columns(style) + 2;
  const bool kept = standing.state == Standing::State::kConformant;
  const std::string title = valid_text(title_of(standing));
  std::string text = "  " + mark(standing.state, style) + "  " +
                     (kept ? cut(title, kSummaryWidth - indent) : wrapped(title, kSummaryWidth, indent)) +
                     "\n";
  if (!kept && !standing.sentence.empty()) text += line(indent + 2, standing.sentence);
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
  const std::size_t room = kSummaryWidth - front - 2 * kTimeColumn;
  const std::string name = cut(one_line(valid_text(step.name + "  " + step.text)), room);
  const std::string cluster = step.cluster_seconds ? duration_text(*step.cluster_seconds) : "";
  std::string text = fmt::format("  {}  {}{}{:>{}}{:>{}}", mark(step.outcome, style), name,
                                 std::string(room - columns(name), ' '), duration_text(step.seconds),
                                 kTimeColumn, cluster, kTimeColumn);
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

/// The whole time is compared, what the harness does alone too: a user waits for it.
std::string took_text(double seconds, double cluster) {
  std::string text = " took " + duration_text(seconds);
  if (cluster > 0)
    text += fmt::format(", {:.2f} x the {} of the cluster's own changes", seconds / cluster,
                        duration_text(cluster));
  return text;
}

std::string steps_text(const ScenarioResult& scenario, SummaryStyle style) {
  const std::string title = "steps of " + scenario.name;
  std::string text = cluster_seconds(scenario) > 0
                         ? fmt::format("{:<{}}{:>{}}{:>{}}", title, kSummaryWidth - 2 * kTimeColumn, "took",
                                       kTimeColumn, "cluster", kTimeColumn)
                         : title;
  text += "\n";
  for (const StepResult& step : scenario.steps) text += step_line(step, style);
  return text;
}

std::string scenario_text(const ScenarioResult& scenario, bool with_steps, SummaryStyle style) {
  std::string text = with_steps ? steps_text(scenario, style) : "";
  text += line(2, scenario.name + took_text(scenario.seconds, cluster_seconds(scenario)));
  if (scenario.outcome != ScenarioResult::Outcome::kComplete)
    text += line(
        2, (scenario.outcome == ScenarioResult::Outcome::kInterrupted ? "interrupted: " : "harness error: ") +
               one_line(scenario.sentence));
  return with_steps ? text + "\n" : text;
}

/// What the clients of a replicated database were served, for each scenario that has some.
std::string served_texts(const RunResult& run) {
  std::string text;
  for (const ScenarioResult& one : run.scenarios)
    if (const std::string told = served_text(one.served, one.name, run.plan.seed); !told.empty())
      text += told + "\n";
  return text;
}

/// The steps are printed of the only scenario that was played, and of one that went wrong.
std::string scenarios_text(const std::vector<ScenarioResult>& scenarios, SummaryStyle style) {
  const auto played = std::count_if(scenarios.begin(), scenarios.end(),
                                    [](const ScenarioResult& one) { return !one.steps.empty(); });
  std::string text;
  double seconds = 0;
  double cluster = 0;
  for (const ScenarioResult& one : scenarios) {
    const bool smooth = std::all_of(one.steps.begin(), one.steps.end(), [](const StepResult& step) {
      return step.outcome == Step::Phase::kReached;
    });
    text += scenario_text(one, !one.steps.empty() && (played == 1 || !smooth), style);
    seconds += one.seconds;
    cluster += cluster_seconds(one);
  }
  if (played > 1) text += line(2, "all scenarios, total" + took_text(seconds, cluster));
  return text.empty() || text.ends_with("\n\n") ? text : text + "\n";
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

std::string left_behind_text(const RunResult& run) {
  std::string text;
  for (const ScenarioResult& scenario : run.scenarios)
    for (const std::string& command : scenario.left_behind) text += line(4, one_line(valid_text(command)));
  return text.empty() ? text : line(2, "left in the cluster; delete it with:") + text + "\n";
}

std::string files_text(const RunResult& run, const std::string& out) {
  std::string text = fmt::format(
      "  report      {0}/report.html\n  junit       {0}/junit.xml\n  recordings  {0}/recordings/\n", out);
  std::set<std::string> bundles;
  for (const PromiseResult& verdict : run.verdicts) bundles.insert(verdict.bundle);
  for (const ScenarioResult& scenario : run.scenarios) bundles.insert(scenario.bundle);
  for (const std::string& bundle : bundles)
    if (!bundle.empty()) text += fmt::format("  evidence    {}/{}\n", out, bundle);
  return text;
}

}  // namespace

std::string summary(const RunResult& run, const std::string& out, SummaryStyle style) {
  const std::vector<Standing> all = standings(run);
  const int code = exit_code(run);
  std::string text = line(0, fmt::format("Stateproof {}, run {}", run.plan.profile, run.plan.run)) + "\n";
  text += promises_text(all, style);
  text += served_texts(run);
  text += scenarios_text(run.scenarios, style);
  text += left_behind_text(run);
  return text + counts_text(all) + files_text(run, out) +
         fmt::format("exit code {}: {}\n", code, meaning(code));
}

}  // namespace stateproof::report
