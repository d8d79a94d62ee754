#pragma once

#include "harness/model/promise.h"

namespace stateproof {

Promise stable_dns();

}  // namespace stateproof
