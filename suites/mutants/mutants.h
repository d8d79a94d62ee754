#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/steps.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::mutants {

/// A deliberately wrong deployment and the promise that must be judged broken because of it.
struct Mutant {
  std::string_view name;
  std::string_view title;
  std::string_view promise;       ///< id of the promise that catches it; its scenario is played
  std::string_view requirement;   ///< id of a requirement that must be among the findings
  std::optional<StepName> until;  ///< step after which the scenario has shown enough; none: played to its end
  void (*mutate)(std::vector<nlohmann::json>& objects);
  std::string_view disruption = {};  ///< the one that shows it; empty: all that the scenario has
  /// Of the scenario "upgrade": what happens instead of an upgrade. Of one with `killed_at`: what happens
  /// while the harness is dead.
  void (*interfere)(scenarios::Stage& stage) = nullptr;
  /// The process that plays is killed when it has begun a step of this name, and another takes up what it
  /// left.
  std::optional<StepName> killed_at = {};
};

const std::vector<Mutant>& all();
const Mutant* find(std::string_view name);

}  // namespace stateproof::mutants
