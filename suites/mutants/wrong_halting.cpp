#include "suites/mutants/wrong_halting.h"

#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void stop_while_held(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 2), end_of<steps::HoldScaleDown>(timeline));
}

void never_resume(Timeline& timeline) {
  erase_pods_after(timeline, pod_of(timeline, 2), begin_of<steps::Resume>(timeline));
  let_time_out(timeline, steps::Resume::name, 90s);
}

void never_revive(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Revive>(timeline);
  const Pod lost = pod_before(timeline, pod_of(timeline, 0), begin);
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && pod->meta.ref.name == lost.meta.ref.name &&
           pod->meta.ref.uid != lost.meta.ref.uid;
  });
  let_time_out(timeline, steps::Revive::name, 120s);
}

}  // namespace

std::vector<WrongHistory> wrong_haltings() {
  return {
      {"stops-while-held", "a pod is deleted while another is kept unready", "scale-down-halts", "ORD-04",
       stop_while_held},
      {"never-resumes", "a blocked scale-down never continues", "scale-down-resumes", "ORD-08", never_resume},
      {"never-revives", "a lost pod is not recreated while a higher one is not Ready", "lost-pod-revived",
       "ORD-07", never_revive},
  };
}

}  // namespace stateproof::mutants
