#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// What autoscalers and `kubectl scale` write to.
std::vector<Promise> scale_promises();

}  // namespace stateproof
