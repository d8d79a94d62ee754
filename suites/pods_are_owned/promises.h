#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// Each pod belongs to its set from the beginning, so that it is never left behind.
std::vector<Promise> pods_are_owned_promises();

}  // namespace stateproof
