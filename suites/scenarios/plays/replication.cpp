#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "fixtures/mariadb-replicated/replicated.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/ledger_clients.h"
#include "suites/scenarios/disruptions/disruptions.h"
#include "suites/scenarios/disruptions/node_container.h"
#include "suites/scenarios/engine/conditions.h"
#include "suites/scenarios/engine/stage.h"
#include "suites/scenarios/plays/plays.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using record::Standing;
using record::View;
using record::Within;
using namespace std::chrono_literals;

// So much is written before each disruption: enough to be under way, and no matter of time.
constexpr std::int64_t kWritesBefore = 200;

const Within kLoad{60s, "a few hundred writes, and a budget that counts its pods"};
const Within kDisturb{240s, "a graceful termination of at most 60 s and a start for each of three pods"};
const Within kRecover{
    180s, "a replica that tries to connect every 10 s, and a client that resolves the name again"};
const Within kRecoverNode{240s, "a node or a control plane that restarts, and the lease of its kubelet"};
const Within kScale{
    120s, "2 pods one after the other, each with a new volume, a first start and a copy of the data"};

class Replication {
 public:
  explicit Replication(Stage& stage)
      : stage_(stage), passwords_(fixtures::generate_passwords()), ledger_(stage, passwords_) {}

  void play_pods() {
    create();
    ledger_.start();
    disturb_all(pod_disruptions(subject()), kRecover);
    scale<steps::ScaleUp>(subject().replicas.value + 2);
    ledger_.verify(steps::ScaleUp::name.text, members(subject().replicas.value + 2));
    scale<steps::ScaleDown>(subject().replicas.value);
    ledger_.verify(steps::ScaleDown::name.text, members(subject().replicas.value));
  }

  void play_nodes() {
    if (const std::string why = untouchable_nodes(stage_.client()); !why.empty()) {
      stage_.begin(steps::Nodes{}, "nodes that may be disrupted");
      stage_.end(steps::Nodes{}, Step::Phase::kFailed, why);
      return;
    }
    create();
    ledger_.start();
    disturb_all(node_disruptions(stage_), kRecoverNode);
  }

  void salvage() {
    const Timeline& former = *stage_.former();
    if (!has_written(former))
      throw HarnessTrouble("The run was killed before its clients had written anything; start a new one.");
    if (stage_.request().meanwhile) stage_.request().meanwhile(stage_);
    ledger_.resume(former);
    Elapsed since{0};
    (void)stage_.attempt(
        steps::Salvage{.disruption = last_disruption(former)},
        "after the killed run: writes and reads continue",
        [&] {
          undo_disruptions(stage_, former);
          ledger_.go_on();
          since = stage_.recorder().elapsed();
        },
        [&](const View& view) {
          // Who rests in the part of the journal that was not read yet does not rest now.
          if (!view.ledger.resting.empty()) return Standing{false, "a writer is still paused", {}};
          return serving(subject(), members(present_replicas(view)), since)(view);
        },
        kRecoverNode);
    ledger_.verify(
        steps::Salvage::name.text,
        members(stage_.recorder().look([this](const View& view) { return present_replicas(view); })));
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }
  [[nodiscard]] std::vector<Ordinal> members(int count) const { return ordinals(subject().first, {count}); }

  static bool has_written(const Timeline& former) {
    return std::any_of(former.begin(), former.end(),
                       [](const Observation& seen) { return seen.as<LedgerWrites>() != nullptr; });
  }

  static std::string last_disruption(const Timeline& former) {
    std::string last;
    for (const Observation& seen : former)
      if (const auto* step = seen.as<Step>(); step != nullptr && step->is<steps::Disturb>())
        last = step->as<steps::Disturb>()->disruption;
    return last;
  }

  // The process may have been killed while it scaled the set.
  [[nodiscard]] int present_replicas(const View& view) const {
    const auto set = view.sets.find(subject().set);
    return set == view.sets.end() ? subject().replicas.value : set->second.replicas.value;
  }

  void create() {
    stage_.step(
        steps::Create{.replicas = subject().replicas},
        fmt::format("StatefulSet {} with a primary and {} replicas", subject().set,
                    subject().replicas.value - 1),
        [&] {
          stage_.create(kube::kSecrets, subject().ns, fixtures::replicated_secret(passwords_));
          stage_.create(stage_.mutated(
              fixtures::replicated_objects(stage_.request().image, {.replicas = subject().replicas})));
        },
        all_ready(subject(), members(subject().replicas.value)), kThreeDatabasesStart);
  }

