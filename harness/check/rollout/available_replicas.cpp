#include "harness/check/rollout/available_replicas.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/check/rollout/revisions.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;

/// The Ready transition has whole seconds, and each status takes a while to be written and to arrive.
constexpr auto kSlack = 2s;

std::string look_at_status(const Subject& subject) {
  return fmt::format("spec.minReadySeconds and status of the set: kubectl -n {} get statefulset {} -o yaml",
                     subject.ns, subject.set);
}

struct SeenSet {
  const Observation& seen;
  const StatefulSet& set;
};

/// The set's states within the step whose status belongs to the spec with these minReadySeconds.
std::vector<SeenSet> states_with(const JudgedStep& under, int min_ready_seconds) {
  std::vector<SeenSet> states;
  for (const Observation& seen : under.during) {
    const StatefulSet* set = seen.object<StatefulSet>();
    if (set == nullptr || set->meta.ref.ns != under.subject.ns || set->meta.ref.name != under.subject.set)
      continue;
    if (set->min_ready_seconds == min_ready_seconds && set->observed_generation == set->meta.generation)
      states.push_back({seen, *set});
  }
  if (states.empty()) under.judgement.doubt("the controller did not observe the new minReadySeconds");
  return states;
}

/// Whether the pod had been Ready for so long when `seen` was written: by the recording, or by what stands in
/// the pod, for a watch may tell late, and the cluster may have another clock.
bool was_ready_for(Elapsed wait, const Incarnation& pod, const Observation& seen, Timestamp began) {
  if (pod.gone != nullptr && pod.gone->at + kSlack < seen.at) return false;
  return std::any_of(pod.ready.begin(), pod.ready.end(), [&](const ReadyStretch& stretch) {
    if (stretch.until != nullptr && stretch.until->at + kSlack < seen.at) return false;
    const auto since = stretch.from->object<Pod>()->ready_since;
    return stretch.from->at + wait <= seen.at || (since && *since + wait <= began + seen.at);
  });
}

void find_count(JudgedStep& under, const SeenSet& state, int wanted, std::string_view why) {
  under.find(state.set.meta.ref, fmt::format("status.availableReplicas is {}: {}", wanted, why),
             fmt::format("it was {} at {}", state.set.available_pods.value, moment(state.seen)), state.seen,
             look_at_status(under.subject));
}

}  // namespace

Verdict long_wait_leaves_none_available(const Timeline& timeline) {
  return judge_step<steps::RaiseMinReady>(
      timeline, {"statefulsets"}, "no pod was counted as available too early", [](JudgedStep& under) {
        const std::chrono::seconds wait{under.asked<steps::RaiseMinReady>().min_ready_seconds};
        // The pods are younger than the recording.
        if (under.step.end->at >= wait)
          return under.judgement.doubt("pods may have been Ready for that long");
        for (const SeenSet& state : states_with(under, static_cast<int>(wait.count())))
          if (state.set.available_pods.value > 0)
            find_count(under, state, 0, fmt::format("no pod has been Ready for {} s yet", wait.count()));
      });
}

Verdict no_wait_makes_ready_available(const Timeline& timeline) {
  return judge_step<steps::DropMinReady>(
      timeline, {"statefulsets"}, "every Ready pod was counted as available", [](JudgedStep& under) {
        std::size_t counted = 0;
        for (const SeenSet& state :
             states_with(under, under.asked<steps::DropMinReady>().min_ready_seconds)) {
          if (state.set.ready_pods.value > 0) ++counted;
          if (state.set.available_pods != state.set.ready_pods)
            find_count(under, state, state.set.ready_pods.value, "so many pods are Ready");
        }
        if (counted == 0) under.judgement.doubt("no pod was Ready");
      });
}

Verdict available_after_wait(const Timeline& timeline) {
  return judge_step<steps::MinReady>(
      timeline, Watches{"statefulsets", "pods"}.of_states(),
      "each pod was counted as available in time, and all of them in the end", [](JudgedStep& under) {
        const std::chrono::seconds wait{under.asked<steps::MinReady>().min_ready_seconds};
        const SeenSet* former = nullptr;
        std::size_t judged = 0;
        const auto states = states_with(under, static_cast<int>(wait.count()));
        for (const SeenSet& state : states) {
          if (former != nullptr && state.set.available_pods > former->set.available_pods) ++judged;
          const auto due = std::count_if(under.pods.begin(), under.pods.end(), [&](const Incarnation& pod) {
            return was_ready_for(wait - kSlack, pod, state.seen, under.timeline.header.started);
          });
          if (state.set.available_pods.value > due)
            find_count(under, state, static_cast<int>(due),
                       fmt::format("no other pod had been Ready for {} s", wait.count()));
          former = &state;
        }
        if (judged == 0) return under.judgement.doubt("no pod was counted as available");
        const SeenSet& last = states.back();
        if (last.set.available_pods != last.set.replicas && under.overdue(kAnyHindrance))
          find_count(under, last, last.set.replicas.value, "the update is over");
      });
}

}  // namespace stateproof::check
