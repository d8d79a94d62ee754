#pragma once

#include <map>
#include <string>

#include "harness/model/timeline.h"
#include "harness/report/run_result.h"

namespace stateproof::report {

/// One page that opens without a network and without scripts: the verdicts, and what the cluster did as swim
/// lanes. `recordings` by scenario; a scenario without one has no picture.
std::string html_page(const RunResult& run, const std::map<std::string, Timeline>& recordings = {});

}  // namespace stateproof::report
