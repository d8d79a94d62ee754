#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// UPD-01, on step "rollout": pods are replaced from the highest ordinal down, each one only after all higher
/// ones are back and have been Ready. Under Parallel that holds for pods that served until then.
Verdict updated_from_the_top(const Timeline& timeline);
/// UPD-10, on step "rollout": in the end all pods have the new revision, and it is the current one.
Verdict rollout_completes(const Timeline& timeline);
/// UPD-03a, on step "rollback": going back to an earlier template takes its revision up again.
Verdict rollback_reuses_revision(const Timeline& timeline);
/// UPD-02a, on step "hold-partition": pods below the partition are left alone.
Verdict pods_below_partition_stay(const Timeline& timeline);
/// UPD-02b, on step "replace-below": a pod below the partition comes back at the old revision.
Verdict old_revision_below_partition(const Timeline& timeline);
/// UPD-02c, on step "replace-above": a pod of the partition or above comes back at the new revision.
Verdict new_revision_above_partition(const Timeline& timeline);
/// UPD-04, on step "complete": a pod that was lost during an update ends at the new revision, too.
Verdict lost_pod_is_updated(const Timeline& timeline);
/// UPD-06, on step "min-ready": the next pod is replaced only when the previous one was Ready for
/// minReadySeconds.
Verdict min_ready_seconds_kept(const Timeline& timeline);
/// UPD-08a, on step "hold-on-delete": under OnDelete no new template moves a pod.
Verdict on_delete_moves_nothing(const Timeline& timeline);
/// UPD-08b, on step "pick-up": under OnDelete a pod that is deleted comes back at the newest revision.
Verdict on_delete_picks_up(const Timeline& timeline);
/// UPD-03b, on step "settle": no more revisions out of use are kept than spec.revisionHistoryLimit.
Verdict history_is_limited(const Timeline& timeline);
/// UPD-09, on step "hold-partition": the numbers in the set's status agree with its pods.
Verdict status_counts_pods(const Timeline& timeline);

}  // namespace stateproof::check
