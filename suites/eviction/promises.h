#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// Evictions keep to the PodDisruptionBudget.
std::vector<Promise> eviction_promises();

}  // namespace stateproof
