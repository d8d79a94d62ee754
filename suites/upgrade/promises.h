#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// What an upgrade of the cluster must leave as it is.
std::vector<Promise> upgrade_promises();

}  // namespace stateproof
