#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// DIS-05, on step "orphan": pods outlive their set when it is deleted with propagation policy Orphan.
Verdict orphans_live_on(const Timeline& timeline);

/// CLN-03, on step "delete-set": pods go with their set when nobody asks for them to be orphaned.
Verdict pods_go_with_their_set(const Timeline& timeline);

/// ADO-01, on step "adopt": a set that is created again takes the pods that match its selector, as they are.
Verdict orphans_are_adopted(const Timeline& timeline);

/// ADO-02, on step "release-pod": a pod that no longer matches the selector is released, not deleted.
Verdict strangers_are_released(const Timeline& timeline);

/// ADO-03, on step "readopt": a pod that matches again is taken back.
Verdict returners_are_adopted(const Timeline& timeline);

}  // namespace stateproof::check
