#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// ORD-03: on scale-down a pod is deleted only after every pod of a higher ordinal is gone.
Verdict terminated_in_reverse(const Timeline& timeline);

}  // namespace stateproof::check
