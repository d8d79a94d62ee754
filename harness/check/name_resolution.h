#pragma once

#include <chrono>

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// How long after a pod is seen Ready its name may still give an old answer or none: the usual TTL of cluster
/// records and of negative answers is at most 30 s, and the change must travel from the kubelet over the
/// EndpointSlice to the DNS server first, which takes seconds on a busy cluster.
inline constexpr std::chrono::seconds kResolutionLimit{60};

/// DNS-02: the name of each Ready pod gives exactly that pod's addresses, from every client and server.
Verdict names_resolve_to_their_pods(const Timeline& timeline);

/// DNS-04: after a replacement the name gives the new pod's address. Measures the lag.
Verdict names_follow_replacements(const Timeline& timeline);

/// DNS-08: the governing Service is headless, so its name stands for pods and not for a virtual address.
Verdict governing_service_is_headless(const Timeline& timeline);

}  // namespace stateproof::check
