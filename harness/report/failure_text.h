#pragma once

#include <string>

#include "harness/report/run_result.h"
#include "harness/report/timeline_text.h"

namespace stateproof::report {

/// The verdict on one requirement for people. Broken: what is required, expected and observed, the timeline,
/// where to look. Inconclusive: why, and what to do. Otherwise one line.
std::string text_of(const RequirementResult& requirement, const std::string& replay = {},
                    const std::string& bundle = {});

/// The verdict on a promise: the requirements that are not conformant first.
std::string text_of(const PromiseResult& promise);

/// "DNS lag 0.8 to 2.3 s (3 measured)"; empty when there is nothing.
std::string text_of(const std::vector<Measurement>& measurements);

}  // namespace stateproof::report
