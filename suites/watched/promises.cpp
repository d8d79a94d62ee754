#include "suites/watched/promises.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "harness/check/identity/identity.h"
#include "harness/check/identity/watched_set.h"
#include "harness/check/ordering/creation_order.h"
#include "harness/check/reference/made_as_written.h"
#include "harness/check/reference/quiet.h"
#include "harness/check/reference/told_endpoints.h"
#include "harness/check/reference/told_status.h"
#include "suites/catalogue.h"

namespace stateproof {
namespace {

constexpr std::array<std::pair<std::string_view, Checker>, 11> kWatched{{
    {"ORD-01", check::watched_predecessors_were_ready},
    {"ID-01", check::watched_pods_are_wanted},
    {"ID-05", check::one_pod_per_name},
    {"STO-01", check::watched_pods_use_own_claims},
    {"STO-02", check::watched_claims_have_own_volumes},
    {"STO-03", check::watched_storage_is_found_again},
    {"MOD-01", check::pods_as_written},
    {"MOD-02", check::claims_as_written},
    {"MOD-03", check::endpoints_as_pods_were},
    {"MOD-04", check::status_as_counted},
    {"MOD-06", check::quiet_stays_quiet},
}};

Checker watched_checker(const Requirement& requirement) {
  const auto* found = std::find_if(kWatched.begin(), kWatched.end(),
                                   [&](const auto& known) { return known.first == requirement.id; });
  return found == kWatched.end() ? nullptr : found->second;
}

Verdict needs_steps(const Timeline& /*timeline*/) {
  return not_applicable("needs the steps of its scenario, and a recording of stateproof watch has none");
}

bool is_judged(const Requirement& requirement) { return requirement.checker != needs_steps; }

std::vector<Promise> gather() {
  std::vector<Promise> promises;
  std::set<std::string_view> known;
  for (Promise promise : catalogue()) {
    bool watched = false;
    for (Requirement& requirement : promise.requirements) {
      const Checker checker = watched_checker(requirement);
      watched = watched || checker != nullptr;
      requirement.checker = checker != nullptr ? checker : needs_steps;
    }
    promise.scenario = kWatchedScenario;
    // What is judged on every scenario is one promise here.
    if (watched && known.insert(promise.requirements.front().id).second)
      promises.push_back(std::move(promise));
  }
  return promises;
}

}  // namespace

const std::vector<Promise>& watched_promises() {
  static const std::vector<Promise> promises = gather();
  return promises;
}

std::vector<Requirement> watched_requirements() {
  std::vector<Requirement> requirements;
  for (const Promise& promise : watched_promises())
    std::copy_if(promise.requirements.begin(), promise.requirements.end(), std::back_inserter(requirements),
                 is_judged);
  return requirements;
}

}  // namespace stateproof
