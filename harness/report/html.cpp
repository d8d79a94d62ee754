#include "harness/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "harness/report/html_scenario.h"
#include "harness/report/html_verdicts.h"
#include "harness/report/markup.h"
#include "harness/report/report_css.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

std::size_t count(const std::vector<Standing>& all, Standing::State state) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [state](const Standing& one) { return one.state == state; }));
}

std::string headline(const RunResult& run, const std::vector<Standing>& all) {
  switch (exit_code(run)) {
    case 0:
      return "The cluster keeps its promises";
    case 1:
      return counted(count(all, Standing::State::kNonconformant), "promise") + " broken";
    default:
      return count(all, Standing::State::kConformant) > 0 ? "Not everything could be judged"
                                                          : "Nothing is proved";
  }
}

std::string_view css_of_run(const RunResult& run) {
  switch (exit_code(run)) {
    case 0:
      return "kept";
    case 1:
      return "broken";
    default:
      return "doubt";
  }
}

std::string counts(const std::vector<Standing>& all) {
  std::string text;
  for (const Standing::State state :
       {Standing::State::kNonconformant, Standing::State::kInconclusive, Standing::State::kNotRun,
        Standing::State::kConformant, Standing::State::kNotApplicable})
    if (const std::size_t number = count(all, state); number > 0)
      text += element("li", fmt::format(R"(class="{}")", css_of(state)),
                      fmt::format("<strong>{}</strong> {}", number, word_of(state)));
  return element("ul", R"(class="counts")", text);
}

std::string trouble_item(const ScenarioResult& scenario) {
  const bool stopped = scenario.outcome == ScenarioResult::Outcome::kInterrupted;
  return element("li", R"(class="doubt")",
                 text_element("a", fmt::format(R"(href="#{}")", anchor_of(scenario)),
                              fmt::format("Scenario {} {}", scenario.name,
                                          stopped ? "was interrupted"
                                                  : "failed, which says nothing about the cluster")) +
                     "<br>" + escaped(scenario.sentence));
}

// A finding may quote a server; the whole of it stands with the promise.
constexpr std::size_t kLongestSentence = 240;

/// What a reader of a bad run wants to know before anything else.
std::string attention(const RunResult& run, const std::vector<Standing>& all) {
  std::string text;
  for (const Standing& one : all)
    if (one.state >= Standing::State::kInconclusive)
      text += element("li", fmt::format(R"(class="{}")", css_of(one.state)),
                      text_element("a", fmt::format(R"(href="#{}")", anchor_of(one)), title_of(one)) +
                          "<br>" + escaped(cut(one.sentence, kLongestSentence)));
  for (const ScenarioResult& scenario : run.scenarios)
    if (scenario.outcome != ScenarioResult::Outcome::kComplete) text += trouble_item(scenario);
  return text.empty() ? text : element("ul", R"(class="attention")", text);
}

std::string subtitle(const RunResult& run) {
  std::string text = run.plan.profile.empty() ? "run " : run.plan.profile + " · run ";
  text += run.plan.run;
  if (run.plan.started != Timestamp{}) text += " · " + format_rfc3339(run.plan.started).substr(0, 19) + "Z";
  if (const auto server = run.plan.properties.find("server version"); server != run.plan.properties.end())
    text += " · Kubernetes " + server->second;
  return text;
}

std::string page_header(const RunResult& run, const std::vector<Standing>& all) {
  return element("header", fmt::format(R"(class="{}")", css_of_run(run)),
                 text_element("p", R"(class="source")", "Stateproof " + subtitle(run)) +
                     text_element("h1", "", headline(run, all)) + counts(all) + attention(run, all));
}

std::string fact_row(std::string_view name, std::string_view value) {
  return element("tr", "", text_element("th", "scope=\"row\"", name) + text_element("td", "", value));
}

std::string value_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The header of a recording says them again, for programs.
constexpr std::string_view kInOtherWords[] = {"server",       "schedulableNodes", "storageClass",
                                              "provisioner",  "bindingMode",      "allowVolumeExpansion",
                                              "featureGates", "nodeSystem",       "dns"};

/// From the plan; what only the recordings know is added.
std::string environment(const RunResult& run, const std::map<std::string, Timeline>& recordings) {
  std::map<std::string, std::string> facts = run.plan.properties;
  const auto is_known = [&facts](std::string_view name) {
    return facts.contains("server version") &&
           std::find(std::begin(kInOtherWords), std::end(kInOtherWords), name) != std::end(kInOtherWords);
  };
  for (const auto& [scenario, timeline] : recordings)
    for (const auto& [name, value] : timeline.header.environment.items())
      if (!is_known(name)) facts.emplace(name, value_text(value));
  if (facts.empty()) return {};
  std::string rows;
  for (const auto& [name, value] : facts) rows += fact_row(name, value);
  return element("section", R"(id="environment")",
                 "<h2>Environment</h2>" +
                     element("div", R"(class="scroll" tabindex="0" role="region" aria-label="environment")",
                             element("table", R"(class="facts")", rows)));
}

std::string scenarios(const RunResult& run, const std::map<std::string, Timeline>& recordings) {
  std::string text;
  for (const ScenarioResult& scenario : run.scenarios) {
    const auto recording = recordings.find(scenario.name);
    text += scenario_section(run, scenario, recording == recordings.end() ? nullptr : &recording->second);
  }
  return text;
}

/// The way to each part: a page of many scenarios is long.
std::string contents(const RunResult& run) {
  std::string links = text_element("a", R"(href="#promises")", "Promises");
  for (const ScenarioResult& scenario : run.scenarios)
    if (has_section(scenario))
      links += " " + text_element("a", fmt::format(R"(href="#{}")", anchor_of(scenario)), scenario.name);
  return element("nav", R"(class="contents" aria-label="contents")", links);
}

constexpr std::string_view kSkip = R"(<a class="skip" href="#content">Skip to the promises</a>)";

constexpr std::string_view kFooter =
    "<footer><p>A promise is <em>broken</em> when the recording shows it; <em>inconclusive</em> when the "
    "recording cannot tell, which is never a pass; <em>not run</em> when nothing was judged. Times count "
    "from the start of the recording. The order of entries is that of the API server.</p></footer>";

}  // namespace

std::string html_page(const RunResult& run, const std::map<std::string, Timeline>& recordings) {
  const std::vector<Standing> all = standings(run);
  const std::string head =
      R"(<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">)"
      // Nothing is fetched and nothing is executed, whatever a name in the cluster contains.
      R"(<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">)"
      R"(<meta name="color-scheme" content="light dark">)" +
      text_element("title", "", headline(run, all) + " · Stateproof") + element("style", "", kReportCss);
  const std::string body =
      std::string{kSkip} + page_header(run, all) + contents(run) +
      element("main", R"(id="content" tabindex="-1")",
              verdicts_section(run) + scenarios(run, recordings) + environment(run, recordings)) +
      std::string{kFooter};
  return "<!doctype html>\n" +
         element("html", R"(lang="en")", element("head", "", head) + element("body", "", body)) + "\n";
}

}  // namespace stateproof::report
