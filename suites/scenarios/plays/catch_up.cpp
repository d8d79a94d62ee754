#include <fmt/format.h>

#include <chrono>

#include "fixtures/mariadb-replicated/replicated.h"
#include "harness/kube/backoff.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/ledger_clients.h"
#include "suites/scenarios/disruptions/binary_logs.h"
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

const Within kCreateTwo{
    150s, "2 pods one after the other, each with a new volume and a first start of its database"};
const Within kStart{60s, "a pod with a new volume"};
const Within kCatchUp{120s, "a first start of its database, and a copy of the data"};

class CatchUp {
 public:
  explicit CatchUp(Stage& stage)
      : stage_(stage), passwords_(fixtures::generate_passwords()), ledger_(stage, passwords_) {}

  void play() {
    create();
    ledger_.start();
    purge();
    scale_up();
    ledger_.verify(steps::ScaleUp::name.text, members(subject().replicas.value + 1));
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }
  [[nodiscard]] std::vector<Ordinal> members(int count) const { return ordinals(subject().first, {count}); }

  void create() {
    stage_.step(
        steps::Create{.replicas = subject().replicas}, "a primary, and a replica with a copy of its data",
        [&] {
          stage_.create(kube::kSecrets, subject().ns, fixtures::replicated_secret(passwords_));
          stage_.create(stage_.mutated(fixtures::replicated_objects(
              stage_.request().image, {.replicas = subject().replicas, .clone = true})));
        },
        all_ready(subject(), members(subject().replicas.value)), kCreateTwo);
  }

  void purge() {
    stage_.attempt(
        steps::Purge{}, "the primary purges all binary logs but the newest",
        [&](steps::Purge& step) { step.oldest = purge_binary_logs(stage_, subject().first); },
        [](const View&) { return Standing{true, "they are gone", {}}; }, kStart);
  }

  // Until the new member serves, or says itself that it never will: that would take as long as the limit.
  void scale_up() {
    const int to = subject().replicas.value + 1;
    const Ordinal fresh{subject().first.value + subject().replicas.value};
    const steps::ScaleUp step{.from = subject().replicas.value, .to = to};
    stage_.begin(step, fmt::format("-> {}", to));
    const Elapsed since = stage_.recorder().elapsed();
    stage_.scale(to);
    await(step, started(subject(), {fresh}), kStart);
    const auto deadline = std::chrono::steady_clock::now() + kCatchUp.limit;
    kube::Backoff backoff(500ms, 2s);
    while (!await_for(backoff.next(), serving(subject(), members(to), since))) {
      if (const std::string why = standstill_of(stage_, fresh); !why.empty()) stand_still(step, fresh, why);
      if (std::chrono::steady_clock::now() > deadline)
        give_up(step, Step::Phase::kTimedOut,
                fmt::format("{} neither serves nor says why not after {} s ({})", subject().pod_name(fresh),
                            std::chrono::duration_cast<std::chrono::seconds>(kCatchUp.limit).count(),
                            kCatchUp.why));
    }
    stage_.end(step, Step::Phase::kReached, "the new replica serves");
  }

  // What it says of itself is a reading of it: it has no rows, and never gets any.
  void stand_still(const Task& step, Ordinal fresh, const std::string& why) {
    const steps::Verify reading{.after = std::string{steps::ScaleUp::name.text}, .ordinals = {fresh.value}};
    const std::string name = subject().pod_name(fresh);
    stage_.begin(reading, "what " + name + " reports");
    LedgerRows rows;
    rows.member = name;
    rows.caught_up = false;
    rows.note = "it never receives the primary's data";
    rows.replication = why;
    stage_.recorder().add(std::move(rows));
    stage_.end(reading, Step::Phase::kReached, "read");
    give_up(step, Step::Phase::kFailed, fmt::format("{} has stopped: {}", name, why));
  }

  [[noreturn]] void give_up(const Task& step, Step::Phase phase, const std::string& text) {
    stage_.end(step, phase, text);
    throw Curtain{};
  }

  void await(const Task& step, const record::Condition& condition, const Within& within) {
    const record::Waited waited = stage_.recorder().await(condition, within, stage_.stop());
    if (waited.result == record::Waited::Result::kTimedOut)
      give_up(step, Step::Phase::kTimedOut, waited.text);
    stage_.require(waited);
  }

  bool await_for(std::chrono::milliseconds time, const record::Condition& condition) {
    const record::Waited waited =
        stage_.recorder().await(condition, {time, "asked again after a while"}, stage_.stop());
    if (waited.result == record::Waited::Result::kTimedOut) return false;
    stage_.require(waited);
    return true;
  }

  Stage& stage_;
  const fixtures::Passwords passwords_;
  LedgerClients ledger_;
};

}  // namespace

Subject catch_up_subject(const std::string& ns) {
  Subject subject = fixtures::replicated_subject(ns);
  subject.replicas = {2};
  return subject;
}

void play_catch_up(Stage& stage) { CatchUp(stage).play(); }

}  // namespace stateproof::scenarios
