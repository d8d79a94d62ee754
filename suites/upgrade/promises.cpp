#include "suites/upgrade/promises.h"

#include "harness/check/disruption/replication.h"
#include "harness/check/upgrade/upgrade.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kUpgrade = "https://kubernetes.io/docs/tasks/administer-cluster/cluster-upgrade/";
constexpr std::string_view kKubeadm =
    "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/";
constexpr std::string_view kUncordon =
    "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/upgrading-linux-nodes/#uncordon-the-node";

Promise upgrade_promise(std::string_view id, std::string_view title, Requirement requirement,
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
      upgrade_promise(
          "upgrade-leaves-pods", "An upgrade does not touch the pods of unchanged sets",
          {.id = "UPG-01",
           .title = "No pod of an unchanged set is deleted, replaced or restarted unless its node is drained",
           .sentence =
               "While a cluster is upgraded a pod of a StatefulSet whose template did not change MUST "
               "NOT be deleted, replaced by one of another revision, or restarted, unless its node is "
               "drained or lost.",
           .source = kKubeadm,
           .checker = check::unchanged_pods_are_left_alone}),
      upgrade_promise(
          "upgrade-leaves-sets", "An upgrade does not touch templates and revisions",
          {.id = "UPG-02",
           .title = "No new ControllerRevision; specs are unchanged",
           .sentence =
               "While a cluster is upgraded, a new ControllerRevision MUST NOT be created for a StatefulSet "
               "that was not changed, and its template and every field of its spec MUST stay as they were.",
           .source = kUpdateStrategies,
           .checker = check::unchanged_sets_keep_their_spec}),
      upgrade_promise(
          "upgrade-keeps-rows", "An upgrade loses no acknowledged row",
          {.id = "UPG-03",
           .title = "Every row that was acknowledged before and during the upgrade is on every member, once",
           .sentence =
               "After an upgrade every member of a replicated database MUST have each row whose write "
               "was acknowledged before or during it exactly once.",
           .source = kStableStorage,
           .checker = check::acknowledged_rows_are_everywhere}),
      upgrade_promise(
          "upgrade-within-budget", "Writes and reads stay within the budget",
          {.id = "UPG-03b",
           .title = "No gap in the writes, or in the reads from a member, is longer than the budget",
           .sentence = "While a cluster is upgraded, writes and the reads from each member MUST NOT stop for "
                       "longer than the budget that the user sets, for the control plane and for the nodes.",
           .source = kUpgrade,
           .checker = check::service_stays_within_budget}),
      upgrade_promise(
          "upgrade-keeps-identities", "Claims, volumes, Services and names survive an upgrade",
          {.id = "UPG-04",
           .title = "The same claims, volumes and Services; each member is reachable by its name",
           .sentence = "After an upgrade the claims, volumes and Services of a StatefulSet MUST be the "
                       "same objects as before, and each member MUST be reachable by its own DNS name.",
           .source = kPodIdentity,
           .checker = check::identities_outlive_upgrade}),
      upgrade_promise("upgrade-one-at-a-time", "Nodes are drained within the disruption budget",
                      {.id = "UPG-05",
                       .title = "No member is evicted while another one is not Ready",
                       .sentence = "While nodes are drained an eviction MUST be refused as long as the "
                                   "PodDisruptionBudget allows no more pods to be down.",
                       .source = kDisruptionBudgets,
                       .checker = check::one_member_down_at_a_time}),
      upgrade_promise(
          "upgraded-sets-obey", "Existing sets work with the new controllers",
          {.id = "UPG-06",
           .title = "Sets from before the upgrade scale, roll and replace their pods",
           .sentence = "After an upgrade StatefulSets that were created before it MUST scale, roll out a "
                       "new template, and replace a lost pod at the revision that it had.",
           .source = kScalingGuarantees,
           .checker = check::old_sets_obey_new_controllers}),
      upgrade_promise(
          "upgraded-status-right", "No set is left with a wrong status",
          {.id = "UPG-07",
           .title = "After the upgrade each set's status agrees with its spec and its pods",
           .sentence = "After an upgrade the status of every StatefulSet MUST agree with its spec and "
                       "with its pods once the controllers have settled.",
           .source = kStatusReference,
           .checker = check::statuses_are_right_after_upgrade}),
      upgrade_promise(
          "upgrade-gives-nodes-back", "The nodes accept pods again after an upgrade",
          {.id = "UPG-08",
           .title = "Nodes that were in service before the upgrade are in service after it",
           .sentence =
               "A node that was Ready and schedulable before an upgrade, and is still part of the cluster "
               "after it, MUST be Ready and schedulable again.",
           .source = kUncordon,
           .checker = check::nodes_come_back}),
  };
}

}  // namespace stateproof
