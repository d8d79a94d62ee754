#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// What a container takes its own host to be called.
std::vector<Promise> host_name_promises();

}  // namespace stateproof
