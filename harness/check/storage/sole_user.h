#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// DIS-08b, on steps "first-user" and "second-user" (args: {"claim": ..., "first": ..., "second": ...}):
/// while a pod uses a claim of access mode ReadWriteOncePod, no other pod that wants it is given a node. Not
/// applicable where no volume came for such a claim.
Verdict claim_has_one_user(const Timeline& timeline);

}  // namespace stateproof::check
