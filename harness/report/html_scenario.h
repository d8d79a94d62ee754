#pragma once

#include <string>

#include "harness/report/run_result.h"

namespace stateproof::report {

/// Address of a scenario within the page.
std::string anchor_of(const ScenarioResult& scenario);
/// Whether there is something to show of it without its recording. What is not played, such as the look at
/// the cluster, is shown only when it went wrong.
bool has_section(const ScenarioResult& scenario);

/// One scenario: the picture of its recording, its steps, its measurements, its requests. `timeline` may be
/// null.
std::string scenario_section(const RunResult& run, const ScenarioResult& scenario, const Timeline* timeline);

}  // namespace stateproof::report
