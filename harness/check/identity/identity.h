#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// ID-01: the set consists of the wanted names: no other is created, and none is taken away unasked.
Verdict only_wanted_pods(const Timeline& timeline);

/// ID-04: a deleted pod comes back under its own name, as a new pod with the claim that the name had before.
Verdict replacement_keeps_identity(const Timeline& timeline);

/// ID-05: a pod is created only after the pod that had its name before is gone.
Verdict one_pod_per_name(const Timeline& timeline);

/// ID-05b, ID-05u: a pod is gone only after its containers have ended, so that what is gone runs no more.
Verdict gone_pods_have_ended(const Timeline& timeline);

}  // namespace stateproof::check
