#pragma once

#include "harness/model/promise.h"

namespace stateproof {

Promise claim_binding();

}  // namespace stateproof
