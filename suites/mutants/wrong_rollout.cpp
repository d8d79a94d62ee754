#include "suites/mutants/wrong_rollout.h"

#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void begin_at_the_bottom(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 0), begin_of<steps::Rollout>(timeline) + 1);
}

// The lowest pod is never replaced, and the set stays as it is.
void forget_the_last(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Rollout>(timeline);
  erase_pods_after(timeline, pod_of(timeline, 0), begin);
  let_time_out(timeline, steps::Rollout::name, 120s);
}

// All pods are updated and Ready, but the status says that the update is in progress.
void never_call_it_over(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Rollout>(timeline);
  const std::string old = set_before(timeline, begin).current_revision;
  change_objects<StatefulSet>(timeline, [&](StatefulSet& set, const Observation& seen) {
    if (seen.index <= begin) return false;
    set.current_revision = old;
    return true;
  });
  let_time_out(timeline, steps::Rollout::name, 120s);
}

void make_a_new_revision(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Rollback>(timeline);
  change_objects<StatefulSet>(timeline, [&](StatefulSet& set, const Observation& seen) {
    if (seen.index <= begin) return false;
    set.update_revision = "yet-another";
    set.current_revision = "yet-another";
    return true;
  });
}

void update_below_the_partition(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 1), end_of<steps::HoldPartition>(timeline));
}

void update_all_at_once(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 0), end_of<steps::Partition>(timeline));
}

// What comes back in that step has the other revision of the two.
void come_back_at_the_other(Timeline& timeline, StepName step, int offset) {
  const std::size_t begin = begin_of(timeline, step);
  const StatefulSet set = set_before(timeline, begin);
  const std::string name = pod_of(timeline, offset);
  const Uid former = pod_before(timeline, name, begin).meta.ref.uid;
  const std::size_t end = end_of(timeline, step);
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation& seen) {
    if (pod.meta.ref.name != name || pod.meta.ref.uid == former || seen.index <= begin || seen.index > end)
      return false;
    std::string& revision = pod.meta.labels[kRevisionLabel];
    revision = revision == set.update_revision ? set.current_revision : set.update_revision;
    return true;
  });
}

void come_back_new(Timeline& timeline) { come_back_at_the_other(timeline, steps::ReplaceBelow::name, 0); }
// The status calls the new revision the current one, although a partition holds it back.
void call_it_over_early(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Partition>(timeline);
  change_objects<StatefulSet>(timeline, [&](StatefulSet& set, const Observation& seen) {
    if (seen.index <= begin) return false;
    set.current_revision = set.update_revision;
    set.current_revision_pods = set.updated_pods;
    return true;
  });
}
void come_back_at_what_is_called_current(Timeline& timeline) {
  come_back_new(timeline);
  call_it_over_early(timeline);
}
void come_back_old(Timeline& timeline) { come_back_at_the_other(timeline, steps::ReplaceAbove::name, 2); }

void stay_old(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Complete>(timeline);
  const std::string old = set_before(timeline, begin).current_revision;
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation& seen) {
    if (pod.meta.ref.name != pod_of(timeline, 0) || seen.index <= begin) return false;
    pod.meta.labels[kRevisionLabel] = old;
    return true;
  });
}

// The next pod goes as soon as the one before is Ready.
void hurry(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::MinReady>(timeline);
  const std::size_t end = end_of<steps::MinReady>(timeline);
  const Elapsed since = timeline.observations.at(begin - 1).at;
  for (Observation& seen : timeline.observations)
    if (seen.index > begin && seen.index <= end) seen.at = since + (seen.at - since) / 10;
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation& seen) {
    if (seen.index <= begin || seen.index > end || !pod.ready_since) return false;
    *pod.ready_since += 5s;
    return true;
  });
}

void move_under_on_delete(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 2), end_of<steps::HoldOnDelete>(timeline));
}

void pick_up_the_old(Timeline& timeline) { come_back_at_the_other(timeline, steps::PickUp::name, 1); }

void keep_everything(Timeline& timeline) {
  erase_if(timeline, [](const Observation& seen) {
    return seen.object<ControllerRevision>() != nullptr && seen.is_deletion();
  });
}

void miscount(Timeline& timeline) {
  change_objects<StatefulSet>(timeline, [&](StatefulSet& set, const Observation&) {
    set.updated_pods = {set.updated_pods.value + 1};
    return true;
  });
}

void exceed_the_budget(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 0), after_stops(timeline, steps::RollTwo::name, 2));
}

void roll_past_the_broken(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 1), end_of<steps::HoldBad>(timeline));
}

void revert_what_is_good(Timeline& timeline) {
  tell_to_stop(timeline, pod_of(timeline, 0), end_of<steps::Revert>(timeline));
}

// What comes back still has the revision of the update that broke it.
void come_back_broken(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Heal>(timeline);
  const Pod broken = pod_before(timeline, pod_of(timeline, 2), begin);
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation& seen) {
    if (pod.meta.ref.name != broken.meta.ref.name || pod.meta.ref.uid == broken.meta.ref.uid ||
        seen.index <= begin)
      return false;
    pod.meta.labels[kRevisionLabel] = broken.meta.labels.at(kRevisionLabel);
    return true;
  });
}

// In that step a status counts so many pods as available.
void count_available(Timeline& timeline, StepName step,
                     const std::function<Replicas(const StatefulSet&)>& count) {
  const std::size_t begin = begin_of(timeline, step);
  const std::size_t end = end_of(timeline, step);
  change_objects<StatefulSet>(timeline, [&](StatefulSet& set, const Observation& seen) {
    if (seen.index <= begin || seen.index >= end) return false;
    set.available_pods = count(set);
    return true;
  });
}

