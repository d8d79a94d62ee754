#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// A pod that is not Ready holds up what must wait for it, and nothing else.
std::vector<Promise> halting_promises();

}  // namespace stateproof
