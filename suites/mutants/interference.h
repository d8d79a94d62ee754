#pragma once

#include "suites/scenarios/engine/stage.h"

namespace stateproof::mutants {

/// What a wrong upgrade does to workloads that it should leave alone, each done to the scenario "upgrade"
/// where the upgrade has its place. Each waits until the harm is done.
void touch_templates(scenarios::Stage& stage);
void delete_a_pod_by_hand(scenarios::Stage& stage);
void change_a_default(scenarios::Stage& stage);
void make_a_claim_anew(scenarios::Stage& stage);
void restart_a_database(scenarios::Stage& stage);
void take_the_names_away(scenarios::Stage& stage);

/// Of a replicated database, while the harness is dead: rows that it has seen acknowledged, and others.
void delete_first_rows(scenarios::Stage& stage);

}  // namespace stateproof::mutants
