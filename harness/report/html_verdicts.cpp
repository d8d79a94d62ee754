#include "harness/report/html_verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "harness/report/failure_text.h"
#include "harness/report/html_scenario.h"
#include "harness/report/lanes.h"
#include "harness/report/markup.h"
#include "harness/report/text.h"

namespace stateproof::report {
namespace {

// Those that follow mostly say the same of other objects.
constexpr std::size_t kUnfoldedFindings = 3;

using Numbers = std::map<FindingKey, int>;

std::string_view sign_of(Standing::State state) {
  switch (state) {
    case Standing::State::kConformant:
      return "✓";
    case Standing::State::kNotApplicable:
      return "–";
    case Standing::State::kNotRun:
      return "·";
    case Standing::State::kInconclusive:
      return "?";
    case Standing::State::kNonconformant:
      return "✗";
  }
  return "";
}

std::string badge(Standing::State state) {
  return text_element("span", fmt::format(R"(class="badge {}")", css_of(state)),
                      fmt::format("{} {}", sign_of(state), word_of(state)));
}

std::string term(std::string_view name, std::string_view text) {
  return text.empty() ? "" : text_element("dt", "", name) + text_element("dd", "", text);
}

std::string timeline_block(const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  std::string text;
  for (const std::string& line : lines)
    text += (line.starts_with('>') ? text_element("mark", "", line) : escaped(line)) + "\n";
  return element("pre", R"(class="timeline" tabindex="0" aria-label="timeline around the finding")", text);
}

std::string finding_block(const FindingResult& result, int number) {
  const Finding& finding = result.finding;
  const std::string facts = term("object", finding.object.text()) + term("expected", finding.expected) +
                            term("observed", finding.observed) + term("when", result.when) +
                            term("look at", finding.look_at);
  return element("div", fmt::format(R"(class="finding" id="finding-{}")", number),
                 text_element("span", R"(class="number-flag")", std::to_string(number)) +
                     element("dl", "", facts) + timeline_block(result.excerpt));
}

/// "kubernetes.io/docs/concepts/..." is enough for people; the link has the rest.
std::string source_line(const RequirementResult& requirement) {
  std::string_view shown = requirement.source;
  if (const std::size_t scheme = shown.find("://"); scheme != std::string_view::npos)
    shown.remove_prefix(scheme + 3);
  std::string text = link(requirement.source, shown);
  if (!requirement.since.empty()) text += " · since Kubernetes " + escaped(requirement.since);
  if (requirement.level == Level::kInforming) text += " · informing: does not break the promise";
  return element("p", R"(class="source")", text);
}

std::string judged_line(const RequirementResult& requirement) {
  if (requirement.outcome == Outcome::kNonconformant) return {};
  std::string text = requirement.reason;
  if (const std::string figures = text_of(requirement.measurements); !figures.empty())
    text += (text.empty() ? "" : "; ") + figures;
  return text.empty() ? "" : text_element("p", R"(class="judged")", text);
}

std::string requirement_block(const std::string& promise, const RequirementResult& requirement,
                              const Numbers& numbers) {
  std::string text = element("h4", "",
                             text_element("code", "", requirement.id) + " " + escaped(requirement.title) +
                                 " " + badge(state_of(requirement.outcome)));
  text += text_element("p", R"(class="sentence")", requirement.sentence) + source_line(requirement);
  text += judged_line(requirement);
  std::string more;
  for (std::size_t i = 0; i < requirement.findings.size(); ++i)
    (i < kUnfoldedFindings ? text : more) +=
        finding_block(requirement.findings[i], numbers.at({promise, requirement.id, i}));
  if (!more.empty())
    text += element("details", R"(class="more")",
                    text_element("summary", "",
                                 counted(requirement.findings.size() - kUnfoldedFindings, "more finding")) +
                        more);
  return element("div", R"(class="requirement")", text);
}

std::string evidence_lines(const RunResult& run, const PromiseResult& result) {
  std::string text;
  const auto add = [&text](const char* name, const std::string& what) {
    text += element("p", R"(class="again")", fmt::format("{}: {}", name, what));
  };
  const ScenarioResult* scenario = run.scenario(result.scenario);
  if (scenario != nullptr && has_section(*scenario))
    add("seen in", text_element("a", fmt::format(R"(href="#{}")", anchor_of(*scenario)),
                                "what the cluster did: " + scenario->name));
  if (!result.bundle.empty())
    add("evidence", text_element("a", fmt::format(R"(href="./{}")", escaped(result.bundle)), result.bundle));
  if (!result.replay.empty()) add("judge again", text_element("code", "", result.replay));
  return text;
}

std::string promise_body(const RunResult& run, const Standing& standing, const Numbers& numbers) {
  if (standing.result == nullptr)
    return text_element("p", "",
                        fmt::format("Requirements: {}. Run the scenario to have them judged.",
                                    fmt::join(standing.plan->requirements, ", ")));
  std::string text;
  for (const RequirementResult& one : standing.result->requirements)
    text += requirement_block(standing.result->id, one, numbers);
  return text + evidence_lines(run, *standing.result);
}

std::string promise_block(const RunResult& run, const Standing& standing, const Numbers& numbers) {
  const bool open = standing.state >= Standing::State::kInconclusive;
  const std::string& id = standing.plan != nullptr ? standing.plan->id : standing.result->id;
  const std::string summary =
      badge(standing.state) + text_element("span", R"(class="title")", title_of(standing)) +
      text_element("code", "", id) + text_element("span", R"(class="what")", standing.sentence);
  return element("details",
                 fmt::format(R"(class="promise {}" id="{}"{})", css_of(standing.state), anchor_of(standing),
                             open ? " open" : ""),
                 element("summary", "", summary) + promise_body(run, standing, numbers));
}

}  // namespace

std::string_view css_of(Standing::State state) {
  switch (state) {
    case Standing::State::kConformant:
      return "kept";
    case Standing::State::kNotApplicable:
      return "outside";
    case Standing::State::kNotRun:
      return "open-end";
    case Standing::State::kInconclusive:
      return "doubt";
    case Standing::State::kNonconformant:
      return "broken";
  }
  return "";
}

std::string badge(Outcome outcome) { return badge(state_of(outcome)); }

std::string anchor_of(const Standing& standing) {
  return "promise-" + escaped(standing.plan != nullptr ? standing.plan->id : standing.result->id);
}

const std::string& title_of(const Standing& standing) {
  return standing.plan != nullptr ? standing.plan->title : standing.result->title;
}

std::string verdicts_section(const RunResult& run) {
  const std::vector<Standing> all = standings(run);
  const Numbers numbers = finding_numbers(run);
  std::vector<std::string> groups;
  for (const Standing& one : all)
    if (std::find(groups.begin(), groups.end(), group_of(one)) == groups.end())
      groups.push_back(group_of(one));
  std::string text = "<h2>Promises</h2>";
  for (const std::string& group : groups) {
    text += text_element("h3", "", group);
    for (const Standing& one : all)
      if (group_of(one) == group) text += promise_block(run, one, numbers);
  }
  return element("section", R"(id="promises")", text);
}

}  // namespace stateproof::report
