#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/model/promise.h"

namespace stateproof::explore {

/// What the recording of one exploration is judged on: the reference model, and what else needs no step that
/// it knows. Promise and scenario are called "explore-SEED". The address is stable.
const Promise& promise_of(std::uint32_t seed);

/// The seed in "explore-SEED"; nullopt when it is another name.
std::optional<std::uint32_t> seed_of(std::string_view name);

}  // namespace stateproof::explore
