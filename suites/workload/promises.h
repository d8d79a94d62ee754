#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/model/promise.h"
#include "harness/model/timeline.h"

namespace stateproof {

/// What somebody's own StatefulSet is judged on, in the scenario "workload": requirements of the promises
/// that were written so far, as far as the workload has what they need, and what its records show.
std::vector<Promise> workload_promises(std::span<const Promise> written);

/// What a recording says cannot be judged: the ability that is missing, and why it is.
std::map<std::string, std::string> left_out_in(const Timeline& timeline);

}  // namespace stateproof
