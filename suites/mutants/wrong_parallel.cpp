#include "suites/mutants/wrong_parallel.h"

#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void never_scale_up(Timeline& timeline) {
  erase_pods_after(timeline, pod_of(timeline, 3), begin_of<steps::ScaleUp>(timeline));
  let_time_out(timeline, steps::ScaleUp::name, 120s);
}

// The pod that goes last is being deleted only when it is gone.
void stop_one_after_the_other(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::ScaleDown>(timeline);
  const std::size_t end = end_of<steps::ScaleDown>(timeline);
  std::string last;
  for (const Observation& seen : timeline)
    if (const Pod* pod = seen.object<Pod>();
        pod != nullptr && seen.is_deletion() && seen.index > begin && seen.index <= end)
      last = pod->meta.ref.name;
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && pod->meta.ref.name == last && pod->terminating() && !seen.is_deletion() &&
           seen.index > begin && seen.index <= end;
  });
}

void begin_at_zero(Timeline& timeline) {
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation&) {
    if (pod.meta.ref.name != pod_of(timeline, 0)) return false;
    pod.meta.ref.name = timeline.subject().pod_name({0});
    return true;
  });
}

void never_move(Timeline& timeline) {
  erase_pods_after(timeline, pod_of(timeline, 2), begin_of<steps::MoveStart>(timeline));
  let_time_out(timeline, steps::MoveStart::name, 120s);
}

void never_move_back(Timeline& timeline) {
  erase_pods_after(timeline, pod_of(timeline, 1), begin_of<steps::MoveStart>(timeline, 2));
  let_time_out(timeline, steps::MoveStart::name, 120s, 2);
}

void mislabel(Timeline& timeline) {
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation&) {
    if (pod.meta.ref.name != pod_of(timeline, 1)) return false;
    pod.meta.labels["apps.kubernetes.io/pod-index"] = "0";
    return true;
  });
}

void tell_a_pod_too_many(Timeline& timeline) {
  change_answer<steps::ReadScale>(timeline, [](nlohmann::json& scale) {
    scale["status"]["replicas"] = scale["status"]["replicas"].get<int>() + 1;
  });
}

// The set that the PUT made still wants as many pods as before.
void write_in_vain(Timeline& timeline) {
  std::string version;
  change_answer<steps::ScaleUp>(timeline, [&](nlohmann::json& scale) {
    version = scale["metadata"]["resourceVersion"].get<std::string>();
  });
  change_objects<StatefulSet>(timeline, [&](StatefulSet& set, const Observation&) {
    if (set.meta.resource_version != version) return false;
    set.replicas = {3};
    return true;
  });
}

void take_the_outdated(Timeline& timeline) {
  change_answer<steps::StaleScale>(timeline, [](nlohmann::json& answer) { answer["code"] = 200; });
}

void roll_one_too_many(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 1), after_stops(timeline, steps::RollTwo::name, 2));
}

void break_all(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 1), end_of<steps::HoldTwoBad>(timeline));
}

}  // namespace

std::vector<WrongHistory> wrong_parallels() {
  return {
      {"parallel-never-scales-up", "a scale-up waits for pods that are not Ready", "parallel-scale-up",
       "ORD-05b", never_scale_up},
      {"parallel-stops-in-turn", "excess pods are deleted one after the other", "parallel-scale-down",
       "ORD-05c", stop_one_after_the_other},
      {"begins-at-zero", "the first pod has ordinal 0 whatever spec.ordinals.start is", "start-ordinal",
       "ID-06", begin_at_zero},
      {"start-stays", "the pods do not follow a new first ordinal", "start-ordinal-moves", "ID-07",
       never_move},
      {"start-stays-raised", "the pods do not follow a first ordinal that is lowered", "start-ordinal-moves",
       "ID-07", never_move_back},
      {"mislabelled", "a pod's index label is that of another pod", "pod-labels", "ID-03", mislabel},
      {"scale-miscounts", "the scale subresource reports a pod too many", "scale-subresource", "SCL-02a",
       tell_a_pod_too_many},
      {"scale-in-vain", "a PUT of the scale subresource has no effect", "scale-subresource", "SCL-02b",
       write_in_vain},
      {"stale-scale-taken", "a write based on an outdated scale is accepted", "scale-subresource", "SCL-02c",
       take_the_outdated},
      {"parallel-over-budget", "an update with maxUnavailable 2 replaces three pods at once",
       "max-unavailable-parallel", "UPD-07b", roll_one_too_many},
      {"breaks-all", "an update with maxUnavailable 2 breaks three pods", "max-unavailable-parallel",
       "UPD-07c", break_all},
  };
}

}  // namespace stateproof::mutants
