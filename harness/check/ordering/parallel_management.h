#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// ORD-05a, on step "create": under Parallel every pod is created although none is Ready.
Verdict created_without_waiting(const Timeline& timeline);

/// ORD-05b, on step "scale-up": under Parallel a scale-up continues although pods are not Ready.
Verdict scaled_up_without_waiting(const Timeline& timeline);

/// ORD-05c, on step "scale-down": under Parallel deletion of all excess pods is requested before the first of
/// them is gone.
Verdict stopped_without_waiting(const Timeline& timeline);

/// ID-06: the pods bear the ordinals from spec.ordinals.start on.
Verdict ordinals_begin_at_start(const Timeline& timeline);

/// ID-07, on step "move-start": the pods follow a change of spec.ordinals.start.
Verdict ordinals_follow_start(const Timeline& timeline);

/// ID-03: each pod carries its name and its ordinal as labels.
Verdict pods_are_labelled(const Timeline& timeline);

}  // namespace stateproof::check
