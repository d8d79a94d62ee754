#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

// spec.updateStrategy.rollingUpdate.maxUnavailable. Not applicable where the API server drops the field. A
// pod counts as unavailable while it does not exist, is being deleted, or has not been Ready yet: what a
// controller whose cache is behind cannot take for available.

/// UPD-07a and b, on step "roll-two": no pod is deleted if that makes more pods unavailable than allowed.
Verdict updated_within_budget(const Timeline& timeline);
/// UPD-07c, from step "roll-two-bad" to "hold-two-bad": the same while the new pods never become Ready.
Verdict broken_update_within_budget(const Timeline& timeline);

}  // namespace stateproof::check
