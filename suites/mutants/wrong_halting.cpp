#include "suites/mutants/wrong_halting.h"

#include <string>

#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

std::string pod_of(const Timeline& timeline, int offset) {
  return timeline.subject().pod_name({timeline.subject().first.value + offset});
}

void tell_to_stop(Timeline& timeline, const std::string& name, std::size_t index) {
  Pod pod = pod_before(timeline, name, index);
  pod.meta.deletion = Timestamp{};
  insert_object_before(timeline, index, Change::kModified, std::move(pod));
}

void stop_while_held(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 2), end_of(timeline, "hold-scale-down"));
}

// The pod of that name is not heard of any more from the begin of the step on.
void silence_pod(Timeline& timeline, const std::string& name, std::size_t from) {
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && pod->meta.ref.name == name && seen.index > from;
  });
}

void never_resume(Timeline& timeline) {
  silence_pod(timeline, pod_of(timeline, 2), begin_of(timeline, "resume"));
  let_time_out(timeline, "resume", 90s);
}

void never_revive(Timeline& timeline) {
  const std::size_t begin = begin_of(timeline, "revive");
  const Pod lost = pod_before(timeline, pod_of(timeline, 0), begin);
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && pod->meta.ref.name == lost.meta.ref.name && pod->meta.ref.uid != lost.meta.ref.uid;
  });
  let_time_out(timeline, "revive", 120s);
}

}  // namespace

std::vector<WrongHistory> wrong_haltings() {
  return {
      {"stops-while-held", "a pod is told to stop while another is held unready", "scale-down-halts", "ORD-04",
       stop_while_held},
      {"never-resumes", "a held scale-down is forgotten", "scale-down-resumes", "ORD-08", never_resume},
      {"never-revives", "a lost pod stays away while a higher one is not Ready", "lost-pod-revived", "ORD-07",
       never_revive},
  };
}

}  // namespace stateproof::mutants
