#pragma once

#include <string_view>
#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// Header::scenario of a recording that only watched: other people's set, other people's doings, no steps.
inline constexpr std::string_view kWatchedScenario = "watch";

/// Of the catalogue's promises, under their ids, those that such a recording can show something of. A
/// requirement that needs the steps of its scenario is not applicable to it. The addresses are stable.
const std::vector<Promise>& watched_promises();

/// Their requirements that are judged without steps.
std::vector<Requirement> watched_requirements();

}  // namespace stateproof
