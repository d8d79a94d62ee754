#pragma once

#include <string>

#include "harness/report/run_result.h"

namespace stateproof::report {

/// One scenario: the picture of its recording, its steps, its measurements, its requests. `timeline` may be
/// null.
std::string scenario_section(const RunResult& run, const ScenarioResult& scenario, const Timeline* timeline);

}  // namespace stateproof::report