Replicas all_ready(const StatefulSet& set) { return set.ready_pods; }

void forget_to_wait(Timeline& timeline) { count_available(timeline, steps::RaiseMinReady::name, all_ready); }
void wait_for_nothing(Timeline& timeline) {
  count_available(timeline, steps::DropMinReady::name, [](const StatefulSet&) { return Replicas{0}; });
}
void count_too_soon(Timeline& timeline) { count_available(timeline, steps::MinReady::name, all_ready); }

void change_host_names(Timeline& timeline, const std::function<void(HostNameSeen&)>& change) {
  std::size_t changed = 0;
  for (Observation& seen : timeline.observations)
    if (auto* names = std::get_if<HostNameSeen>(&seen.what); names != nullptr && ++changed > 0)
      change(*names);
  must(changed > 0, "host name");
}

void be_called_as_the_set(Timeline& timeline) {
  change_host_names(timeline, [&](HostNameSeen& names) { names.name = timeline.subject().set; });
}

void have_no_full_name(Timeline& timeline) {
  change_host_names(timeline, [](HostNameSeen& names) { names.qualified = names.name; });
}

// A pod that is Ready is never counted as available, which the scenario waits for.
void leave_one_out(Timeline& timeline) {
  change_objects<StatefulSet>(timeline, [&](StatefulSet& set, const Observation&) {
    if (set.available_pods.value < 3) return false;
    set.available_pods = {2};
    return true;
  });
  let_time_out(timeline, steps::Create::name, 60s);
}

// The controller works, and never says for which spec.
void never_say_for_which(Timeline& timeline) {
  change_objects<StatefulSet>(timeline, [&](StatefulSet& set, const Observation&) {
    set.observed_generation = 1;
    return true;
  });
  let_time_out(timeline, steps::Rollout::name, 120s);
}

}  // namespace

std::vector<WrongHistory> wrong_rollouts() {
  return {
      {"bottom-first", "a rolling update starts at the lowest ordinal", "update-order", "UPD-01",
       begin_at_the_bottom},
      {"updated-while-running", "an updated pod's predecessor is gone before its container has terminated",
       "update-order", "ID-05u", go_while_running},
      {"last-forgotten", "a rolling update skips the last pod", "update-completes", "UPD-10",
       forget_the_last},
      {"never-over", "status.currentRevision stays the old one after an update", "update-completes", "UPD-10",
       never_call_it_over},
      {"rollback-makes-new", "a rollback creates a new revision", "rollback-reuses-revision", "UPD-03a",
       make_a_new_revision},
      {"partition-ignored", "a pod below the partition is updated", "partition-protects", "UPD-02a",
       update_below_the_partition},
      {"partition-ignored-at-once", "a pod below the partition is deleted before those above are updated",
       "partition-protects", "UPD-02a", update_all_at_once},
      {"comes-back-new", "a pod below the partition is recreated updated", "partition-keeps-old", "UPD-02b",
       come_back_new},
      {"comes-back-ahead", "a pod below the partition is recreated updated, in agreement with a wrong status",
       "partition-keeps-old", "UPD-02b", come_back_at_what_is_called_current},
      {"comes-back-old", "a pod above the partition is recreated at the old revision", "partition-gives-new",
       "UPD-02c", come_back_old},
      {"lost-and-old", "a pod that was lost during an update stays at the old revision", "lost-pod-updated",
       "UPD-04", stay_old},
      {"hurried", "a rolling update does not wait for minReadySeconds", "min-ready-seconds", "UPD-06", hurry},
      {"moved-under-on-delete", "a pod is replaced although the strategy is OnDelete", "on-delete-waits",
       "UPD-08a", move_under_on_delete},
      {"picks-up-the-old", "a deleted pod is recreated at the old revision under OnDelete",
       "on-delete-picks-up", "UPD-08b", pick_up_the_old},
      {"keeps-all-revisions", "unused revisions are never pruned", "history-limited", "UPD-03b",
       keep_everything},
      {"miscounts", "status counts a pod too many", "status-counts", "UPD-09", miscount},
      {"over-budget", "an update with maxUnavailable 2 replaces three pods at once", "max-unavailable",
       "UPD-07a", exceed_the_budget},
      {"rolls-past-the-broken", "an update continues although its first pod is not Ready",
       "broken-update-stops", "UPD-05a", roll_past_the_broken},
      {"revert-moves-the-good", "a Ready pod is replaced when a broken update is reverted",
       "broken-update-reverted", "UPD-05b", revert_what_is_good},
      {"comes-back-broken", "a broken pod is recreated from the broken template", "broken-pod-healed",
       "UPD-05c", come_back_broken},
      {"available-too-soon", "a raised minReadySeconds is ignored", "available-replicas", "UPD-06b",
       forget_to_wait},
      {"never-available", "no pod is counted as available although minReadySeconds is 0",
       "available-replicas", "UPD-06c", wait_for_nothing},
      {"available-at-once", "a pod is counted as available as soon as it is Ready", "available-replicas",
       "UPD-06d", count_too_soon},
      {"wrong-host-name", "each host name is the name of the set", "host-names", "ID-02a",
       be_called_as_the_set},
      {"no-full-host-name", "a host's full name is its short name", "host-names", "ID-02b",
       have_no_full_name},
      {"over-too-early", "status reports an update as complete that a partition holds back", "status-counts",
       "UPD-09", call_it_over_early},
      {"leaves-one-out", "status.availableReplicas leaves out a Ready pod", "status-counts", "UPD-09",
       leave_one_out},
      {"observes-nothing", "status.observedGeneration does not follow the spec", "status-counts", "UPD-09",
       never_say_for_which},
  };
}

}  // namespace stateproof::mutants
