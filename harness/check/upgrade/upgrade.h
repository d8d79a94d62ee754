#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// What a user tolerates while a cluster is upgraded; stands in the header's environment under "budget".
struct UpgradeBudget {
  double gap = 120;               ///< seconds without an acknowledged write, or without a read of one member
  double control_plane_gap = 10;  ///< the same before the first node is cordoned: nothing touches a pod then
  double availability = 80;       ///< per cent of the seconds in which a write was acknowledged
};
UpgradeBudget budget_of(const Timeline& timeline);

/// UPG-01: no pod of an unchanged set is deleted, recreated at another revision or restarted, but for those
/// that a drain or the loss of their node took.
Verdict unchanged_pods_are_left_alone(const Timeline& timeline);
/// UPG-02: no new ControllerRevision; every template, and whatever else a spec said, stays as it was.
Verdict unchanged_sets_keep_their_spec(const Timeline& timeline);
/// UPG-03: writes and reads stay within the budget. Measures the longest gaps, by phase of the upgrade.
Verdict service_stays_within_budget(const Timeline& timeline);
/// UPG-04: claims, volumes and Services are the same objects, and each member answers under its name.
Verdict identities_outlive_upgrade(const Timeline& timeline);
/// UPG-05: nobody evicts a member of the database while another one is not Ready.
Verdict one_member_down_at_a_time(const Timeline& timeline);
/// UPG-06: after the upgrade the old sets scale, roll and replace their pods.
Verdict old_sets_obey_new_controllers(const Timeline& timeline);
/// UPG-07: after the upgrade the status of every set is right.
Verdict statuses_are_right_after_upgrade(const Timeline& timeline);
/// UPG-08: the nodes of before that are still there are Ready and take pods again.
Verdict nodes_come_back(const Timeline& timeline);

}  // namespace stateproof::check
