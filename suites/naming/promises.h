#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// The DNS of the cluster gives the records of a headless Service, as its specification has them.
std::vector<Promise> naming_promises();

}  // namespace stateproof
