#pragma once

#include <map>
#include <string>

#include "harness/model/rfc3339.h"
#include "harness/report/run_result.h"

namespace stateproof::report {

/// What matters of a run, for a place with little room, such as a ConfigMap: texts by name, at most 256 KiB
/// each. "broken" has a line for each broken promise, "trouble" one for each promise that is inconclusive or
/// was not judged and each scenario that did not end well; both are there even when they are empty.
std::map<std::string, std::string> digest(const RunResult& run, int exit_code, Timestamp ended);

}  // namespace stateproof::report
