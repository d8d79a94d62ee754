#pragma once

#include <string>

#include "harness/report/run_result.h"

namespace stateproof::report {

/// The run in the dialect of JUnit that GitLab, Jenkins, GitHub actions, TestGrid and Prow have in common:
/// one testcase a promise and one a scenario. A broken promise is a failure, trouble of the harness and an
/// inconclusive verdict are errors, what was not run is skipped with the reason.
std::string junit_xml(const RunResult& run);

}  // namespace stateproof::report
