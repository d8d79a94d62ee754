#include "suites/scenarios/engine/scenario.h"

#include <algorithm>
#include <chrono>

#include "fixtures/mariadb-replicated/replicated.h"
#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "suites/scenarios/engine/stage.h"
#include "suites/scenarios/plays/plays.h"

namespace stateproof::scenarios {
namespace {

ScenarioEnd interrupted() {
  return {End::Reason::kInterrupted, "Interrupted before the scenario was over; run it again.", {}, 0};
}

// Plays until its end, the user's or the harness's trouble; never throws.
ScenarioEnd play(const Scenario& scenario, Stage& stage) {
  try {
    stage.open();
    if (stage.request().salvages)
      scenario.salvage(stage);
    else
      scenario.play(stage);
    return {};
  } catch (const Curtain&) {
    return {};
  } catch (const std::exception& trouble) {
    if (stage.stop().stop_requested()) return interrupted();
    return {End::Reason::kHarnessError, trouble.what(), {}, 0};
  }
}

}  // namespace

const std::vector<Scenario>& all() {
  static const std::vector<Scenario> scenarios{
      {.name = "lifecycle",
       .title = "create, replace each pod, scale 3 -> 5 -> 2 -> 3",
       .profile = Profile::kQuick,
       .subject = fixtures::mariadb_subject,
       .play = play_lifecycle,
       .has_client_namespace = true},
      {.name = "halting",
       .title = "pods that are held unready hold up creation and scale-down",
       .subject = fixtures::sleeper_subject,
       .play = play_halting},
      {.name = "naming",
       .title = "the DNS records of a headless Service while pods become Ready, unready and are replaced",
       .subject = naming_subject,
       .play = play_naming,
       .has_client_namespace = true},
      {.name = "parallel",
       .title = "podManagementPolicy Parallel from ordinal 5 on: pods that are never Ready, the scale, "
                "updates by two",
       .subject = parallel_subject,
       .play = play_parallel},
      {.name = "rollout",
       .title = "template changes: rolling update, rollback, partition, minReadySeconds, OnDelete, one that "
                "breaks pods",
       .subject = fixtures::sleeper_subject,
       .play = play_rollout,
       .also_watches = {kube::kControllerRevisions}},
      {.name = "contrast",
       .title = "a Deployment and a StatefulSet of the same pods, side by side, scaled to none",
       .subject = fixtures::sleeper_subject,
       .play = play_contrast,
       .also_watches = {kube::kDeployments}},
      {.name = "eviction",
       .title = "evictions within a PodDisruptionBudget and beyond it",
       .subject = fixtures::sleeper_subject,
       .play = play_eviction,
       .also_watches = {kube::kPodDisruptionBudgets}},
      {.name = "adoption",
       .title = "pods lose their set and their labels, and are adopted again",
       .subject = fixtures::sleeper_subject,
       .play = play_adoption},
      {.name = "retention",
       .title = "retention policy Delete: a pod is lost, the set scaled 3 -> 1 and deleted",
       .subject = fixtures::sleeper_subject,
       .play = play_retention},
      {.name = "protection",
       .title = "a claim is deleted while its pod runs, then the pod; two pods want one claim",
       .subject = fixtures::sleeper_subject,
       .play = play_protection},
      {.name = "recreation",
       .title = "a database asks for more storage, is deleted, created again and cleared away",
       .subject = recreation_subject,
       .play = play_recreation},
      {.name = "failed-pod",
       .title = "a pod fails until the port that it wants is free",
       .subject = failed_pod_subject,
       .play = play_failed_pod},
      {.name = "replication",
       .title = "a replicated database under load, its pods disturbed in nine ways, scaled 3 -> 5 -> 3",
       .subject = fixtures::replicated_subject,
       .play = play_replication,
       .salvage = salvage_replication,
       .has_client_namespace = true,
       .also_watches = {kube::kPodDisruptionBudgets}},
      {.name = "catch-up",
       .title = "a replica is added after the primary gave up its binary logs",
       .subject = catch_up_subject,
       .play = play_catch_up,
       .has_client_namespace = true,
       .also_watches = {kube::kPodDisruptionBudgets}},
      {.name = "disruption",
       .title = "a replicated database under load, its nodes and the control plane disturbed",
       .profile = Profile::kDisruptive,
       .subject = fixtures::replicated_subject,
       .play = play_disruption,
       .salvage = salvage_replication,
       .has_client_namespace = true,
       .also_watches = {kube::kPodDisruptionBudgets}},
      {.name = "upgrade",
       .title =
           "a replicated database under load beside sets that nobody touches, while the cluster is upgraded",
       .profile = Profile::kUpgrade,
       .subject = fixtures::replicated_subject,
       .play = play_upgrade,
       .has_client_namespace = true,
       .also_watches = {kube::kControllerRevisions, kube::kPodDisruptionBudgets},
       .also_watches_cluster = {kube::kNodes}},
  };
  return scenarios;
}

const Scenario* find(std::string_view name) {
  const auto found =
      std::find_if(all().begin(), all().end(), [&](const Scenario& one) { return one.name == name; });
  return found == all().end() ? nullptr : &*found;
}

ScenarioEnd run(const Scenario& scenario, const ScenarioRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  ScenarioEnd end;
  try {
    Stage stage(scenario, request);
    end = play(scenario, stage);
    if (std::string loss = stage.loss(); !loss.empty())
      end = {End::Reason::kHarnessError, std::move(loss), {}, 0};
    // Whoever is told to go before the end may be started again: the recording stays open.
    if (request.adopts && end.reason == End::Reason::kInterrupted) return end;
    // What somebody else holds now is his.
    if (request.before_clean_up && stage.is_open() && stage.loss().empty())
      request.before_clean_up({end, stage.namespaces()});
    end.left_behind = stage.clean_up();
    if (const std::string error = stage.recorder().write_error(); !error.empty())
      end = {End::Reason::kHarnessError, error, std::move(end.left_behind), 0};
    stage.finish({end.reason, end.sentence, {}});
  } catch (const HarnessTrouble& trouble) {
    end = {End::Reason::kHarnessError, trouble.what(), {}, 0};
  }
  end.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return end;
}

}  // namespace stateproof::scenarios
