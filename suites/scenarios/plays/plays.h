#pragma once

#include <string>

#include "harness/model/timeline.h"

namespace stateproof::scenarios {

class Stage;

/// What each scenario plays on its stage. A play ends by returning, or by an exception of stage.h.

/// The database is created, each pod replaced, the set scaled 3 -> 5 -> 2 -> 3.
void play_lifecycle(Stage& stage);
/// A replicated database under load, whose pods are disturbed, and which is scaled 3 -> 5 -> 3.
void play_replication(Stage& stage);
/// The same, whose nodes and control plane are disturbed.
void play_disruption(Stage& stage);
Subject catch_up_subject(const std::string& ns);
void play_catch_up(Stage& stage);
/// Of both: nothing more is disturbed; what was is brought to its end, the clients' journal is read to its
/// own, and so are the rows of every member.
void salvage_replication(Stage& stage);
/// The same beside sets that nobody touches, while the cluster is upgraded.
void play_upgrade(Stage& stage);
/// Pods that are held unready hold up what comes after them.
void play_halting(Stage& stage);
/// Pods come and go, Ready or not, and clients ask the DNS for everything that it has on them.
void play_naming(Stage& stage);
Subject naming_subject(const std::string& ns);
/// Pods that nobody makes Ready, under podManagementPolicy Parallel, from ordinal 5 on.
void play_parallel(Stage& stage);
Subject parallel_subject(const std::string& ns);
/// The pod template changes under every update strategy.
void play_rollout(Stage& stage);
/// A Deployment and a StatefulSet of the same pods, side by side.
void play_contrast(Stage& stage);
/// Evictions within a PodDisruptionBudget and beyond it.
void play_eviction(Stage& stage);
/// Claims that go with their pods, under retention policy Delete.
void play_retention(Stage& stage);
/// A claim is deleted while a pod uses it.
void play_protection(Stage& stage);
/// The database's set is deleted and created again, then its claims are deleted, too.
void play_recreation(Stage& stage);
Subject recreation_subject(const std::string& ns);
/// A pod fails for a reason that lies outside of it, again and again.
void play_failed_pod(Stage& stage);
Subject failed_pod_subject(const std::string& ns);
/// Pods lose their set and their labels, and are adopted again.
void play_adoption(Stage& stage);

}  // namespace stateproof::scenarios
