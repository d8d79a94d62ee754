#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// ID-08: every state of every pod with a name of the set's names the set, by UID, as its controller. By name
/// where the set itself was not seen. Not for recordings in which pods are orphaned on purpose.
Verdict pods_are_owned(const Timeline& timeline);

}  // namespace stateproof::check
