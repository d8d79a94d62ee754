#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// A new template reaches the pods as the update strategy says, and in no other way.
std::vector<Promise> rollout_promises();

}  // namespace stateproof
