#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// podManagementPolicy Parallel waits for nothing, and the ordinals begin where they are told to.
std::vector<Promise> parallel_promises();

}  // namespace stateproof
