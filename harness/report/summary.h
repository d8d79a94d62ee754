#pragma once

#include <string>

#include "harness/report/run_result.h"

namespace stateproof::report {

struct SummaryStyle {
  bool colour = false;   ///< a terminal that wants it
  bool unicode = false;  ///< marks that need UTF-8
};

/// The end of a run for people: each promise, the time of each step, the counts, where the files are (`out`
/// as the user named it), what the exit code means. At most 100 columns wide.
std::string summary(const RunResult& run, const std::string& out, SummaryStyle style = {});

}  // namespace stateproof::report
