#include "harness/report/html_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/report/contrast.h"
#include "harness/report/lanes.h"
#include "harness/report/lanes_svg.h"
#include "harness/report/markup.h"
#include "harness/report/rates.h"
#include "harness/report/served_text.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

struct Column {
  std::string name;
  bool number = false;
};

std::string head_row(const std::vector<Column>& columns) {
  std::string cells;
  for (const Column& one : columns)
    cells += text_element("th", one.number ? "scope=\"col\" class=\"number\"" : "scope=\"col\"", one.name);
  return element("thead", "", element("tr", "", cells));
}

std::string number_cell(const std::string& text) { return text_element("td", "class=\"number\"", text); }

/// A length beside its number, relative to the longest of the table.
std::string bar_cell(double value, double longest) {
  const double share = longest > 0 ? 100 * value / longest : 0;
  return fmt::format(R"(<td class="bar" aria-hidden="true"><span style="width:{:.1f}%"></span></td>)",
                     std::clamp(share, 0.0, 100.0));
}

std::string table(std::string_view caption, const std::vector<Column>& columns, const std::string& rows) {
  const std::string content =
      text_element("caption", "", caption) + head_row(columns) + element("tbody", "", rows);
  return element(
      "div", fmt::format(R"(class="scroll" tabindex="0" role="region" aria-label="{}")", escaped(caption)),
      element("table", "", content));
}

std::string step_row(const StepResult& step, std::size_t number, double longest) {
  std::string name = text_element("strong", "", step.name);
  if (!step.text.empty()) name += " " + escaped(step.text);
  if (step.outcome != Step::Phase::kReached)
    name += " " + text_element("span",
                               step.outcome == Step::Phase::kBegin ? R"(class="badge doubt")"
                                                                   : R"(class="badge broken")",
                               outcome_text(step.outcome));
  return element("tr", "",
                 number_cell(std::to_string(number)) + element("td", "", name) +
                     number_cell(duration_text(step.seconds)) +
                     number_cell(step.cluster_seconds ? duration_text(*step.cluster_seconds) : "–") +
                     bar_cell(step.seconds, longest));
}

std::string steps_table(const ScenarioResult& scenario) {
  if (scenario.steps.empty()) return {};
  double longest = 0;
  for (const StepResult& step : scenario.steps) longest = std::max(longest, step.seconds);
  std::string rows;
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) rows += step_row(scenario.steps[i], i + 1, longest);
  if (const double cluster = cluster_seconds(scenario); cluster > 0)
    rows += element(
        "tr", "class=\"total\"",
        "<td></td>" +
            text_element("td", "",
                         fmt::format("total, {:.2f} x the cluster's own time", scenario.seconds / cluster)) +
            number_cell(duration_text(scenario.seconds)) + number_cell(duration_text(cluster)) + "<td></td>");
  return table("Steps", {{""}, {"step"}, {"took", true}, {"cluster's own", true}, {""}}, rows);
}

std::vector<Measurement> measurements_of(const RunResult& run, const std::string& scenario) {
  std::vector<Measurement> all;
  for (const PromiseResult& verdict : run.verdicts)
    if (verdict.scenario == scenario)
      for (const RequirementResult& one : verdict.requirements)
        all.insert(all.end(), one.measurements.begin(), one.measurements.end());
  return all;
}

std::string measurements_table(const std::vector<Figure>& figures) {
  if (figures.empty()) return {};
  std::string rows;
  for (const Figure& one : figures)
    rows += element("tr", "",
                    text_element("td", "", one.name) + number_cell(std::to_string(one.count)) +
                        number_cell(fmt::format("{:.3g} {}", one.median, one.unit)) +
                        number_cell(fmt::format("{:.3g} {}", one.largest, one.unit)) +
                        text_element("td", "class=\"of\"", one.of));
  return table("Measured, not judged",
               {{"figure"}, {"count", true}, {"median", true}, {"largest", true}, {"of"}}, rows);
}

std::string requests_table(const Timeline& timeline) {
  if (!timeline.finish || timeline.finish->requests.empty()) return {};
  std::string rows;
  for (const auto& [what, count] : timeline.finish->requests)
    rows += element("tr", "", text_element("td", "", what) + number_cell(std::to_string(count)));
  return table("Requests to the API server", {{"request"}, {"count", true}}, rows);
}

