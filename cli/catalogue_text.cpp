#include "cli/catalogue_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "suites/catalogue.h"
#include "suites/mutants/mutants.h"
#include "suites/mutants/wrong_histories.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::cli {
namespace {

using nlohmann::json;

std::string_view level_text(Level level) { return level == Level::kBlocking ? "blocking" : "informing"; }

/// Deployments and histories that the requirement must condemn.
std::vector<std::string> mutants_of(const Promise& promise, const Requirement& requirement) {
  std::vector<std::string> names;
  for (const mutants::Mutant& mutant : mutants::all())
    if (mutant.promise == promise.id && mutant.requirement == requirement.id) names.emplace_back(mutant.name);
  for (const mutants::WrongHistory& history : mutants::wrong_histories())
    if (history.promise == promise.id && history.requirement == requirement.id)
      names.push_back(fmt::format("{} (history)", history.name));
  return names;
}

// A table's cell ends at a bar.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string{"\\|"} : std::string{c};
  return escaped;
}

/// "1.35, gate MaxUnavailableStatefulSet"
std::string since_text(const Requirement& requirement) {
  if (requirement.gate.empty()) return std::string{requirement.since};
  return fmt::format("{}{}gate {}", requirement.since, requirement.since.empty() ? "" : ", ",
                     requirement.gate);
}

std::vector<std::string_view> groups() {
  std::vector<std::string_view> names;
  for (const Promise& promise : catalogue())
    if (std::find(names.begin(), names.end(), promise.group) == names.end()) names.push_back(promise.group);
  return names;
}

std::string summary() {
  std::map<Profile, std::size_t> promises;
  std::size_t requirements = 0;
  std::size_t blocking = 0;
  for (const Promise& promise : catalogue()) {
    ++promises[promise.profile];
    for (const Requirement& requirement : promise.requirements) {
      ++requirements;
      if (requirement.level == Level::kBlocking) ++blocking;
    }
  }
  const std::size_t quick = promises[Profile::kQuick];
  const std::size_t conformance = quick + promises[Profile::kConformance];
  return fmt::format(
      "{} promises with {} requirements, {} of them blocking. Profile quick judges {} promises, conformance "
      "{}, disruptive {}, and upgrade the quick ones and {} more.",
      catalogue().size(), requirements, blocking, quick, conformance,
      conformance + promises[Profile::kDisruptive], promises[Profile::kUpgrade]);
}

std::string scenario_table() {
  std::string text = "| scenario | plays | profile |\n|---|---|---|\n";
  for (const scenarios::Scenario& scenario : scenarios::all())
    text += fmt::format("| {} | {} | {} |\n", scenario.name, cell(scenario.title), to_text(scenario.profile));
  return text;
}

std::string promise_section(const Promise& promise) {
  std::string text = fmt::format("### {}\n\n{}. Scenario {}, profile {}.\n\n", promise.id, promise.title,
                                 promise.scenario, to_text(promise.profile));
  text += "| id | requires | since | level | guarded by |\n|---|---|---|---|---|\n";
  for (const Requirement& requirement : promise.requirements)
    text += fmt::format("| {} | {} [source]({}) | {} | {} | {} |\n", requirement.id,
                        cell(requirement.sentence), requirement.source, since_text(requirement),
                        level_text(requirement.level), fmt::join(mutants_of(promise, requirement), ", "));
  return text + "\n";
}

}  // namespace

std::string catalogue_markdown() {
  std::string text =
      "# What Stateproof demands of a cluster\n\n"
      "Written by `stateproof promises > docs/CONFORMANCE.md`; a test fails when it is not up to date.\n"
      "A blocking requirement that is not met makes the promise nonconformant; an informing one is told "
      "only. Where the cluster is older than \"since\", or its feature gate is off, the requirement is not "
      "applicable.\n"
      "Guarded by: wrong deployments, or wrong histories made from a real recording, that the requirement "
      "must "
      "condemn.\n\n";
  text += summary() + "\n\n## Scenarios\n\n" + scenario_table() + "\n";
  for (const std::string_view group : groups()) {
    text += fmt::format("## {}\n\n", group);
    for (const Promise& promise : catalogue())
      if (promise.group == group) text += promise_section(promise);
  }
  text.pop_back();  // one newline at the end is enough
  return text;
}

json catalogue_json() {
  json list = json::array();
  for (const Promise& promise : catalogue())
    for (const Requirement& requirement : promise.requirements)
      list.push_back({{"promise", promise.id},
                      {"group", promise.group},
                      {"scenario", promise.scenario},
                      {"profile", to_text(promise.profile)},
                      {"id", requirement.id},
                      {"title", requirement.title},
                      {"requires", requirement.sentence},
                      {"source", requirement.source},
                      {"since", requirement.since},
                      {"gate", requirement.gate},
                      {"level", level_text(requirement.level)},
                      {"mutants", mutants_of(promise, requirement)}});
  return list;
}

}  // namespace stateproof::cli
