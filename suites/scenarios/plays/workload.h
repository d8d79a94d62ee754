#pragma once

#include "harness/workload/workload.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::scenarios {

/// The scenario "workload" on this workload: it is created, each pod deleted, evicted and killed, the set
/// scaled, rolled and deleted, while records are written when its contract says how.
Scenario workload_scenario(const workload::Workload& workload);

/// What cannot be judged on it, and why, by its manifest and its contract alone; the keys are abilities. The
/// rest is found out inside of its pods.
std::map<std::string, std::string> left_out_of(const workload::Workload& workload);

/// How the declaration without a workload is played: it cannot be.
void play_no_workload(Stage& stage);
Subject no_subject(const std::string& ns);

}  // namespace stateproof::scenarios
