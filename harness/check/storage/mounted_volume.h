#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// STO-06: what is mounted at the data path is the pod's own volume and no other pod's.
Verdict own_volume_is_mounted(const Timeline& timeline);

}  // namespace stateproof::check
