#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// ORD-01: each pod is created only after the present pod of every lower ordinal has been Ready.
Verdict predecessors_were_ready(const Timeline& timeline);
/// The same of a recording that only watched: what was created while it did.
Verdict watched_predecessors_were_ready(const Timeline& timeline);

}  // namespace stateproof::check
