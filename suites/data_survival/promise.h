#pragma once

#include "harness/model/promise.h"

namespace stateproof {

Promise data_survival();

}  // namespace stateproof
