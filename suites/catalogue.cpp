#include "suites/catalogue.h"

#include <algorithm>
#include <utility>

#include "suites/adoption/promises.h"
#include "suites/claim_binding/promise.h"
#include "suites/claim_lifetime/promises.h"
#include "suites/claim_retention/promise.h"
#include "suites/data_survival/promise.h"
#include "suites/deployment_contrast/promises.h"
#include "suites/eviction/promises.h"
#include "suites/halting/promises.h"
#include "suites/host_names/promises.h"
#include "suites/naming/promises.h"
#include "suites/ordered_creation/promise.h"
#include "suites/parallel_management/promises.h"
#include "suites/pods_are_owned/promises.h"
#include "suites/reference_model/promises.h"
#include "suites/replication/promises.h"
#include "suites/rollout/promises.h"
#include "suites/scale_subresource/promises.h"
#include "suites/stable_dns/promise.h"
#include "suites/upgrade/promises.h"
#include "suites/workload/promises.h"

namespace stateproof {

namespace {

/// Each scenario, and the profile in which more than the five promises are judged on it.
std::vector<std::pair<std::string_view, Profile>> scenarios_of(const std::vector<Promise>& promises) {
  std::vector<std::pair<std::string_view, Profile>> scenarios;
  for (const Promise& promise : promises) {
    const bool known = std::any_of(scenarios.begin(), scenarios.end(),
                                   [&](const auto& one) { return one.first == promise.scenario; });
    if (!known) scenarios.emplace_back(promise.scenario, std::max(promise.profile, Profile::kConformance));
  }
  return scenarios;
}

std::vector<Promise> gather_all() {
  std::vector<Promise> promises{ordered_creation(), stable_dns(), claim_binding(), data_survival(),
                                claim_retention()};
  for (const auto& folder :
       {halting_promises, naming_promises, parallel_promises, rollout_promises, eviction_promises,
        adoption_promises, contrast_promises, claim_lifetime_promises, host_name_promises, scale_promises,
        replication_promises, upgrade_promises, pods_are_owned_promises})
    for (Promise& promise : folder()) promises.push_back(std::move(promise));
  for (Promise& promise : workload_promises(promises)) promises.push_back(std::move(promise));
  for (const auto& [scenario, profile] : scenarios_of(promises))
    promises.push_back(reference_model_promise(scenario, profile));
  return promises;
}

}  // namespace

const std::vector<Promise>& catalogue() {
  static const std::vector<Promise> promises = gather_all();
  return promises;
}

const Promise* find_promise(std::string_view id) {
  const auto& promises = catalogue();
  const auto found =
      std::find_if(promises.begin(), promises.end(), [&](const Promise& one) { return one.id == id; });
  return found == promises.end() ? nullptr : &*found;
}

}  // namespace stateproof
