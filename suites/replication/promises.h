#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// What a replicated database keeps while its pods, and in the profile disruptive its nodes, are disturbed.
std::vector<Promise> replication_promises();

}  // namespace stateproof
