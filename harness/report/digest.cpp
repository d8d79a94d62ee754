#include "harness/report/digest.h"

#include <fmt/format.h>

#include "harness/report/text.h"

namespace stateproof::report {
namespace {

constexpr std::size_t kLongest = 256U << 10U;

std::string line_of(std::string_view what, const std::string& sentence) {
  return fmt::format("{}: {}\n", what, one_line(valid_text(sentence)));
}

std::string_view meaning_of(int exit_code) {
  if (exit_code == 0) return "conformant";
  return exit_code == 1 ? "broken" : "inconclusive";
}

}  // namespace

std::map<std::string, std::string> digest(const RunResult& run, int exit_code, Timestamp ended) {
  std::map<std::string, std::string> told{{"run", run.plan.run},
                                          {"profile", run.plan.profile},
                                          {"started", format_rfc3339(run.plan.started)},
                                          {"ended", format_rfc3339(ended)},
                                          {"exitCode", std::to_string(exit_code)},
                                          {"result", std::string{meaning_of(exit_code)}},
                                          {"broken", ""},
                                          {"trouble", ""}};
  if (const auto server = run.plan.properties.find("server version"); server != run.plan.properties.end())
    told["serverVersion"] = server->second;
  std::map<Standing::State, int> counts;
  for (const Standing& standing : standings(run)) {
    ++counts[standing.state];
    const std::string& id = standing.plan != nullptr ? standing.plan->id : standing.result->id;
    if (standing.state == Standing::State::kNonconformant) told["broken"] += line_of(id, standing.sentence);
    if (standing.state == Standing::State::kInconclusive || standing.state == Standing::State::kNotRun)
      told["trouble"] += line_of(fmt::format("{} ({})", id, word_of(standing.state)), standing.sentence);
  }
  for (const ScenarioResult& scenario : run.scenarios)
    if (scenario.outcome != ScenarioResult::Outcome::kComplete)
      told["trouble"] += line_of("scenario " + scenario.name, scenario.sentence);
  for (const auto& [key, state] : {std::pair{"countKept", Standing::State::kConformant},
                                   {"countBroken", Standing::State::kNonconformant},
                                   {"countInconclusive", Standing::State::kInconclusive},
                                   {"countNotApplicable", Standing::State::kNotApplicable},
                                   {"countNotRun", Standing::State::kNotRun}})
    told[key] = std::to_string(counts[state]);
  for (auto& [key, text] : told)
    if (text.size() > kLongest) text = valid_text(text.substr(0, kLongest)) + "\n(more in the report)\n";
  return told;
}

}  // namespace stateproof::report
