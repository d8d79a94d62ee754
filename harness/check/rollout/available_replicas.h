#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

// status.availableReplicas and spec.minReadySeconds, on the watch of sets alone. A status counts with the
// spec of its observedGeneration: what stands in one status was found in one pass of the controller.

/// UPD-06b, on step "raise-min-ready": while no pod can have been Ready for so long, none counts as
/// available.
Verdict long_wait_leaves_none_available(const Timeline& timeline);
/// UPD-06c, on step "drop-min-ready": without minReadySeconds every Ready pod counts as available.
Verdict no_wait_makes_ready_available(const Timeline& timeline);
/// UPD-06d, on step "min-ready": a pod counts as available only minReadySeconds after it counted as Ready,
/// and all do in the end. Told by the times at which the statuses arrived, so a controller that was starved
/// looks like one that hurries.
Verdict available_after_wait(const Timeline& timeline);

}  // namespace stateproof::check
