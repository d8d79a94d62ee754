#pragma once

#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// What a StatefulSet gives and a Deployment of the same pods does not.
std::vector<Promise> contrast_promises();

}  // namespace stateproof
