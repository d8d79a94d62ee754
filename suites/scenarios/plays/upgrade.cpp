#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "fixtures/mariadb-replicated/replicated.h"
#include "fixtures/quiet/quiet.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/ledger_clients.h"
#include "suites/scenarios/engine/conditions.h"
#include "suites/scenarios/engine/stage.h"
#include "suites/scenarios/plays/plays.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using record::Condition;
using record::Standing;
using record::View;
using record::Within;
using namespace std::chrono_literals;

// An upgrade may take hours, and what its writers leave must fit the claims.
constexpr double kWritesPerSecond = 50;

const Within kCreateAll{300s, "ten quiet pods and three databases, each with a new volume and a first start"};
constexpr std::chrono::seconds kApiServerStarts{60};
const Within kSettle{180s, "pods that were drained last, and a restarting controller"};
const Within kServe{120s,
                    "replicas that try to connect every 10 s, and clients that resolve the names again"};
const Within kExercise{120s, "one pod after the other stops, starts and stays Ready"};

/// Of a pod of the set that is not Ready, in the scheduler's words where it has no node.
std::string what_holds(const View& view, const StatefulSet& set) {
  for (const auto& [name, pod] : view.pods) {
    if (!pod.meta.is_controlled_by(set.meta) || pod.ready) continue;
    return pod.unscheduled_message.empty()
               ? fmt::format("; {} is not Ready", name)
               : fmt::format("; {} has no node: {}", name, pod.unscheduled_message);
  }
  return {};
}

// The controllers' account of every set agrees with its spec and with its pods.
Standing settled(const View& view) {
  for (const auto& [name, set] : view.sets) {
    const auto differs = [&](const char* field, auto is, auto wanted) {
      return Standing{
          false,
          fmt::format("{}: {} is {} instead of {}{}", name, field, is, wanted, what_holds(view, set)),
          {}};
    };
    const int replicas = set.replicas.value;
    if (set.observed_generation != set.meta.generation)
      return differs("observedGeneration", set.observed_generation, set.meta.generation);
    if (set.current_pods.value != replicas) return differs("replicas", set.current_pods.value, replicas);
    if (set.ready_pods.value != replicas) return differs("readyReplicas", set.ready_pods.value, replicas);
    if (set.available_pods.value != replicas)
      return differs("availableReplicas", set.available_pods.value, replicas);
    int ready = 0;
    int updated = 0;
    for (const auto& [pod_name, pod] : view.pods) {
      if (!pod.meta.is_controlled_by(set.meta)) continue;
      if (pod.terminating() || !pod.ready) return {false, pod_name + " is not Ready", {}};
      ++ready;
      if (pod.revision() == set.update_revision) ++updated;
    }
    if (ready != replicas) return differs("number of Ready pods", ready, replicas);
    if (set.updated_pods.value != updated) return differs("updatedReplicas", set.updated_pods.value, updated);
  }
  return {true, fmt::format("the status of {} sets is correct", view.sets.size()), {}};
}

class Upgrade {
 public:
  explicit Upgrade(Stage& stage)
      : stage_(stage), passwords_(fixtures::generate_passwords()), ledger_(stage, passwords_) {}

  void play() {
    if (stage_.former() == nullptr) {
      create();
      ledger_.start({.run = {}, .writes_per_second = kWritesPerSecond, .reads_connect_anew = true});
      (void)settle(steps::Baseline{}, [] {}, settled);
    } else {
      resume();
    }
    if (!stage_.request().upgrade) throw HarnessTrouble("No command to upgrade this cluster is set.");
    if (!upgraded_) stage_.request().upgrade(stage_);
    serve();
    if (!settle_after_upgrade()) throw Curtain{};
    ledger_.verify(steps::Upgrade::name.text, ordinals(subject().first, subject().replicas));
    exercise();
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }
  [[nodiscard]] Subject quiet(const char* name) const {
    return fixtures::quiet_subject(subject().ns, fixtures::quiet_set(name));
  }

  void create() {
    const std::string& image = stage_.request().image;
    stage_.step(
        steps::Create{.replicas = subject().replicas},
        "a replicated database, and sets that are left untouched",
        [&] {
          stage_.create(kube::kSecrets, subject().ns, fixtures::replicated_secret(passwords_));
          stage_.create(stage_.mutated(
              fixtures::replicated_objects(image, {.replicas = subject().replicas, .clone = false})));
          stage_.create(stage_.mutated(fixtures::quiet_objects(image)));
        },
        [](const View& view) {
          if (view.sets.size() <= fixtures::quiet_sets().size()) return Standing{false, "sets missing", {}};
          return settled(view);
        },
        kCreateAll);
    // Half rolled out from now on: who forgets the partition, or takes the other revision, shows it.
    const Subject half = quiet(fixtures::kQuietPartition);
    std::int64_t generation = 0;
    stage_.step(
        steps::HalfRoll{.set = half.set}, "a template that applies to one of two pods",
        [&] { generation = roll(half); },
        [&](const View& view) { return updated(half, {half.first.value + 1}, generation)(view); }, kExercise);
  }

