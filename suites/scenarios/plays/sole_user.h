#pragma once

#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// Two pods want one claim of access mode ReadWriteOncePod: steps "first-user" and, when a volume came for
/// it, "second-user".
void let_two_want_one_claim(Stage& stage);

}  // namespace stateproof::scenarios
