#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// DNS-02: the name of each Ready pod gives exactly that pod's addresses, from every client and server.
Verdict names_resolve_to_their_pods(const Timeline& timeline);

/// DNS-04: after a replacement the name gives the new pod's address. Measures the lag.
Verdict names_follow_replacements(const Timeline& timeline);

/// DNS-08: the governing Service is headless, so its name stands for pods and not for a virtual address.
Verdict governing_service_is_headless(const Timeline& timeline);

}  // namespace stateproof::check
