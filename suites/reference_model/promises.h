#pragma once

#include <string_view>

#include "harness/model/promise.h"

namespace stateproof {

/// What holds of every set, whatever is done to it: the promise that a scenario's recording agrees with the
/// reference model. Its id is "reference-model-SCENARIO"; the requirements are the same in all of them.
Promise reference_model_promise(std::string_view scenario, Profile profile);

}  // namespace stateproof
