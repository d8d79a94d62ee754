#pragma once

#include <string>

#include "harness/model/ids.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// Takes away every binary log of this primary but the newest one, so that nobody can replay its first day
/// any more. Gives the name of that one, "mariadb-bin.000004". Waits until no replica reads an older one.
/// Throws HarnessTrouble.
std::string purge_binary_logs(Stage& stage, Ordinal primary);

/// The error with which replication of this member's server stands still for good, as the server words it;
/// empty while there is none. Asked inside the pod, for a member that is not Ready has no name.
std::string standstill_of(Stage& stage, Ordinal member);

}  // namespace stateproof::scenarios
