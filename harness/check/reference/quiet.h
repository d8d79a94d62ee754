#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// MOD-06: between two changes that controllers act on (pods, claims and their volumes, what was asked of
/// sets and Services, what was done on purpose) each object is written a few times at most.
Verdict quiet_stays_quiet(const Timeline& timeline);

}  // namespace stateproof::check
