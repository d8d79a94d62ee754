#include "harness/report/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "harness/report/text.h"

namespace stateproof::report {
namespace {

// What moves by less tells nothing: neither a share of it nor an amount.
constexpr double kShare = 0.25;
constexpr double kSeconds = 1.0;

bool is_green(Standing::State state) {
  return state == Standing::State::kConformant || state == Standing::State::kNotApplicable;
}

std::map<std::string, Standing> by_promise(const RunResult& run) {
  std::map<std::string, Standing> all;
  for (const Standing& standing : standings(run))
    all.emplace(standing.plan != nullptr ? standing.plan->id : standing.result->id, standing);
  return all;
}

bool moved(double before, double after, double least) {
  const double by = std::abs(after - before);
  return by > least && by > kShare * std::max(std::abs(before), std::abs(after));
}

std::string times_text(const RunResult& before, const RunResult& after) {
  std::string text;
  for (const ScenarioResult& scenario : after.scenarios) {
    const ScenarioResult* former = before.scenario(scenario.name);
    if (former == nullptr || !moved(former->seconds, scenario.seconds, kSeconds)) continue;
    text += fmt::format("  {:<24} {} -> {}\n", scenario.name, duration_text(former->seconds),
                        duration_text(scenario.seconds));
    std::map<std::string, std::pair<double, double>> steps;
    for (const StepResult& step : former->steps) steps[step.name].first += step.seconds;
    for (const StepResult& step : scenario.steps) steps[step.name].second += step.seconds;
    for (const auto& [name, seconds] : steps)
      if (moved(seconds.first, seconds.second, kSeconds))
        text += fmt::format("    {:<22} {} -> {}\n", name, duration_text(seconds.first),
                            duration_text(seconds.second));
  }
  return text;
}

std::vector<Figure> figures_of(const PromiseResult& result) {
  std::vector<Measurement> all;
  for (const RequirementResult& one : result.requirements)
    all.insert(all.end(), one.measurements.begin(), one.measurements.end());
  return report::figures_of(all);
}

std::string figures_text(const RunResult& before, const RunResult& after) {
  std::string text;
  for (const PromiseResult& result : after.verdicts) {
    const PromiseResult* former = before.verdict(result.id);
    if (former == nullptr) continue;
    const auto old = figures_of(*former);
    for (const Figure& figure : figures_of(result)) {
      const auto found =
          std::find_if(old.begin(), old.end(), [&](const Figure& one) { return one.name == figure.name; });
      if (found == old.end()) continue;
      const double least = figure.unit == "s" ? 0.1 : 0;
      if (!moved(found->largest, figure.largest, least) && !moved(found->median, figure.median, least))
        continue;
      text += fmt::format("  {}: {}, median {:.3g} -> {:.3g} {}, largest {:.3g} -> {:.3g} {}\n", result.id,
                          figure.name, found->median, figure.median, figure.unit, found->largest,
                          figure.largest, figure.unit);
    }
  }
  return text;
}

std::string properties_text(const RunResult& before, const RunResult& after) {
  std::string text;
  std::map<std::string, std::pair<std::string, std::string>> all;
  for (const auto& [name, value] : before.plan.properties) all[name].first = value;
  for (const auto& [name, value] : after.plan.properties) all[name].second = value;
  for (const auto& [name, values] : all)
    if (values.first != values.second)
      text += fmt::format("  {:<24} {} -> {}\n", name, values.first.empty() ? "-" : values.first,
                          values.second.empty() ? "-" : values.second);
  return text;
}

std::string section(const char* title, const std::string& lines) {
  return fmt::format("\n{}\n{}", title, lines.empty() ? "  nothing changed\n" : lines);
}

}  // namespace

Comparison compare(const RunResult& before, const RunResult& after) {
  Comparison comparison;
  std::string verdicts;
  const auto former = by_promise(before);
  const auto present = by_promise(after);
  for (const auto& [id, standing] : present) {
    const auto was = former.find(id);
    if (was == former.end()) {
      verdicts += fmt::format("  new     {:<28} {}\n", id, word_of(standing.state));
      comparison.worse = comparison.worse || !is_green(standing.state);
      continue;
    }
    if (was->second.state == standing.state) continue;
    const bool worse = is_green(was->second.state) && !is_green(standing.state);
    comparison.worse = comparison.worse || worse;
    verdicts += fmt::format("  {:<7} {:<28} {} -> {}\n",
                            worse                                                      ? "WORSE"
                            : is_green(standing.state) && !is_green(was->second.state) ? "better"
                                                                                       : "changed",
                            id, word_of(was->second.state), word_of(standing.state));
    if (!standing.sentence.empty() && !is_green(standing.state))
      verdicts += "          " + wrapped(valid_text(standing.sentence), 100, 10) + "\n";
  }
  for (const auto& [id, standing] : former)
    if (!present.contains(id))
      verdicts += fmt::format("  gone    {:<28} was {}\n", id, word_of(standing.state));
  comparison.text = fmt::format("from run {} ({}) to run {} ({})\n", before.plan.run, before.plan.profile,
                                after.plan.run, after.plan.profile);
  comparison.text += section("verdicts", verdicts);
  comparison.text += section("times", times_text(before, after));
  comparison.text += section("measurements", figures_text(before, after));
  comparison.text += section("environment", properties_text(before, after));
  return comparison;
}

}  // namespace stateproof::report
