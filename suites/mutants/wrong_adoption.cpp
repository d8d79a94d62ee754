#include "suites/mutants/wrong_adoption.h"

#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void stop_with_the_set(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 1), end_of<steps::Orphan>(timeline));
}

void outlive_the_set(Timeline& timeline) {
  erase_pods_after(timeline, pod_of(timeline, 1), begin_of<steps::DeleteSet>(timeline));
  let_time_out(timeline, steps::DeleteSet::name, 120s);
}

void never_adopt(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Adopt>(timeline);
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation& seen) {
    if (seen.index <= begin) return false;
    pod.meta.owners.clear();
    return true;
  });
  let_time_out(timeline, steps::Adopt::name, 60s);
}

void stop_what_strayed(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 1), end_of<steps::ReleasePod>(timeline));
}

void never_take_back(Timeline& timeline) {
  erase_pods_after(timeline, pod_of(timeline, 1), begin_of<steps::Readopt>(timeline));
  let_time_out(timeline, steps::Readopt::name, 60s);
}

}  // namespace

std::vector<WrongHistory> wrong_adoptions() {
  return {
      {"stopped-with-the-set", "a pod is deleted although its set was deleted with policy Orphan",
       "orphans-live-on", "DIS-05", stop_with_the_set},
      {"outlives-the-set", "a pod is not deleted with its set", "pods-go-with-set", "CLN-03",
       outlive_the_set},
      {"never-adopted", "a new set ignores the pods that match", "orphans-adopted", "ADO-01", never_adopt},
      {"strayed-and-stopped", "a pod that no longer matches is deleted", "strangers-released", "ADO-02",
       stop_what_strayed},
      {"never-taken-back", "a pod that matches again is not adopted", "returners-adopted", "ADO-03",
       never_take_back},
  };
}

}  // namespace stateproof::mutants
