#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <memory>
#include <vector>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb/mariadb.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/dns_probe.h"
#include "suites/scenarios/clients/members.h"
#include "suites/scenarios/engine/conditions.h"
#include "suites/scenarios/engine/stage.h"
#include "suites/scenarios/plays/plays.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using record::Within;
using namespace std::chrono_literals;

// One pod may take a minute: a volume is provisioned, an image may be pulled, a database makes its files.
const Within kReplace{120s, "a graceful termination of at most 60 s, then a start on existing files"};
const Within kScaleUp{120s,
                      "2 pods one after the other, each with a new volume and a first start of its database"};
const Within kScaleDown{180s, "3 pods one after the other, each with a graceful termination of at most 60 s"};
const Within kScaleBack{120s, "1 pod on an existing volume"};

std::vector<int> numbers(const std::vector<Ordinal>& ordinals) {
  std::vector<int> result;
  for (const Ordinal ordinal : ordinals) result.push_back(ordinal.value);
  return result;
}

class Lifecycle {
 public:
  Lifecycle(Stage& stage, fixtures::Passwords passwords)
      : stage_(stage), passwords_(passwords), members_(stage, std::move(passwords)) {}

  void play() {
    create();
    start_clients();
    const std::vector<Ordinal> all = ordinals(subject().first, subject().replicas);
    resolve(all);
    write(all);
    for (const Ordinal ordinal : all) replace(ordinal);
    scale_up();
    scale_down();
    scale_back();
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }

  void create() {
    stage_.step(
        steps::Create{.replicas = subject().replicas},
        fmt::format("StatefulSet {} with {} replicas", subject().set, subject().replicas.value),
        [&] {
          stage_.create(kube::kSecrets, subject().ns, fixtures::mariadb_secret(passwords_));
          for (const std::string& ns : {subject().ns, stage_.client_namespace()})
            stage_.create(kube::kPods, ns, fixtures::client_pod(stage_.request().image));
          stage_.create(
              stage_.mutated(fixtures::mariadb_objects(stage_.request().image, subject().replicas)));
        },
        all_ready(subject(), ordinals(subject().first, subject().replicas)), kThreeDatabasesStart);
  }

  void start_clients() {
    const std::vector<std::string> namespaces{subject().ns, stage_.client_namespace()};
    std::vector<std::string> pods;
    for (const std::string& ns : namespaces) pods.push_back(ns + "/" + kClientPod);
    stage_.step(
        steps::Clients{.pods = pods}, "start the DNS clients", [] {}, running(subject(), pods),
        kClientsReady);
    for (const std::string& ns : namespaces)
      probes_.push_back(std::make_unique<DnsProbe>(stage_, ns, kClientPod));
  }

  // A name that does not resolve in time is for the checker to judge; the scenario goes on.
  void resolve(const std::vector<Ordinal>& wanted) {
    std::vector<std::string> vantages;
    for (const auto& probe : probes_) vantages.push_back(probe->vantage());
    (void)stage_.attempt(
        steps::Resolve{.ordinals = numbers(wanted)}, fmt::format("DNS names of {}", text_of(wanted)),
        [&] {
          for (const auto& probe : probes_)
            for (const Ordinal ordinal : wanted) probe->ask_for_pod(ordinal);
        },
        resolved(subject(), wanted, vantages), kResolve);
  }

  void write(const std::vector<Ordinal>& wanted) {
    const steps::Write step{.ordinals = numbers(wanted)};
    stage_.begin(step, fmt::format("rows to {}", text_of(wanted)));
    for (const Ordinal ordinal : wanted) {
      members_.write_rows(ordinal);
      members_.look_at_mount(ordinal);
    }
    stage_.end(step, Step::Phase::kReached, "written");
  }

  void read(Ordinal ordinal) {
    const steps::Read step{.ordinal = ordinal};
    stage_.begin(step, "rows of " + subject().pod_name(ordinal));
    members_.read_rows(ordinal);
    members_.look_at_mount(ordinal);
    stage_.end(step, Step::Phase::kReached, "read");
  }

  void replace(Ordinal ordinal) {
    const std::string name = subject().pod_name(ordinal);
    Uid former;
    stage_.step(
        steps::Replace{.ordinal = ordinal}, fmt::format("delete {} and wait for its replacement", name),
        [&] { former = stage_.delete_pod(ordinal); },
        [&, ordinal](const record::View& view) { return replaced(subject(), ordinal, former)(view); },
        kReplace);
    resolve({ordinal});
    read(ordinal);
  }

  template <StepType S>
  void scale(const S& step, const record::Condition& condition, const Within& within) {
    stage_.step(
        step, fmt::format("{} -> {}", step.from, step.to), [&] { stage_.scale(step.to); }, condition, within);
  }

  void scale_up() {
    const std::vector<Ordinal> added{{subject().first.value + 3}, {subject().first.value + 4}};
    scale(steps::ScaleUp{.from = 3, .to = 5}, all_ready(subject(), ordinals(subject().first, {5})), kScaleUp);
    resolve(added);
    write(added);
  }

  void scale_down() { scale(steps::ScaleDown{.from = 5, .to = 2}, scaled_down(subject(), {2}), kScaleDown); }

  void scale_back() {
    const Ordinal returned{subject().first.value + 2};
    scale(steps::ScaleBack{.from = 2, .to = 3}, all_ready(subject(), ordinals(subject().first, {3})),
          kScaleBack);
    resolve({returned});
    read(returned);
  }

  [[nodiscard]] std::string text_of(const std::vector<Ordinal>& wanted) const {
    std::vector<std::string> names;
    for (const Ordinal ordinal : wanted) names.push_back(subject().pod_name(ordinal));
    return fmt::format("{}", fmt::join(names, ", "));
  }

  Stage& stage_;
  fixtures::Passwords passwords_;
  Members members_;
  std::vector<std::unique_ptr<DnsProbe>> probes_;
};

}  // namespace

void play_lifecycle(Stage& stage) { Lifecycle(stage, fixtures::generate_passwords()).play(); }

}  // namespace stateproof::scenarios
