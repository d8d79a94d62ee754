#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// MOD-05: whatever a set's controller does to its pods, some view asks for that it can have had: the set at
/// any generation from the one that its status had observed, and the set's pods at any moment that the act
/// itself does not rule out.
/// - It creates a pod at an ordinal that is wanted, at the revision that strategy and partition say, and with
///   OrderedReady after all its predecessors are Running and Ready, the last of them for minReadySeconds.
/// - It deletes a pod that is not wanted, from the highest ordinal down with OrderedReady, or one that is to
/// be
///   updated, or one that failed or succeeded. Deletions are judged where the scenario says what it deletes
///   itself.
Verdict acts_are_allowed(const Timeline& timeline);

}  // namespace stateproof::check
