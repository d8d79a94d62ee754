#include "suites/eviction/promises.h"

#include "harness/check/disruption/eviction.h"
#include "suites/sources/sources.h"

namespace stateproof {
std::vector<Promise> eviction_promises() {
  return {
      {.id = "eviction-granted",
       .title = "An eviction within the budget is granted",
       .group = "disruption",
       .scenario = "eviction",
       .requirements = {{.id = "DIS-01a",
                         .title = "A budget that allows a disruption allows an eviction",
                         .sentence =
                             "While more pods are available than a PodDisruptionBudget requires, it MUST "
                             "allow disruptions, and the eviction of a pod that it covers MUST be granted.",
                         .source = kDisruptionBudgets,
                         .checker = check::evictions_within_budget_are_granted}}},
      {.id = "eviction-refused",
       .title = "An eviction beyond the budget is refused",
       .group = "disruption",
       .scenario = "eviction",
       .requirements = {{.id = "DIS-01b",
                         .title = "An exhausted budget refuses evictions and the pod "
                                  "stays",
                         .sentence =
                             "While an eviction would leave fewer pods available than the "
                             "PodDisruptionBudget requires, it MUST be refused and the pod MUST stay.",
                         .source = kDisruptionBudgets,
                         .checker = check::evictions_beyond_budget_are_refused}}},
      {.id = "evicted-pod-returns",
       .title = "An evicted pod is recreated under its name",
       .group = "disruption",
       .scenario = "eviction",
       .requirements = {{.id = "DIS-01c",
                         .title = "The set replaces evicted pods",
                         .sentence = "A pod of a set that was evicted MUST be replaced "
                                     "by a new pod of the same name.",
                         .source = kPodIdentity,
                         .checker = check::evicted_pods_come_back}}},
  };
}

}  // namespace stateproof
