#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

// The scale subresource of the set. Its answers stand in the args of the steps' ends; each is held against
// the state of the set that has the same resourceVersion.

/// SCL-02a, on step "read-scale": it tells what spec, status and selector of the set tell.
Verdict scale_tells_the_set(const Timeline& timeline);
/// SCL-02b, on steps "scale-up" (PUT) and "scale-down" (PATCH): spec.replicas of the set is what was written,
/// in a new generation, and the set follows.
Verdict scale_moves_the_set(const Timeline& timeline);
/// SCL-02c, on step "stale-scale": a write on top of an outdated resourceVersion is refused and changes
/// nothing.
Verdict stale_scale_is_refused(const Timeline& timeline);

}  // namespace stateproof::check
