#pragma once

#include <string>

#include "harness/report/run_result.h"

namespace stateproof::report {

/// What changed between two runs.
struct Comparison {
  std::string text;    ///< for people: verdicts, then times and measurements that moved, then the environment
  bool worse = false;  ///< a promise that was kept, or did not apply, is no longer kept
};

/// Times and measurements are reported when they moved by more than a quarter and by more than what a clock
/// of whole seconds explains: what is less is the weather of a cluster.
Comparison compare(const RunResult& before, const RunResult& after);

}  // namespace stateproof::report
