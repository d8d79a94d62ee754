#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// RPL-01: every acknowledged row is on every member once, and no row that nobody wrote.
Verdict acknowledged_rows_are_everywhere(const Timeline& timeline);
/// RPL-02: replicas follow: read-only, with an id of their own, replication running, at the primary's
/// position.
Verdict replicas_follow(const Timeline& timeline);
/// RPL-03: the table's checksum is the same on all members at rest.
Verdict checksums_agree(const Timeline& timeline);
/// STO-04b: acknowledged rows are there again after pods were deleted, evicted and rolled under load.
Verdict rows_survive_replacement_under_load(const Timeline& timeline);
/// DIS-03: acknowledged rows are there again after a server was killed.
Verdict rows_survive_kills(const Timeline& timeline);
/// DIS-04: acknowledged rows are there again after all pods were lost at once.
Verdict rows_survive_loss_of_all_pods(const Timeline& timeline);
/// SCL-03: replicas that a scale-up added have every row.
Verdict new_replicas_catch_up(const Timeline& timeline);
/// SCL-03b: so they do when the primary has purged its binary logs before.
Verdict new_replicas_catch_up_after_purge(const Timeline& timeline);
/// AVL-01: after each disruption writes and reads continue. Measures how long they did not.
Verdict service_recovers(const Timeline& timeline);

/// DIS-02: a drained node gives up its pods, and they come back on their own storage.
Verdict drained_pods_come_back(const Timeline& timeline);
/// DIS-06: a pod on a stopped node is not replaced before it is known to be gone.
Verdict no_second_copy_on_stopped_node(const Timeline& timeline);

/// ID-05n: no two pods of one name while nodes and the control plane are disturbed.
Verdict one_pod_per_name_while_disturbed(const Timeline& timeline);

}  // namespace stateproof::check
