#pragma once

#include <string>

#include "suites/scenarios/engine/stage.h"

namespace stateproof::cli {

/// Names the variable with the shell command that upgrades the cluster when a run plays the scenario
/// "upgrade".
inline constexpr const char* kUpgradeCommand = "STATEPROOF_UPGRADE_COMMAND";
std::string upgrade_command();

/// Runs that command as the step "upgrade". It has failed when its exit code is not 0; the scenario
/// continues, for what an upgrade that stopped half-way has left is judged, too.
void run_upgrade_command(scenarios::Stage& stage);

}  // namespace stateproof::cli
