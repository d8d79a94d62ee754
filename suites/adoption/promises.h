#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// Pods outlive their set when asked to, and belong to whom their labels say.
std::vector<Promise> adoption_promises();

}  // namespace stateproof
