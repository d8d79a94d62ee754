#pragma once

#include <span>
#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// What somebody's own StatefulSet is judged on, in the scenario "workload": requirements of the promises
/// that were written so far, as far as the workload has what they need, and what its records show.
std::vector<Promise> workload_promises(std::span<const Promise> written);

}  // namespace stateproof
