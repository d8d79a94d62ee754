#pragma once

#include <string>

#include "harness/report/mark.h"
#include "harness/report/run_result.h"

namespace stateproof::report {

using SummaryStyle = MarkStyle;

/// The end of a run for people: each promise, the time of each scenario, the counts, where the files are
/// (`out` as the user named it), what the exit code means. At most 100 columns wide.
std::string summary(const RunResult& run, const std::string& out, SummaryStyle style = {});

}  // namespace stateproof::report
