#pragma once

#include "harness/model/promise.h"

namespace stateproof {

Promise ordered_creation();

}  // namespace stateproof
