#pragma once

#include <map>
#include <string>
#include <string_view>

#include "harness/check/evidence/step_duty.h"

namespace stateproof::check {

// What checkers of updates have in common.

std::string revision_of(const Pod& pod);

/// Where a person looks next when an update went wrong.
std::string look_at_revisions(const Subject& subject);

/// The set at that moment; null, and a doubt, when it was not there.
const StatefulSet* set_at(JudgedStep& under, const Snapshot& moment);

std::map<Ordinal, const Pod*> pods_of(const Snapshot& moment, const Subject& subject);

/// The pod that came back in the step has this revision.
void demand_revision(JudgedStep& under, const std::string& wanted, std::string_view why);

/// Whether the controller, and nobody else, told the pod to stop within these entries, ends included.
bool stopped_by_controller(const Incarnation& pod, const Observation& first, const Observation& last);

}  // namespace stateproof::check
