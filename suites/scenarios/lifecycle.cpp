#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <memory>
#include <vector>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb/mariadb.h"
#include "suites/scenarios/conditions.h"
#include "suites/scenarios/dns_probe.h"
#include "suites/scenarios/members.h"
#include "suites/scenarios/scenario.h"
#include "suites/scenarios/stage.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using record::Within;
using namespace std::chrono_literals;

constexpr const char* kClientPod = "stateproof-client";

// One pod may take a minute: a volume is provisioned, an image may be pulled, a database makes its files.
const Within kCreate{180s,
                     "3 pods one after the other, each with a new volume and a first start of its database"};
const Within kClients{120s, "an image that may have to be pulled"};
const Within kReplace{120s, "a graceful end of at most 60 s, then a start on files that are there"};
const Within kScaleUp{120s,
                      "2 pods one after the other, each with a new volume and a first start of its database"};
const Within kScaleDown{180s, "3 pods one after the other, each with a graceful end of at most 60 s"};
const Within kScaleBack{120s, "1 pod on a volume that is there"};
const Within kResolve{
    60s, "default time-to-live of cluster DNS, 30 s, for a cached answer and once more for propagation"};

std::vector<int> numbers(const std::vector<Ordinal>& ordinals) {
  std::vector<int> result;
  for (const Ordinal ordinal : ordinals) result.push_back(ordinal.value);
  return result;
}

const kube::Resource& resource_of(const json& object) {
  const std::string kind = object.at("kind");
  if (kind == "Service") return kube::kServices;
  if (kind == "StatefulSet") return kube::kStatefulSets;
  if (kind == "PersistentVolumeClaim") return kube::kClaims;
  throw HarnessTrouble("The fixture has an object of kind " + kind + ", which the scenario cannot create.");
}

class Lifecycle {
 public:
  Lifecycle(Stage& stage, fixtures::Passwords passwords)
      : stage_(stage), passwords_(passwords), members_(stage, std::move(passwords)) {}

  // False when the cluster did not do what a step asked for: what comes after it would mean nothing.
  bool play() {
    if (!create() || !start_clients()) return false;
    const std::vector<Ordinal> all = ordinals(subject().first, subject().replicas);
    resolve(all);
    write(all);
    if (until() == Until::kCreated) return true;
    for (const Ordinal ordinal : all)
      if (!replace(ordinal)) return false;
    if (until() == Until::kReplaced) return true;
    if (!scale_up() || !scale_down()) return false;
    return until() == Until::kScaledDown || scale_back();
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }
  [[nodiscard]] Until until() const { return stage_.request().until; }

  bool create() {
    std::vector<json> objects = fixtures::mariadb_objects(stage_.request().image, subject().replicas);
    if (stage_.request().mutation) stage_.request().mutation(objects);
    return stage_.step(
        "create", {{"replicas", subject().replicas.value}},
        fmt::format("StatefulSet {} with {} replicas", subject().set, subject().replicas.value),
        [&] {
          stage_.create(kube::kSecrets, subject().ns, fixtures::mariadb_secret(passwords_));
          for (const std::string& ns : {subject().ns, stage_.client_namespace()})
            stage_.create(kube::kPods, ns, fixtures::client_pod(stage_.request().image));
          for (const json& object : objects) stage_.create(resource_of(object), subject().ns, object);
        },
        all_ready(subject(), ordinals(subject().first, subject().replicas)), kCreate);
  }

  bool start_clients() {
    const std::vector<std::string> namespaces{subject().ns, stage_.client_namespace()};
    std::vector<std::string> pods;
    for (const std::string& ns : namespaces) pods.push_back(ns + "/" + kClientPod);
    if (!stage_.step(
            "clients", {{"pods", pods}}, "start the pods that ask DNS", [] {}, running(subject(), pods),
            kClients))
      return false;
    for (const std::string& ns : namespaces)
      probes_.push_back(std::make_unique<DnsProbe>(stage_, ns, kClientPod));
    return true;
  }

