#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// How the API server answered a request that asked for more storage stands in the args of the step's end:
/// {"code": 200}, {"code": 403, "message": ...}; of step "expand" under "answers", by claim.

/// STO-08a, on step "edit-claim-template": spec.volumeClaimTemplates of a set cannot be changed.
Verdict claim_templates_are_fixed(const Timeline& timeline);
/// STO-08b, on step "expand": a claim whose class allows expansion grows when more is asked for, and keeps
/// what is on it. Not applicable where the class does not allow it.
Verdict claims_grow(const Timeline& timeline);
/// STO-08c, on step "expand": a claim whose class does not allow expansion is refused more.
Verdict growth_needs_permission(const Timeline& timeline);

}  // namespace stateproof::check
