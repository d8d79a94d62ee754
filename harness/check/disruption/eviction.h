#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// DIS-01a, on steps "evict": an eviction that the PodDisruptionBudget allows is granted.
Verdict evictions_within_budget_are_granted(const Timeline& timeline);

/// DIS-01b, on step "evict-beyond": an eviction that would break the budget is refused, and the pod stays.
Verdict evictions_beyond_budget_are_refused(const Timeline& timeline);

/// DIS-01c, on steps "evict": the evicted pod comes back under its name, as a new pod.
Verdict evicted_pods_come_back(const Timeline& timeline);

}  // namespace stateproof::check
