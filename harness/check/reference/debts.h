#pragma once

#include <optional>
#include <string>

#include "harness/check/evidence/step_duty.h"
#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// Something that a controller has to do next.
struct Owed {
  ObjectRef object;
  std::string what;  ///< "is created"
};

/// The first thing that the controller of this set owes when everything is as it is now; nullopt when it has
/// nothing to do, or waits for others.
std::optional<Owed> owed_by_set(const StatefulSet& set, const Snapshot& now);

/// A pod whose set is gone, and which the garbage collector owes to delete; nullopt when there is none.
std::optional<Owed> owed_by_collector(const Snapshot& now);

/// MOD-08: whenever a step waited without success, nothing was owed: no pod to be created, deleted, adopted,
/// released or updated, no status to be written. A debt counts only after nothing had changed for longer than
/// any controller may take, while it was seen alive.
Verdict debts_are_paid(const Timeline& timeline);

}  // namespace stateproof::check
