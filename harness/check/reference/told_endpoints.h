#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// MOD-03: each endpoint of a pod, in each state of an EndpointSlice that its controller wrote, follows from
/// one state that this pod had, and from one that its Service had: addresses, host name, node, ready, serving
/// and terminating. The ports are those of the Service. Which state is left open: no cache is too stale.
Verdict endpoints_as_pods_were(const Timeline& timeline);

}  // namespace stateproof::check
