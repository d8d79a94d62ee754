#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// What a StatefulSet gives and a Deployment of the same pods does not, side by side. The Deployment's pods
/// are those that a ReplicaSet controls.

/// DPL-01: a StatefulSet's pods have predictable names, a Deployment's random ones.
Verdict names_differ(const Timeline& timeline);
/// DPL-02, on step "hold-creation": the Deployment's pods are all created while none is Ready.
Verdict deployment_creates_at_once(const Timeline& timeline);
/// DPL-03: a lost pod of the set comes back under its name, a lost pod of the Deployment under a new one.
Verdict only_the_set_keeps_names(const Timeline& timeline);
/// DPL-04: behind a headless Service only the set's pods have a host name of their own.
Verdict only_the_set_gives_host_names(const Timeline& timeline);
/// DPL-05: the set's pods have a claim each, the Deployment's share one.
Verdict only_the_set_gives_claims(const Timeline& timeline);

/// DPL-06a, on step "scale-down": the set's pods end from the highest ordinal downwards, one after the other.
Verdict set_ends_in_reverse(const Timeline& timeline);
/// DPL-06b, on the same: no pod of the Deployment waits for the end of another.
Verdict deployment_ends_at_once(const Timeline& timeline);

}  // namespace stateproof::check
