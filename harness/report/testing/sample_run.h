#pragma once

#include <string>
#include <vector>

#include "harness/model/promise.h"
#include "harness/model/timeline.h"
#include "harness/report/run_result.h"

namespace stateproof::report::testing {

/// A lifecycle as a small cluster lives it: three pods created in order, written to, replaced in turn, scaled
/// to five, to two and back to three.
Timeline kept_timeline();

/// The same with three breaches: mariadb-1 is created before mariadb-0 is Ready, the name of the replaced
/// mariadb-1 keeps its old address, and the claim of mariadb-4 is deleted on scale-down.
Timeline broken_timeline();

/// The first one, stopped while mariadb-1 is replaced.
Timeline aborted_timeline();

/// The promises of the sample; ordered creation has two requirements, one of which is informing.
const std::vector<Promise>& promises();

Plan plan();
RunResult kept_run();
RunResult broken_run();
/// Stopped in the middle: the scenario was interrupted and nothing was judged.
RunResult aborted_run();

}  // namespace stateproof::report::testing
