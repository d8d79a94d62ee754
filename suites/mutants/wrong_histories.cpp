#include "suites/mutants/wrong_histories.h"

#include <utility>

#include "suites/mutants/wrong_adoption.h"
#include "suites/mutants/wrong_claim_lifetime.h"
#include "suites/mutants/wrong_contrast.h"
#include "suites/mutants/wrong_eviction.h"
#include "suites/mutants/wrong_halting.h"
#include "suites/mutants/wrong_lifecycle.h"
#include "suites/mutants/wrong_model.h"
#include "suites/mutants/wrong_naming.h"
#include "suites/mutants/wrong_parallel.h"
#include "suites/mutants/wrong_replication.h"
#include "suites/mutants/wrong_rollout.h"
#include "suites/mutants/wrong_upgrade.h"
#include "suites/mutants/wrong_workload.h"

namespace stateproof::mutants {

const std::vector<WrongHistory>& wrong_histories() {
  static const std::vector<WrongHistory> histories = [] {
    std::vector<WrongHistory> all;
    for (const auto& scenario :
         {wrong_lifecycles, wrong_namings, wrong_haltings, wrong_parallels, wrong_adoptions, wrong_evictions,
          wrong_contrasts, wrong_rollouts, wrong_claim_lifetimes, wrong_replications, wrong_upgrades,
          wrong_workloads, wrong_models})
      for (WrongHistory& history : scenario()) all.push_back(history);
    return all;
  }();
  return histories;
}

}  // namespace stateproof::mutants
