#include "suites/replication/promises.h"

#include "harness/check/disruption/replication.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kReplicated =
    "https://kubernetes.io/docs/tasks/run-application/run-replicated-stateful-application/";
constexpr std::string_view kDrain = "https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/";
constexpr std::string_view kForced =
    "https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/"
    "#statefulset-considerations";

struct Setting {
  std::string_view scenario = "replication";
  Profile profile = Profile::kConformance;
};

Promise replication_promise(std::string_view id, std::string_view title, std::string_view group,
                            std::vector<Requirement> requirements, Setting setting = {},
                            std::source_location written = std::source_location::current()) {
  return {.id = id,
          .title = title,
          .group = group,
          .scenario = setting.scenario,
          .profile = setting.profile,
          .requirements = std::move(requirements),
          .written = written};
}

}  // namespace

std::vector<Promise> replication_promises() {
  const Setting nodes{"disruption", Profile::kDisruptive};
  return {
      replication_promise(
          "acknowledged-rows", "Every acknowledged row is on every member, once", "durability",
          {{.id = "RPL-01",
            .title = "No acknowledged row is lost or duplicated, and no row appears that was not written",
            .sentence = "After disruptions of its pods every member of a replicated database that has "
                        "caught up MUST have each row whose write was acknowledged exactly once, and "
                        "MUST NOT have a row whose write failed or never happened.",
            .source = kUsingStatefulSets,
            .checker = check::acknowledged_rows_are_everywhere}}),
      replication_promise(
          "rows-outlive-replacement", "Rows survive the replacement of pods under load", "durability",
          {{.id = "STO-04b",
            .title = "Acknowledged rows are there after pods were deleted, evicted and rolled",
            .sentence = "Rows that a member had acknowledged before its pod was deleted, evicted or "
                        "updated MUST be there once its replacement serves.",
            .source = kStableStorage,
            .checker = check::rows_survive_replacement_under_load}}),
      replication_promise(
          "rows-outlive-kills", "Rows survive the killing of a server", "durability",
          {{.id = "DIS-03",
            .title = "Acknowledged rows are there after SIGKILL and deletion without grace",
            .sentence =
                "With durable settings, rows that were acknowledged before a member's server was killed "
                "MUST be there when it serves again.",
            .source = kStableStorage,
            .checker = check::rows_survive_kills}}),
      replication_promise(
          "rows-outlive-outage", "Rows survive the loss of all pods at once", "durability",
          {{.id = "DIS-04",
            .title = "Acknowledged rows are there after all pods were lost",
            .sentence = "When all pods of a set are lost at once, the set MUST recover with all rows "
                        "that were acknowledged before.",
            .source = kStableStorage,
            .checker = check::rows_survive_loss_of_all_pods}}),
      replication_promise(
          "replicas-follow", "Replicas follow their primary only", "replication",
          {{.id = "RPL-02",
            .title = "Replicas are read-only, have unique ids and reach the primary's position",
            .sentence =
                "At rest each replica MUST be read-only, with a server id and a host name that follow "
                "from its ordinal, its replication running, at the position of the primary.",
            .source = kReplicated,
            .checker = check::replicas_follow},
           {.id = "RPL-03",
            .title = "The table's checksum is the same on all members",
            .sentence = "At rest the checksum of the table MUST be the same on every member.",
            .source = kReplicated,
            .checker = check::checksums_agree}}),
      replication_promise(
          "new-replicas", "New replicas receive the existing data", "replication",
          {{.id = "SCL-03",
            .title = "A replica that a scale-up added has every acknowledged row",
            .sentence = "A replica that is added while clients write MUST catch up with the primary and have "
                        "every row that was acknowledged.",
            .source = kReplicated,
            .checker = check::new_replicas_catch_up}}),
      replication_promise(
          "late-replicas", "New replicas receive the data even when its first logs are purged", "replication",
          {{.id = "SCL-03b",
            .title = "A new replica receives the data even though the primary has purged its binary logs",
            .sentence =
                "A replica that begins with a copy of the primary's data MUST catch up and have every "
                "row that was acknowledged, even when the primary has purged its earlier binary logs.",
            .source = kReplicated,
            .checker = check::new_replicas_catch_up_after_purge}},
          {.scenario = "catch-up"}),
      replication_promise(
          "service-recovers", "Writes and reads continue after each disruption of pods", "availability",
          {{.id = "AVL-01",
            .title = "After each disruption all members serve again",
            .sentence = "After a disruption of its pods the set MUST recover by itself: all pods Ready, "
                        "writes acknowledged, every member readable by its name.",
            .source = kUsingStatefulSets,
            .checker = check::service_recovers}}),
      replication_promise(
          "rows-outlive-nodes", "Rows survive disruptions of nodes and of the control plane", "durability",
          {{.id = "RPL-01n",
            .title = "No acknowledged row is lost when nodes and the control plane are disrupted",
            .sentence =
                "After a drained, a stopped and a restarted node, and after restarts of the API server, "
                "the controllers and the DNS, every member MUST have each acknowledged row exactly once.",
            .source = kUsingStatefulSets,
            .checker = check::acknowledged_rows_are_everywhere}},
          nodes),
      replication_promise(
          "service-outlives-nodes", "Writes and reads continue after each disruption of a node",
          "availability",
          {{.id = "AVL-01n",
            .title = "After each disruption of a node or of the control plane all members serve again",
            .sentence = "After a disruption of a node or of the control plane the set MUST recover by "
                        "itself once the node is back.",
            .source = kUsingStatefulSets,
            .checker = check::service_recovers}},
          nodes),
      replication_promise(
          "drained-pods-return", "Pods of a drained node are recreated", "disruption",
          {{.id = "DIS-02",
            .title = "A pod evicted by a drain is recreated with its own storage",
            .sentence =
                "A pod that is evicted from a drained node MUST be replaced under its name: on another node "
                "when its volume can move, and otherwise on its node once that is schedulable again.",
            .source = kDrain,
            .checker = check::drained_pods_come_back}},
          nodes),
      replication_promise(
          "no-second-copy", "A pod on a stopped node is not duplicated", "disruption",
          {{.id = "DIS-06",
            .title = "No second pod of a name while a stopped node may still run the first",
            .sentence = "While a node does not answer, the pod on it MUST stay in the API as "
                        "Terminating, and another pod of its name MUST NOT be created.",
            .source = kForced,
            .checker = check::no_second_copy_on_stopped_node},
           {.id = "ID-05n",
            .title = "No two pods share an identity while nodes are disrupted",
            .sentence = "At any time there MUST be at most one pod of each identity, also while nodes "
                        "and the control plane are disrupted.",
            .source = kForced,
            .checker = check::one_pod_per_name_while_disturbed}},
          nodes),
  };
}

}  // namespace stateproof
