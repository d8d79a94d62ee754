#include "suites/rollout/promises.h"

#include "harness/check/identity/identity.h"
#include "harness/check/rollout/available_replicas.h"
#include "harness/check/rollout/broken_update.h"
#include "harness/check/rollout/rollout.h"
#include "harness/check/rollout/update_budget.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kRolling =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates";
constexpr std::string_view kPartition =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions";
constexpr std::string_view kMinReady =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#minimum-ready-seconds";
constexpr std::string_view kHistory =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#revision-history";
constexpr std::string_view kForceDeletion =
    "https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/";
constexpr std::string_view kForcedRollback =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback";
constexpr std::string_view kMaxUnavailable =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#maximum-unavailable-pods";
constexpr std::string_view kMaxUnavailableGate = "MaxUnavailableStatefulSet";

}  // namespace

std::vector<Promise> rollout_promises() {
  return {
      {.id = "update-order",
       .title = "A rolling update goes from the highest ordinal down",
       .group = "updates",
       .scenario = "rollout",
       .requirements =
           {{.id = "UPD-01",
             .title = "Each pod is replaced only after all higher ones are "
                      "Ready again",
             .sentence = "In a rolling update the pods MUST be replaced "
                         "from the highest ordinal to the lowest, each only "
                         "after the new pods of all higher ordinals have "
                         "been Ready.",
             .source = kRolling,
             .checker = check::updated_from_the_top},
            {.id = "ID-05u",
             .title = "A pod has terminated before its replacement is created",
             .sentence =
                 "In a rolling update, too, a pod MUST NOT be removed from the API while its containers run.",
             .source = kForceDeletion,
             .checker = check::gone_pods_have_ended}}},
      {.id = "update-completes",
       .title = "A rolling update reaches every pod",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-10",
                         .title = "In the end all pods have the new revision and it is "
                                  "the current one",
                         .sentence = "A rolling update MUST bring every pod to the new "
                                     "revision, and status.currentRevision MUST be that "
                                     "revision in the end.",
                         .source = kRolling,
                         .checker = check::rollout_completes}}},
      {.id = "rollback-reuses-revision",
       .title = "A rollback reuses the earlier revision",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-03a",
                         .title = "A rollback creates no new revision",
                         .sentence =
                             "When the template is changed back to an earlier one, the update revision MUST "
                             "be the earlier ControllerRevision and a new one MUST NOT be created.",
                         .source = kHistory,
                         .checker = check::rollback_reuses_revision}}},
      {.id = "partition-protects",
       .title = "Pods below the partition are not updated",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-02a",
                         .title = "No pod below the partition is updated",
                         .sentence = "While spec.updateStrategy.rollingUpdate.partition "
                                     "is P, the pods of ordinals below P MUST NOT be "
                                     "replaced by a change of the template.",
                         .source = kPartition,
                         .checker = check::pods_below_partition_stay}}},
      {.id = "partition-keeps-old",
       .title = "A pod below the partition is recreated at the old revision",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-02b",
                         .title = "A deleted pod below the partition gets the old "
                                  "revision",
                         .sentence =
                             "A deleted pod below the partition MUST be recreated at the old revision.",
                         .source = kPartition,
                         .checker = check::old_revision_below_partition}}},
      {.id = "partition-gives-new",
       .title = "A pod at or above the partition is recreated at the new revision",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-02c",
                         .title = "A deleted pod at or above the partition gets the new revision",
                         .sentence =
                             "A deleted pod at or above the partition MUST be recreated at the new revision.",
                         .source = kPartition,
                         .checker = check::new_revision_above_partition}}},
      {.id = "lost-pod-updated",
       .title = "A pod that is lost during an update ends up updated",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-04",
                         .title = "An update reaches pods that are lost meanwhile",
                         .sentence = "A pod that is deleted during a rolling update "
                                     "MUST have the new revision when the update is "
                                     "over.",
                         .source = kRolling,
                         .checker = check::lost_pod_is_updated}}},
      {.id = "min-ready-seconds",
       .title = "A rolling update respects minReadySeconds",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-06",
                         .title =
                             "The next pod is replaced only after the previous one was Ready for long enough",
                         .sentence = "With spec.minReadySeconds N the next pod of a rolling update MUST NOT "
                                     "be deleted before the new one has been Ready for N seconds.",
                         .source = kMinReady,
                         .since = "1.25",
                         .checker = check::min_ready_seconds_kept}}},
      {.id = "on-delete-waits",
       .title = "Under OnDelete no pod is replaced",
       .group = "updates",
       .scenario = "rollout",
       .requirements =
           {{.id = "UPD-08a",
             .title = "A new template replaces no pod by itself",
             .sentence = "With update strategy OnDelete a change of the template MUST NOT delete any pod.",
             .source = kUpdateStrategies,
             .checker = check::on_delete_moves_nothing}}},
      {.id = "on-delete-picks-up",
       .title = "Under OnDelete a deleted pod is recreated at the newest revision",
       .group = "updates",
       .scenario = "rollout",
       .requirements =
           {{.id = "UPD-08b",
             .title = "A deleted pod gets the newest revision",
             .sentence =
                 "With update strategy OnDelete a deleted pod MUST be recreated at the newest revision.",
             .source = kUpdateStrategies,
             .checker = check::on_delete_picks_up}}},
      {.id = "history-limited",
       .title = "Old revisions are pruned",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-03b",
                         .title = "No more unused revisions are kept than configured",
                         .sentence = "The number of ControllerRevisions that no pod uses MUST NOT stay above "
                                     "spec.revisionHistoryLimit.",
                         .source = kHistory,
                         .checker = check::history_is_limited}}},
      {.id = "status-counts",
       .title = "The counts in status agree with the pods",
       .group = "updates",
       .scenario = "rollout",
       .requirements =
           {{.id = "UPD-09",
             .title = "replicas, readyReplicas, currentReplicas and updatedReplicas are correct",
             .sentence =
                 "While nothing changes, the counts and revisions in the status of a set MUST agree with its "
                 "pods, their readiness and their revision labels, and observedGeneration with its spec.",
             .source = kStatusReference,
             .checker = check::status_counts_pods}}},
      {.id = "max-unavailable",
       .title = "A rolling update respects maxUnavailable",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-07a",
                         .title = "No more than maxUnavailable pods are unavailable at once",
                         .sentence =
                             "A rolling update MUST NOT make more than "
                             "spec.updateStrategy.rollingUpdate.maxUnavailable pods unavailable at once.",
                         .source = kMaxUnavailable,
                         .since = "1.35",
                         .level = Level::kInforming,
                         .checker = check::updated_within_budget,
                         .gate = kMaxUnavailableGate}}},
      {.id = "max-unavailable-parallel",
       .title = "A rolling update respects maxUnavailable under Parallel",
       .group = "updates",
       .scenario = "parallel",
       .requirements = {{.id = "UPD-07b",
                         .title = "Under Parallel no more than maxUnavailable pods are unavailable at once",
                         .sentence = "Under podManagementPolicy Parallel, too, a rolling update MUST NOT "
                                     "make more than maxUnavailable pods unavailable at once.",
                         .source = kMaxUnavailable,
                         .since = "1.35",
                         .level = Level::kInforming,
                         .checker = check::updated_within_budget,
                         .gate = kMaxUnavailableGate},
                        {.id = "UPD-07c",
                         .title = "An update that breaks pods breaks no more than maxUnavailable",
                         .sentence = "A rolling update whose new pods do not become Ready MUST NOT "
                                     "make more than maxUnavailable pods unavailable.",
                         .source = kMaxUnavailable,
                         .since = "1.35",
                         .level = Level::kInforming,
                         .checker = check::broken_update_within_budget,
                         .gate = kMaxUnavailableGate}}},
      {.id = "broken-update-stops",
       .title = "A rolling update stops at a pod that does not become Ready",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-05a",
                         .title = "Pods of lower ordinals are left untouched",
                         .sentence = "When an updated pod does not become Ready, the rolling update MUST "
                                     "stop and wait: pods of lower ordinals MUST NOT be replaced.",
                         .source = kForcedRollback,
                         .checker = check::broken_update_stops}}},
      {.id = "broken-update-reverted",
       .title = "Reverting a broken update replaces no Ready pod",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-05b",
                         .title = "Ready pods stay when the template is reverted",
                         .sentence =
                             "When the template of a stalled update is reverted, pods that are Ready at that "
                             "revision MUST NOT be replaced; the broken pod MAY be left as it is.",
                         .source = kForcedRollback,
                         .level = Level::kInforming,
                         .checker = check::revert_spares_ready_pods}}},
      {.id = "broken-pod-healed",
       .title = "A broken pod that is deleted is recreated from the reverted template",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-05c",
                         .title = "Deleting the broken pod repairs the set",
                         .sentence = "When the template of a stalled update was reverted and the broken pod "
                                     "is deleted, it MUST be recreated from the reverted template.",
                         .source = kForcedRollback,
                         .checker = check::deleted_broken_pod_heals}}},
      {.id = "available-replicas",
       .title = "availableReplicas respects minReadySeconds",
       .group = "updates",
       .scenario = "rollout",
       .requirements = {{.id = "UPD-06b",
                         .title = "No pod is counted as available too early",
                         .sentence = "status.availableReplicas MUST NOT count a pod that has been Ready for "
                                     "less than spec.minReadySeconds, even when that is raised later.",
                         .source = kStatusReference,
                         .checker = check::long_wait_leaves_none_available},
                        {.id = "UPD-06c",
                         .title = "Without minReadySeconds every Ready pod is counted as available",
                         .sentence = "When spec.minReadySeconds is 0, status.availableReplicas MUST "
                                     "count every pod that is Ready.",
                         .source = kMinReady,
                         .checker = check::no_wait_makes_ready_available},
                        {.id = "UPD-06d",
                         .title = "A pod is counted as available in time",
                         .sentence = "status.availableReplicas MUST count a pod once it has been "
                                     "Ready for spec.minReadySeconds, and not before.",
                         .source = kMinReady,
                         .level = Level::kInforming,
                         .checker = check::available_after_wait}}},
  };
}

}  // namespace stateproof
