#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// podManagementPolicy Parallel waits for nothing, and the ordinals begin at spec.ordinals.start.
std::vector<Promise> parallel_promises();

}  // namespace stateproof
