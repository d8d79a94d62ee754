#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// How long claims live: with their pods, their set, or longer.
std::vector<Promise> claim_lifetime_promises();

}  // namespace stateproof