  // What it was about when its predecessor was stopped decides where to go on.
  void resume() {
    bool prepared = false;
    for (const Observation& seen : *stage_.former())
      if (const auto* step = seen.as<Step>()) {
        if (step->is<steps::Upgrade>()) prepared = true;
        if (step->is<steps::Upgrade>() && step->phase == Step::Phase::kReached) upgraded_ = true;
      }
    if (!prepared)
      throw HarnessTrouble(
          "The recorder was stopped before its workload was ready; run stateproof gate abort, then "
          "stateproof gate begin.");
    ledger_.resume(*stage_.former());
  }

  template <StepType S>
  bool settle(const S& step, const std::function<void()>& act, const Condition& until) {
    return stage_.attempt(step, "the status of every set is correct", act, until, kSettle);
  }

  // A status of before the upgrade may be right while the new controller has not even begun: a set that is
  // made now tells when it has. The API server may be starting anew; a process that this one goes on after
  // may have made the set.
  bool settle_after_upgrade() {
    const auto call_witness = [this] {
      stage_.ask_until(kApiServerStarts, [this]() -> std::string {
        const auto made = stage_.client().create_object(
            kube::kStatefulSets, subject().ns,
            fixtures::adapted(fixtures::witness_set(stage_.request().image), stage_.request().terms));
        return made || made.error().is_conflict() ? "" : made.error().sentence();
      });
    };
    return settle(steps::Settle{}, call_witness, [](const View& view) {
      if (!view.sets.contains(fixtures::kWitness))
        return Standing{false, "a new set is not observed yet", {}};
      return settled(view);
    });
  }

  // Writes are acknowledged, and every member is read, since now.
  void serve() {
    Elapsed since{0};
    stage_.attempt(
        steps::Serve{}, "writes and reads continue", [&] { since = stage_.recorder().elapsed(); },
        [&](const View& view) {
          for (const Ordinal ordinal : ordinals(subject().first, subject().replicas)) {
            const auto read = view.ledger.reads.find(subject().pod_name(ordinal));
            if (read == view.ledger.reads.end() || !read->second.ok || read->second.began < since)
              return Standing{false, subject().pod_name(ordinal) + " not read yet", {}};
          }
          const bool writes = view.ledger.last_acknowledged > since;
          return Standing{writes, writes ? "writes and reads continue" : "no write acknowledged yet", {}};
        },
        kServe);
  }

  std::int64_t roll(const Subject& set) {
    const json patched = stage_.patch(
        kube::kStatefulSets, set.set,
        {{"spec", {{"template", {{"metadata", {{"annotations", {{"stateproof/rolled", "1"}}}}}}}}}});
    return patched.at("metadata").at("generation").get<std::int64_t>();
  }

  template <class Action>
  void exercise(const Subject& set, const char* what, Action act, const Condition& done) {
    stage_.attempt(steps::Exercise{set.set, what}, fmt::format("{}: {}", set.set, what), std::move(act), done,
                   kExercise);
  }

  void exercise() {
    const Subject ordered = quiet(fixtures::kQuietOrdered);
    Uid former;
    exercise(
        ordered, steps::Exercise::kReplace,
        [&] { former = stage_.delete_pod(ordered.pod_name(ordered.first)); },
        [&](const View& view) { return replaced(ordered, ordered.first, former)(view); });

    const Subject parallel = quiet(fixtures::kQuietParallel);
    exercise(
        parallel, steps::Exercise::kScaleUp, [&] { stage_.scale(parallel, 3); },
        all_ready(parallel, ordinals(parallel.first, {3})));
    exercise(
        parallel, steps::Exercise::kScaleDown, [&] { stage_.scale(parallel, 1); },
        scaled_down(parallel, {1}));

    std::int64_t generation = 0;
    exercise(
        ordered, steps::Exercise::kRoll, [&] { generation = roll(ordered); },
        [&](const View& view) { return rolled_out(ordered, ordered.replicas, generation)(view); });

    // Below the partition a lost pod comes back as it was.
    const Subject half = quiet(fixtures::kQuietPartition);
    exercise(
        half, steps::Exercise::kReplace, [&] { former = stage_.delete_pod(half.pod_name(half.first)); },
        [&](const View& view) { return replaced(half, half.first, former)(view); });
  }

  Stage& stage_;
  const fixtures::Passwords passwords_;
  LedgerClients ledger_;
  bool upgraded_ = false;
};

}  // namespace

void play_upgrade(Stage& stage) { Upgrade(stage).play(); }

}  // namespace stateproof::scenarios
