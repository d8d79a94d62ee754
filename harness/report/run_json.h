#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/report/run_result.h"

namespace stateproof::report {

/// The files of a run as JSON. Readers throw std::exception with the reason when the JSON is not what was
/// written here: damaged, foreign, or of a later version.
constexpr int kSchemaVersion = 1;

nlohmann::json plan_to_json(const Plan& plan);
Plan plan_from_json(const nlohmann::json& json);

nlohmann::json scenario_to_json(const ScenarioResult& scenario);
ScenarioResult scenario_from_json(const nlohmann::json& json);

/// Described by reports/verdict.schema.json.
nlohmann::json verdict_to_json(const PromiseResult& verdict);
PromiseResult verdict_from_json(const nlohmann::json& json);

}  // namespace stateproof::report
