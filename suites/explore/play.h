#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "suites/explore/sequence.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::explore {

/// A scenario that plays the sequence on one set and ends when nothing is owed any more. Its name is
/// "explore-SEED". With `broken_at`, what a broken controller would do is done after each operation of that
/// kind: a pod that is wanted is deleted, and nobody says so.
scenarios::Scenario scenario_of(const Sequence& sequence, std::optional<Kind> broken_at = {});

}  // namespace stateproof::explore
