#include "suites/upgrade/promises.h"

#include "harness/check/disruption/replication.h"
#include "harness/check/upgrade/upgrade.h"

namespace stateproof {
namespace {

constexpr std::string_view kUpgrade = "https://kubernetes.io/docs/tasks/administer-cluster/cluster-upgrade/";
constexpr std::string_view kKubeadm =
    "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/";
constexpr std::string_view kStatus =
    "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/"
    "#StatefulSetStatus";
constexpr std::string_view kStorage =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage";
constexpr std::string_view kIdentity =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-identity";
constexpr std::string_view kUncordon =
    "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/upgrading-linux-nodes/#uncordon-the-node";
constexpr std::string_view kBudget =
    "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets";
constexpr std::string_view kUpdate =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies";
constexpr std::string_view kStatefulSet =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"
    "#deployment-and-scaling-guarantees";

Promise promise(std::string_view id, std::string_view title, Requirement requirement,
                std::source_location written = std::source_location::current()) {
  return {.id = id,
          .title = title,
          .group = "upgrade",
          .scenario = "upgrade",
          .profile = Profile::kUpgrade,
          .requirements = {requirement},
          .written = written};
}

}  // namespace

std::vector<Promise> upgrade_promises() {
  return {
      promise(
          "upgrade-leaves-pods", "An upgrade leaves the pods of unchanged sets alone",
          {.id = "UPG-01",
           .title = "No pod of an unchanged set is deleted, rolled or restarted unless its node is drained",
           .sentence =
               "While a cluster is upgraded a pod of a StatefulSet whose template did not change MUST "
               "NOT be deleted, replaced by one of another revision, or restarted, unless its node is "
               "drained or lost.",
           .source = kKubeadm,
           .since = "",
           .checker = check::unchanged_pods_are_left_alone}),
      promise("upgrade-leaves-sets", "An upgrade leaves templates and revisions alone",
              {.id = "UPG-02",
               .title = "No new ControllerRevision; specs read as before",
               .sentence =
                   "While a cluster is upgraded no ControllerRevision MUST be made for a StatefulSet that "
                   "nobody changed, and its template, and every field that its spec had, MUST stay as it "
                   "was.",
               .source = kUpdate,
               .since = "",
               .checker = check::unchanged_sets_keep_their_spec}),
      promise(
          "upgrade-keeps-rows", "An upgrade loses no acknowledged row",
          {.id = "UPG-03",
           .title = "Every row that was acknowledged before and during the upgrade is on every member, once",
           .sentence =
               "After an upgrade every member of a replicated database MUST have each row whose write "
               "was acknowledged before or during it exactly once.",
           .source = kStorage,
           .since = "",
           .checker = check::acknowledged_rows_are_everywhere}),
      promise(
          "upgrade-within-budget", "Writes and reads stay within the budget",
          {.id = "UPG-03b",
           .title = "No gap in the writes, or in the reads of a member, is longer than the budget",
           .sentence = "While a cluster is upgraded, writes and the reads of each member MUST NOT stop for "
                       "longer than the budget that the user sets, for the control plane and for the nodes.",
           .source = kUpgrade,
           .since = "",
           .checker = check::service_stays_within_budget}),
      promise(
          "upgrade-keeps-identities", "Claims, volumes, Services and names outlive an upgrade",
          {.id = "UPG-04",
           .title = "The same claims, volumes and Services; each member answers under its name",
           .sentence = "After an upgrade the claims, volumes and Services of a StatefulSet MUST be the same "
                       "objects as before, and each member MUST answer under its own DNS name.",
           .source = kIdentity,
           .since = "",
           .checker = check::identities_outlive_upgrade}),
      promise("upgrade-one-at-a-time", "Nodes are drained within the disruption budget",
              {.id = "UPG-05",
               .title = "No member is evicted while another one is not Ready",
               .sentence = "While nodes are drained an eviction MUST be refused as long as the "
                           "PodDisruptionBudget allows no more pods to be down.",
               .source = kBudget,
               .since = "",
               .checker = check::one_member_down_at_a_time}),
      promise(
          "upgraded-sets-obey", "Old sets obey the new controllers",
          {.id = "UPG-06",
           .title = "Sets from before the upgrade scale, roll and replace their pods",
           .sentence = "After an upgrade StatefulSets that were made before it MUST scale, roll out a new "
                       "template, and replace a lost pod at the revision that it had.",
           .source = kStatefulSet,
           .since = "",
           .checker = check::old_sets_obey_new_controllers}),
      promise("upgraded-status-right", "No set's status is left wrong",
              {.id = "UPG-07",
               .title = "After the upgrade each set's status agrees with its spec and its pods",
               .sentence =
                   "After an upgrade the status of every StatefulSet MUST come to agree with its spec and "
                   "with its pods.",
               .source = kStatus,
               .since = "",
               .checker = check::statuses_are_right_after_upgrade}),
      promise(
          "upgrade-gives-nodes-back", "The nodes take pods again after an upgrade",
          {.id = "UPG-08",
           .title = "Nodes that were in service before the upgrade are in service after it",
           .sentence =
               "A node that was Ready and schedulable before an upgrade, and is still part of the cluster "
               "after it, MUST be Ready and schedulable again.",
           .source = kUncordon,
           .since = "",
           .checker = check::nodes_come_back}),
  };
}

}  // namespace stateproof
