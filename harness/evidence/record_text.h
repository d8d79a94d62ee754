#pragma once

#include <string>

#include "harness/model/timeline.h"
#include "harness/report/run_result.h"

namespace stateproof::evidence {

/// The verdict as it is printed, then the recording around each piece of evidence; where there is none,
/// around what was in the way: gaps, troubles, steps that did not end well.
std::string finding_text(const report::PromiseResult& verdict, const Timeline& timeline);

/// Each change of an answer of DNS, as the clients saw it.
std::string dns_text(const Timeline& timeline);

}  // namespace stateproof::evidence
