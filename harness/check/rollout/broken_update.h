#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

// A new template whose pods never become Ready, under OrderedReady. args["ordinal"] is the highest ordinal:
// the pod that such an update breaks.

/// UPD-05a, from step "roll-bad" to "hold-bad": the update stops there, no other pod is touched.
Verdict broken_update_stops(const Timeline& timeline);
/// UPD-05b, on step "revert": with the template of before no Ready pod is touched. Whether the broken one is
/// replaced without intervention is reported, not judged.
Verdict revert_spares_ready_pods(const Timeline& timeline);
/// UPD-05c, on step "heal": when the broken pod is deleted it comes back as the reverted template has it.
Verdict deleted_broken_pod_heals(const Timeline& timeline);

}  // namespace stateproof::check
