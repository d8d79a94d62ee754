#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// STO-04: a member's acknowledged rows, and no others, are there again after its pod was replaced.
Verdict rows_survive_replacement(const Timeline& timeline);

}  // namespace stateproof::check
