#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// STO-01: each pod mounts, at the data path, the one Bound claim that bears its name.
Verdict one_claim_per_pod(const Timeline& timeline);

/// STO-02: claim and volume point at each other by UID, and at nothing else.
Verdict claim_and_volume_are_one_to_one(const Timeline& timeline);

/// STO-03: a replaced pod finds the same claim (by UID) and the same volume.
Verdict same_storage_after_replacement(const Timeline& timeline);

}  // namespace stateproof::check
