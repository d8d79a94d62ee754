#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// ORD-02, on step "hold-creation": while a pod is not Ready, no pod of a higher ordinal is created.
Verdict creation_halts(const Timeline& timeline);

/// ORD-04, on step "hold-scale-down": while a pod that stays is not Ready, none is deleted.
Verdict scale_down_halts(const Timeline& timeline);

/// ORD-08, on step "resume": a blocked scale-down continues when the pod is Ready again.
Verdict scale_down_resumes(const Timeline& timeline);

/// ORD-07, on step "revive": a lost pod is recreated although one of a higher ordinal is not Ready.
Verdict lost_pod_is_revived(const Timeline& timeline);

}  // namespace stateproof::check