  // Chosen by the run's seed: what one disruption leaves behind, another may stumble over.
  [[nodiscard]] std::vector<Disruption> in_order(std::vector<Disruption> disruptions) const {
    std::mt19937 random(stage_.request().seed);
    // std::shuffle's order is the library's affair; a seed must mean the same everywhere.
    for (std::size_t i = disruptions.size(); i > 1; --i)
      std::swap(disruptions[i - 1], disruptions[random() % i]);
    std::stable_partition(disruptions.begin(), disruptions.end(),
                          [](const Disruption& one) { return !one.comes_last; });
    return disruptions;
  }

  // The primary's rows are read after each, those of all members once the last is over.
  void disturb_all(const std::vector<Disruption>& disruptions, const Within& recovery) {
    std::vector<Disruption> chosen = in_order(disruptions);
    const std::string& only = stage_.request().only_disruption;
    if (!only.empty()) std::erase_if(chosen, [&](const Disruption& one) { return one.name != only; });
    for (const Disruption& disruption : chosen) {
      const bool recovered = disturb(disruption, recovery);
      const bool is_last = &disruption == &chosen.back();
      ledger_.verify(disruption.name, members(is_last || !recovered ? subject().replicas.value : 1));
      if (!recovered) throw Curtain{};
    }
  }

  [[nodiscard]] std::int64_t acknowledged() {
    return stage_.recorder().look([](const View& view) { return view.ledger.acknowledged; });
  }

  void load() {
    const std::int64_t before = acknowledged();
    const auto ready = all_ready(subject(), members(subject().replicas.value));
    stage_.step(
        steps::Load{.writes = kWritesBefore}, "writes in progress, no disruption", [] {},
        [&, before](const View& view) {
          if (Standing standing = ready(view); !standing.reached) return standing;
          const auto budget = view.budgets.find(subject().set);
          if (budget != view.budgets.end() && budget->second.allowed < 1)
            return Standing{false, "the budget does not allow a disruption yet", {}};
          const auto done = view.ledger.acknowledged - before;
          if (done >= kWritesBefore) return Standing{true, fmt::format("{} writes acknowledged", done), {}};
          return Standing{
              false,
              fmt::format("{} of {} writes acknowledged; {}", done, kWritesBefore, view.ledger.last_error),
              {}};
        },
        kLoad);
  }

  // False when the set did not come back in time.
  [[nodiscard]] bool disturb(const Disruption& disruption, const Within& recovery) {
    load();
    const steps::Disturb step{.disruption = std::string{disruption.name}, .ordinal = disruption.target};
    // Whatever becomes of the scenario: a node that was stopped is started again.
    struct Healing {
      Stage& stage;
      const Disruption& disruption;
      bool owed = false;
      ~Healing() {
        if (!owed) return;
        try {
          disruption.heal(stage);
        } catch (const std::exception& trouble) {
          stage.recorder().add(Trouble{trouble.what()});
        }
      }
    } healing{stage_, disruption};
    record::Condition happened;
    const bool done = stage_.attempt(
        step, std::string{disruption.title},
        [&] {
          healing.owed = static_cast<bool>(disruption.heal);
          happened = disruption.inject(stage_, disruption.target);
        },
        [&](const View& view) { return happened(view); }, kDisturb);
    if (!done) return false;
    if (disruption.holds)
      stage_.hold(steps::Hold{step.disruption, step.ordinal},
                  "the controller syncs the set without changing it", [] {});
    Elapsed since{0};
    return stage_.attempt(
        steps::Recover{step.disruption, step.ordinal}, "writes and reads continue",
        [&] {
          if (healing.owed) {
            healing.owed = false;
            disruption.heal(stage_);
          }
          since = stage_.recorder().elapsed();
        },
        serving(subject(), members(subject().replicas.value), since), recovery);
  }

  template <StepType S>
  void scale(int to) {
    load();
    const bool up = to > subject().replicas.value;
    Elapsed since{0};
    stage_.step(
        S{.from = up ? subject().replicas.value : subject().replicas.value + 2, .to = to},
        fmt::format("-> {}", to),
        [&] {
          stage_.scale(to);
          since = stage_.recorder().elapsed();
        },
        [&, to](const View& view) {
          if (Standing standing = scaled_down(subject(), {to})(view); !standing.reached) return standing;
          return serving(subject(), members(to), since)(view);
        },
        kScale);
  }

  Stage& stage_;
  const fixtures::Passwords passwords_;
  LedgerClients ledger_;
};

}  // namespace

void play_replication(Stage& stage) { Replication(stage).play_pods(); }
void play_disruption(Stage& stage) { Replication(stage).play_nodes(); }
void salvage_replication(Stage& stage) { Replication(stage).salvage(); }

}  // namespace stateproof::scenarios
