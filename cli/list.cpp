#include "cli/list.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "suites/catalogue.h"
#include "suites/faults/faults.h"
#include "suites/mutants/mutants.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::cli {
namespace {

using nlohmann::json;

constexpr std::array kEveryProfile{Profile::kQuick, Profile::kConformance, Profile::kDisruptive,
                                   Profile::kUpgrade, Profile::kWorkload};

/// The profiles that have it.
json labels_of(Profile item) {
  json labels = json::array();
  for (const Profile run : kEveryProfile)
    if (has_place(item, run)) labels.push_back(to_text(run));
  return labels;
}

json needed_by(const scenarios::Scenario& scenario) {
  json rights = json::array();
  for (const scenarios::Right& right : scenarios::rights_of(scenario)) rights.push_back(to_text(right));
  return rights;
}

json json_of(const scenarios::Scenario& scenario) {
  return {{"name", scenario.name},
          {"title", scenario.title},
          {"profile", to_text(scenario.profile)},
          {"labels", labels_of(scenario.profile)},
          {"seconds", scenario.seconds},
          {"alone", scenarios::plays_alone(scenario)},
          {"survives_a_kill", scenario.salvage != nullptr},
          {"client_namespace", scenario.has_client_namespace},
          {"rights", needed_by(scenario)}};
}

json json_of(const Promise& promise) {
  json requirements = json::array();
  for (const Requirement& requirement : promise.requirements) requirements.push_back(requirement.id);
  return {{"name", promise.id},
          {"title", promise.title},
          {"scenario", promise.scenario},
          {"profile", to_text(promise.profile)},
          {"labels", labels_of(promise.profile)},
          {"requirements", std::move(requirements)}};
}

json json_of(const mutants::Mutant& mutant) {
  const std::string_view scenario = find_promise(mutant.promise)->scenario;
  return {{"name", mutant.name},
          {"title", mutant.title},
          {"promise", mutant.promise},
          {"requirement", mutant.requirement},
          {"scenario", scenario},
          {"labels", {"mutant"}},
          {"seconds", scenarios::find(scenario)->seconds}};
}

json json_of(const faults::Fault& fault) {
  return {{"name", fault.name},
          {"title", fault.title},
          {"finding", fault.finding},
          {"labels", {"fault"}},
          {"alone", fault.touches_the_cluster}};
}

template <class Declared>
json array_of(const std::vector<Declared>& declared) {
  json array = json::array();
  for (const Declared& one : declared) array.push_back(json_of(one));
  return array;
}

}  // namespace

json list_json() {
  return {{"scenarios", array_of(scenarios::all())},
          {"promises", array_of(catalogue())},
          {"mutants", array_of(mutants::all())},
          {"faults", array_of(faults::all())}};
}

std::string list_text() {
  const json listed = list_json();
  std::string text;
  for (const auto& [kind, declared] : listed.items()) {
    text += fmt::format("{}:\n", kind);
    for (const json& one : declared)
      text +=
          fmt::format("  {:26} {}\n", one.at("name").get<std::string>(), one.at("title").get<std::string>());
  }
  return text;
}

}  // namespace stateproof::cli