  // A name that does not resolve in time is for the checker to judge; the scenario goes on.
  void resolve(const std::vector<Ordinal>& wanted) {
    std::vector<std::string> vantages;
    for (const auto& probe : probes_) vantages.push_back(probe->vantage());
    (void)stage_.step(
        "resolve", {{"ordinals", numbers(wanted)}}, fmt::format("DNS names of {}", text_of(wanted)),
        [&] {
          for (const auto& probe : probes_)
            for (const Ordinal ordinal : wanted) probe->ask_for(subject().dns_name(ordinal));
        },
        resolved(subject(), wanted, vantages), kResolve);
  }

  void write(const std::vector<Ordinal>& wanted) {
    const json args{{"ordinals", numbers(wanted)}};
    stage_.begin("write", args, fmt::format("rows to {}", text_of(wanted)));
    for (const Ordinal ordinal : wanted) {
      members_.write_rows(ordinal);
      members_.look_at_mount(ordinal);
    }
    stage_.end("write", args, Step::Phase::kReached, "written");
  }

  void read(Ordinal ordinal) {
    const json args{{"ordinal", ordinal.value}};
    stage_.begin("read", args, "rows of " + subject().pod_name(ordinal));
    members_.read_rows(ordinal);
    members_.look_at_mount(ordinal);
    stage_.end("read", args, Step::Phase::kReached, "read");
  }

  bool replace(Ordinal ordinal) {
    const std::string name = subject().pod_name(ordinal);
    const ObjectRef target = stage_.recorder().look([&](const record::View& view) {
      const auto pod = view.pods.find(name);
      return pod == view.pods.end() ? ObjectRef{"Pod", subject().ns, name, {}} : pod->second.meta.ref;
    });
    const bool back = stage_.step(
        "replace", {{"ordinal", ordinal.value}}, fmt::format("delete {} and wait for its successor", name),
        [&] { delete_pod(target); }, replaced(subject(), ordinal, target.uid), kReplace);
    if (!back) return false;
    resolve({ordinal});
    read(ordinal);
    return true;
  }

  void delete_pod(const ObjectRef& target) {
    stage_.recorder().add(FaultMark{"DeletePod", FaultMark::Phase::kInject, target});
    kube::DeleteOptions only_this_one;
    only_this_one.precondition_uid = target.uid.value;
    const auto removed = stage_.client().remove(kube::kPods, target.ns, target.name, only_this_one);
    if (!removed && !removed.error().is_not_found() && !removed.error().is_conflict())
      throw HarnessTrouble(removed.error().sentence());
  }

  bool scale(const std::string& step, int from, int to, const record::Condition& condition,
             const Within& within) {
    return stage_.step(
        step, {{"from", from}, {"to", to}}, fmt::format("{} -> {}", from, to),
        [&] {
          if (auto scaled = stage_.client().scale(kube::kStatefulSets, subject().ns, subject().set, to);
              !scaled)
            throw HarnessTrouble(scaled.error().sentence());
        },
        condition, within);
  }

  bool scale_up() {
    const std::vector<Ordinal> added{{subject().first.value + 3}, {subject().first.value + 4}};
    if (!scale("scale-up", 3, 5, all_ready(subject(), ordinals(subject().first, {5})), kScaleUp))
      return false;
    resolve(added);
    write(added);
    return true;
  }

  bool scale_down() { return scale("scale-down", 5, 2, scaled_down(subject(), {2}), kScaleDown); }

  bool scale_back() {
    const Ordinal returned{subject().first.value + 2};
    if (!scale("scale-back", 2, 3, all_ready(subject(), ordinals(subject().first, {3})), kScaleBack))
      return false;
    resolve({returned});
    read(returned);
    return true;
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

// Plays until its end, the user's or the harness's trouble; never throws.
ScenarioEnd play(Stage& stage) {
  try {
    stage.open();
    Lifecycle(stage, fixtures::generate_passwords()).play();
    return {};
  } catch (const Interrupted&) {
    return {End::Reason::kInterrupted, "Interrupted before the scenario was over; run it again.", {}, 0};
  } catch (const std::exception& trouble) {
    if (stage.stop().stop_requested())
      return {End::Reason::kInterrupted, "Interrupted before the scenario was over; run it again.", {}, 0};
    return {End::Reason::kHarnessError, trouble.what(), {}, 0};
  }
}

}  // namespace

ScenarioEnd run_lifecycle(const ScenarioRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  ScenarioEnd end;
  try {
    Stage stage(request, fixtures::mariadb_subject(lease::namespaces_of(lease_request(request)).front()));
    end = play(stage);
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