/// Of a recording that shows both workloads.
std::string contrast_table(const RunResult& run, const Timeline& timeline) {
  const std::vector<ContrastLine> lines = contrast_lines(timeline);
  if (lines.empty()) return {};
  return element("div", R"(class="contrast")",
                 table("StatefulSet and Deployment", {{""}, {"StatefulSet"}, {"Deployment"}, {"verdict"}},
                       contrast_rows(lines, run)));
}

std::string picture(const RunResult& run, const ScenarioResult& scenario, const Timeline& timeline) {
  const Lanes lanes = lanes_of(timeline, run);
  if (lanes.lanes.empty()) return {};
  std::string served;
  if (const std::string rates = rates_svg(rates_of(timeline)); !rates.empty())
    served = element(
        "figure", "",
        element("div", R"(class="scroll lanes" tabindex="0" role="region" aria-label="writes and reads")",
                rates) +
            element("figcaption", "", rates_legend()));
  if (const std::string figures = served_tables(scenario.served, run.plan.seed); !figures.empty())
    served += element("div", R"(class="tables")", figures);
  return served +
         element("figure", "",
                 element("div", R"(class="scroll lanes" tabindex="0" role="region" aria-label="swim lanes")",
                         lanes_svg(lanes)) +
                     element("figcaption", "", lanes_legend())) +
         contrast_table(run, timeline) +
         element(
             "details", R"(class="lives")",
             "<summary>The same as a table</summary>" +
                 element("div", R"(class="scroll" tabindex="0" role="region" aria-label="lives of the pods")",
                         lives_table(lanes)));
}

std::string trouble(const ScenarioResult& scenario) {
  if (scenario.outcome == ScenarioResult::Outcome::kComplete) return {};
  const bool stopped = scenario.outcome == ScenarioResult::Outcome::kInterrupted;
  std::string text = text_element("strong", "", stopped ? "Interrupted." : "The harness failed.") + " " +
                     escaped(scenario.sentence);
  if (!scenario.bundle.empty())
    text += " " + text_element("a", fmt::format(R"(href="./{}")", escaped(scenario.bundle)), "Evidence.");
  return element("p", R"(class="trouble")", text);
}

std::string left_behind(const ScenarioResult& scenario) {
  if (scenario.left_behind.empty()) return {};
  std::string commands;
  for (const std::string& command : scenario.left_behind) commands += escaped(command) + "\n";
  return element("p", R"(class="trouble")", "Left in the cluster; delete it with:") +
         text_element("pre", "", commands);
}

std::string subtitle(const ScenarioResult& scenario, const Timeline* timeline) {
  std::string text = "took " + duration_text(scenario.seconds);
  if (timeline == nullptr) return text;
  text += " · " + counted(timeline->size(), "observation");
  if (!timeline->header.mutant.empty()) text += " · deployed wrong on purpose: " + timeline->header.mutant;
  return text;
}

}  // namespace

std::string anchor_of(const ScenarioResult& scenario) { return "scenario-" + escaped(scenario.name); }

bool has_section(const ScenarioResult& scenario) {
  return !scenario.steps.empty() || scenario.outcome != ScenarioResult::Outcome::kComplete;
}

std::string scenario_section(const RunResult& run, const ScenarioResult& scenario, const Timeline* timeline) {
  if (timeline == nullptr && !has_section(scenario)) return {};
  std::string text = text_element("h2", "", "What the cluster did: " + scenario.name) +
                     text_element("p", R"(class="source")", subtitle(scenario, timeline)) +
                     trouble(scenario) + left_behind(scenario);
  if (timeline != nullptr) text += picture(run, scenario, *timeline);
  std::string tables =
      steps_table(scenario) + measurements_table(figures_of(measurements_of(run, scenario.name)));
  if (timeline != nullptr) tables += requests_table(*timeline);
  return element("section", fmt::format(R"(id="{}")", anchor_of(scenario)),
                 text + element("div", R"(class="tables")", tables));
}

}  // namespace stateproof::report
