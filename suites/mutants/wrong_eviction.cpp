#include "suites/mutants/wrong_eviction.h"

#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void refuse(Timeline& timeline) {
  change_end<steps::Evict>(timeline, [](steps::Evict& step) { step.code = 429; });
}

void never_allow(Timeline& timeline) {
  change_objects<DisruptionBudget>(timeline, [](DisruptionBudget& budget, const Observation&) {
    budget.allowed = 0;
    return true;
  });
  let_time_out(timeline, steps::Budget::name, 60s);
}

void never_replace(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Evict>(timeline);
  const Uid former = pod_before(timeline, pod_of(timeline, 2), begin).meta.ref.uid;
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && pod->meta.ref.name == pod_of(timeline, 2) && pod->meta.ref.uid != former;
  });
  let_time_out(timeline, steps::Evict::name, 120s);
}

}  // namespace

std::vector<WrongHistory> wrong_evictions() {
  return {
      {"refused-within-budget", "an eviction is refused although the budget allows it", "eviction-granted",
       "DIS-01a", refuse},
      {"nothing-allowed", "a budget allows no disruption although all pods are Ready", "eviction-granted",
       "DIS-01a", never_allow},
      {"evicted-for-good", "an evicted pod is not replaced", "evicted-pod-returns", "DIS-01c", never_replace},
  };
}

}  // namespace stateproof::mutants
