#include "suites/mutants/wrong_contrast.h"

#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

bool is_loose(const Pod& pod) {
  const OwnerReference* owner = pod.meta.controller();
  return owner != nullptr && owner->kind == "ReplicaSet";
}

void name_by_ordinal(Timeline& timeline) {
  change_objects<Pod>(timeline, [](Pod& pod, const Observation&) {
    if (!is_loose(pod)) return false;
    pod.meta.ref.name = "loose-" + pod.meta.ref.uid.value.substr(0, 1);
    return true;
  });
}

void create_in_turn(Timeline& timeline) {
  std::string first;
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || !is_loose(*pod)) return false;
    if (first.empty()) first = pod->meta.ref.name;
    return pod->meta.ref.name != first;
  });
  let_time_out(timeline, steps::Create::name, 120s);
}

void create_the_sets_at_once(Timeline& timeline) {
  const std::size_t index = end_of<steps::Create>(timeline);
  Pod pod = pod_before(timeline, pod_of(timeline, 0), index);
  pod.meta.ref.name = pod_of(timeline, 1);
  pod.meta.ref.uid = {"too-early"};
  insert_object_before(timeline, index, Change::kAdded, std::move(pod));
}

// The new pod of the Deployment is given the name of the one that was lost.
void keep_the_name(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::ReplaceLoose>(timeline);
  std::string lost;
  for (const Observation& seen : timeline)
    if (const FaultMark* fault = seen.as<FaultMark>(); fault != nullptr && seen.index > begin && lost.empty())
      lost = fault->target.name;
  std::string fresh;
  for (const Observation& seen : timeline)
    if (const Pod* pod = seen.object<Pod>(); pod != nullptr && is_loose(*pod) && seen.index > begin &&
                                             fresh.empty() && seen.as<ObjectSeen>()->change == Change::kAdded)
      fresh = pod->meta.ref.name;
  const std::size_t end = end_of<steps::ReplaceLoose>(timeline);
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && pod->meta.ref.name == lost && seen.index > begin && seen.index < end;
  });
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation&) {
    if (pod.meta.ref.name != fresh) return false;
    pod.meta.ref.name = lost;
    return true;
  });
}

// The Deployment's pods but one are deleted only after that one is gone.
void end_in_turn(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::ScaleDown>(timeline);
  std::string first;
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || !is_loose(*pod) || seen.index < begin) return false;
    if (first.empty()) first = pod->meta.ref.name;
    return pod->meta.ref.name != first;
  });
  let_time_out(timeline, steps::ScaleDown::name, 90s);
}

}  // namespace

std::vector<WrongHistory> wrong_contrasts() {
  return {
      {"deployment-with-ordinals", "a Deployment names its pods without a random part", "contrast-names",
       "DPL-01", name_by_ordinal},
      {"deployment-in-turn", "a Deployment creates one pod and waits", "contrast-creation", "DPL-02",
       create_in_turn},
      {"set-at-once", "a StatefulSet creates its pods at once, as a Deployment does", "contrast-creation",
       "DPL-02b", create_the_sets_at_once},
      {"deployment-keeps-names", "a Deployment reuses the name of a lost pod", "contrast-replacement",
       "DPL-03", keep_the_name},
      {"deployment-ends-in-turn", "a Deployment deletes one pod and waits", "contrast-deletion", "DPL-06b",
       end_in_turn},
  };
}

}  // namespace stateproof::mutants
