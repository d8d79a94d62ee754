#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// MOD-04: each status that a set's controller writes is the count of some moment of the set's pods: none
/// older than that of its status before, none later than what it can have seen. The generation that it calls
/// observed is one that there was and never falls; a revision is called the current one when all pods have
/// it and are Ready, and not before.
Verdict status_as_counted(const Timeline& timeline);

}  // namespace stateproof::check
