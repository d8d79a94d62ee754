#include "suites/scenarios/engine/scenario.h"

#include <algorithm>
#include <chrono>

#include "fixtures/mariadb-replicated/replicated.h"
#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "suites/scenarios/engine/stage.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/workload.h"

namespace stateproof::scenarios {
namespace {

using namespace kube;

constexpr Right kExec{"connect", kPods, "exec"};
constexpr Right kForward{"connect", kPods, "portforward"};
constexpr Right kScale{"patch", kStatefulSets, "scale"};

ScenarioEnd interrupted() {
  return {End::Reason::kInterrupted, "Interrupted before the scenario ended; run it again.", {}, 0};
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
       .seconds = 64,
       .profile = Profile::kQuick,
       .subject = fixtures::mariadb_subject,
       .play = play_lifecycle,
       .has_client_namespace = true,
       .rights = {kExec, kForward, {"create", kPods}, {"delete", kPods}, {"create", kSecrets}, kScale}},
      {.name = "halting",
       .title = "pods that are kept unready block creation and scale-down",
       .seconds = 15,
       .subject = fixtures::sleeper_subject,
       .play = play_halting,
       .rights = {kExec, {"delete", kPods}, kScale, {"patch", kStatefulSets}}},
      {.name = "naming",
       .title = "the DNS records of a headless Service while pods become Ready, unready and are replaced",
       .seconds = 41,
       .subject = naming_subject,
       .play = play_naming,
       .has_client_namespace = true,
       .rights = {kExec, {"create", kPods}, {"delete", kPods}, {"delete", kStatefulSets}}},
      {.name = "parallel",
       .title = "podManagementPolicy Parallel from ordinal 5: pods that are never Ready, the scale "
                "subresource, updates of two pods at a time",
       .seconds = 22,
       .subject = parallel_subject,
       .play = play_parallel,
       .rights = {{"delete", kPods},
                  {"delete", kStatefulSets},
                  {"patch", kStatefulSets},
                  kScale,
                  {"get", kStatefulSets, "scale"},
                  {"update", kStatefulSets, "scale"}}},
      {.name = "rollout",
       .title = "template changes: rolling update, rollback, partition, minReadySeconds, OnDelete, and one "
                "that breaks pods",
       .seconds = 72,
       .subject = fixtures::sleeper_subject,
       .play = play_rollout,
       .also_watches = {kControllerRevisions},
       .rights = {kExec, {"delete", kPods}, {"patch", kStatefulSets}}},
      {.name = "contrast",
       .title = "a Deployment and a StatefulSet of the same pods, side by side, scaled to zero",
       .seconds = 49,
       .subject = fixtures::sleeper_subject,
       .play = play_contrast,
       .also_watches = {kDeployments},
       .rights = {kExec,
                  {"create", kClaims},
                  {"create", kDeployments},
                  {"patch", kDeployments},
                  {"delete", kPods},
                  kScale,
                  {"patch", kStatefulSets}}},
      {.name = "eviction",
       .title = "evictions within and beyond a PodDisruptionBudget",
       .seconds = 18,
       .subject = fixtures::sleeper_subject,
       .play = play_eviction,
       .also_watches = {kPodDisruptionBudgets},
       .rights = {kExec, {"create", kPods, "eviction"}, {"create", kPodDisruptionBudgets}}},
      {.name = "adoption",
       .title = "pods lose their set or their labels, and are adopted again",
       .seconds = 11,
       .subject = fixtures::sleeper_subject,
       .play = play_adoption,
       .rights = {{"patch", kPods}, {"delete", kStatefulSets}}},
      {.name = "retention",
       .title = "retention policy Delete: a pod is lost, the set scaled 3 -> 1 and deleted",
       .seconds = 30,
       .subject = fixtures::sleeper_subject,
       .play = play_retention,
       .rights = {kExec,
                  {"create", kClaims},
                  {"delete", kClaims},
                  {"delete", kPods},
                  {"delete", kStatefulSets},
                  kScale,
                  {"patch", kStatefulSets}}},
      {.name = "protection",
       .title = "a claim is deleted while its pod runs, then the pod; two pods use one claim",
       .seconds = 81,
       .subject = fixtures::sleeper_subject,
       .play = play_protection,
       .rights = {{"create", kClaims},
                  {"delete", kClaims},
                  {"create", kPods},
                  {"delete", kPods},
                  {"patch", kStatefulSets}}},
      {.name = "recreation",
       .title = "a database requests more storage, is deleted, recreated and removed",
       .seconds = 34,
       .subject = recreation_subject,
       .play = play_recreation,
       .rights = {kForward,
                  {"create", kSecrets},
                  {"delete", kClaims},
                  {"patch", kClaims},
                  {"delete", kStatefulSets},
                  {"patch", kStatefulSets}}},
      {.name = "failed-pod",
       .title = "a pod fails until the port that it needs is free",
       .seconds = 18,
       .subject = failed_pod_subject,
       .play = play_failed_pod,
       .rights = {{"create", kPods}, {"delete", kPods}}},
      {.name = "replication",
       .title = "a replicated database under load, its pods disrupted in nine ways, scaled 3 -> 5 -> 3",
       .seconds = 121,
       .subject = fixtures::replicated_subject,
       .play = play_replication,
       .salvage = salvage_replication,
       .has_client_namespace = true,
       .also_watches = {kPodDisruptionBudgets},
       .rights = {kExec,
                  {"create", kConfigMaps},
                  {"create", kSecrets},
                  {"create", kPodDisruptionBudgets},
                  {"create", kPods, "eviction"},
                  {"delete", kClaims},
                  {"delete", kPods},
                  kScale,
                  {"patch", kStatefulSets}}},
      {.name = "catch-up",
       .title = "a replica is added after the primary purged its binary logs",
       .seconds = 52,
       .subject = catch_up_subject,
       .play = play_catch_up,
       .has_client_namespace = true,
       .also_watches = {kPodDisruptionBudgets},
       .rights =
           {kExec, {"create", kConfigMaps}, {"create", kSecrets}, {"create", kPodDisruptionBudgets}, kScale}},
      {.name = "disruption",
       .title = "a replicated database under load, its nodes and the control plane disrupted",
       .seconds = 201,
       .profile = Profile::kDisruptive,
       .subject = fixtures::replicated_subject,
       .play = play_disruption,
       .salvage = salvage_replication,
       .has_client_namespace = true,
       .also_watches = {kPodDisruptionBudgets},
       .rights = {kExec,
                  {"create", kConfigMaps},
                  {"create", kSecrets},
                  {"create", kPodDisruptionBudgets},
                  {"create", kPods, "eviction"},
                  {"delete", kPods},
                  {"get", kStatefulSets},
                  {"patch", kStatefulSets},
                  {"patch", kNodes}}},
      {.name = "upgrade",
       .title = "a replicated database under load, beside sets that are left untouched, while the cluster is "
                "upgraded",
       .seconds = 106,
       .profile = Profile::kUpgrade,
       .subject = fixtures::replicated_subject,
       .play = play_upgrade,
       .has_client_namespace = true,
       .also_watches = {kControllerRevisions, kPodDisruptionBudgets},
       .also_watches_cluster = {kNodes},
       .rights = {kExec,
                  {"create", kConfigMaps},
                  {"create", kSecrets},
                  {"create", kPodDisruptionBudgets},
                  {"delete", kPods},
                  kScale,
                  {"patch", kStatefulSets}}},
      {.name = "workload",
       .title =
           "somebody's own StatefulSet: each pod deleted, evicted and killed, the set scaled, rolled and "
           "recreated, while records are written",
       .seconds = 100,
       .profile = Profile::kWorkload,
       .subject = no_subject,
       .play = play_no_workload,
       .has_client_namespace = true,
       .bears_given_name = true,
       .also_watches = {kControllerRevisions, kPodDisruptionBudgets},
       .rights = {kExec,
                  {"create", kConfigMaps},
                  {"create", kSecrets},
                  {"create", kPodDisruptionBudgets},
                  {"create", kPods},
                  {"create", kPods, "eviction"},
                  {"delete", kPods},
                  {"delete", kStatefulSets},
                  kScale,
                  {"patch", kStatefulSets}}},
  };
  return scenarios;
}

bool plays_alone(const Scenario& scenario) {
  return scenario.profile == Profile::kDisruptive || scenario.profile == Profile::kUpgrade;
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
    // A process that is stopped before the end may be started again: the recording stays open.
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
