#include "suites/scenarios/plays/workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "harness/kube/exec.h"
#include "harness/model/ability.h"
#include "harness/model/fields.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/dns_probe.h"
#include "suites/scenarios/clients/insides.h"
#include "suites/scenarios/clients/record_clients.h"
#include "suites/scenarios/engine/conditions.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using record::Condition;
using record::Standing;
using record::View;
using record::Within;
using workload::Workload;
using namespace std::chrono_literals;

constexpr const char* kRolled = "stateproof/rolled";
constexpr int kSecondEdition = 2;

const Within kClient{120s, "an image that its nodes have already"};

std::string policy(const Workload& workload, const char* when) {
  return fields::text_or(fields::in(workload.set(), "spec", "persistentVolumeClaimRetentionPolicy"), when,
                         "Retain");
}

const json& rolling_update(const Workload& workload) {
  return fields::in(workload.set(), "spec", "updateStrategy", "rollingUpdate");
}

bool updates_on_delete(const Workload& workload) {
  return fields::text(fields::in(workload.set(), "spec", "updateStrategy"), "type") == "OnDelete";
}

bool has_claims(const Workload& workload) {
  return !fields::in(workload.set(), "spec", "volumeClaimTemplates").empty();
}

/// Why its pods have no names in the DNS that could be asked for; empty when they have.
std::string nameless(const Workload& workload) {
  const std::string service = fields::text(fields::member(workload.set(), "spec"), "serviceName");
  if (service.empty())
    return "the set names no governing Service; add spec.serviceName and a headless Service";
  const json* object = workload.find("Service", service);
  if (object == nullptr)
    return fmt::format("the manifest has no Service {}, which governs the set; add it, with clusterIP: None",
                       service);
  if (fields::text(fields::member(*object, "spec"), "clusterIP") != "None")
    return fmt::format("Service {} is not headless; set its clusterIP to None", service);
  return {};
}

/// What is said of `left_out` when the condition holds.
class LeftOut {
 public:
  void unless(bool has, std::string_view ability, const std::string& why) {
    if (!has) said_.emplace(ability, why);
  }
  [[nodiscard]] std::map<std::string, std::string> said() && { return std::move(said_); }

 private:
  std::map<std::string, std::string> said_;
};

void judge_claims(const Workload& workload, LeftOut& out) {
  using namespace ability;
  const bool scaled_stay = policy(workload, "whenScaled") == "Retain";
  const bool deleted_stay = policy(workload, "whenDeleted") == "Retain";
  const bool claims = has_claims(workload);
  for (const auto needs : {kClaims, kClaimsStay, kScaledGo, kDeletedStay, kDeletedGo, kMounts, kFiles})
    out.unless(claims, needs, "the set has no volumeClaimTemplates");
  if (!claims) return;
  out.unless(scaled_stay && deleted_stay, kClaimsStay, "the set's retention policy deletes claims");
  out.unless(!scaled_stay, kScaledGo, "whenScaled of the set's retention policy is Retain");
  out.unless(deleted_stay, kDeletedStay, "whenDeleted of the set's retention policy is Delete");
  out.unless(!deleted_stay, kDeletedGo, "whenDeleted of the set's retention policy is Retain");
  for (const auto needs : {kMounts, kFiles})
    out.unless(!claim_paths(workload).empty(), needs,
               fmt::format("container {} mounts no claim; name another in workload.yaml (container)",
                           fields::text(workload.container(), "name")));
}

void judge_updates(const Workload& workload, LeftOut& out) {
  using namespace ability;
  const bool on_delete = updates_on_delete(workload);
  const int partition = fields::small_number(rolling_update(workload), "partition");
  out.unless(on_delete, kOnDelete, "the set's update strategy is RollingUpdate");
  for (const auto needs : {kRoll, kOneByOne}) {
    out.unless(!on_delete, needs, "the set's update strategy is OnDelete");
    out.unless(partition == 0, needs,
               fmt::format("the set's update is held back by partition {}", partition));
  }
  const json& most = fields::member(rolling_update(workload), "maxUnavailable");
  out.unless(most.is_null() || most == 1, kOneByOne, "the set's maxUnavailable is " + most.dump());
}

void judge_records(const Workload& workload, LeftOut& out) {
  using namespace ability;
  const workload::Contract& contract = workload.contract;
  for (const auto needs : {kRecords, kSurvival, kOnce})
    out.unless(contract.has_records(), needs,
               "no workload.yaml says how a record is written and read; add write and read");
  out.unless(!contract.volatile_data, kSurvival, "the contract says that data is volatile");
  out.unless(!contract.at_least_once, kOnce, "the contract says that a record may be read more than once");
  out.unless(!contract.kill.empty(), kKill,
             "no workload.yaml says how the server is killed inside of its container; add kill");
}

bool ran_or_failed(const Pod& pod) {
  const bool waits =
      std::any_of(pod.containers.begin(), pod.containers.end(), [](const ContainerState& container) {
        return container.waiting_reason.find("Err") != std::string::npos ||
               container.waiting_reason.find("BackOff") != std::string::npos;
      });
  return waits || pod.phase == "Failed" || (pod.phase == "Running" && !pod.containers.empty());
}

/// A pod of the workload's own image, from which names are asked for. /tmp can be written to.
json client_pod(const Workload& workload) {
  const json& pod = fields::in(workload.set(), "spec", "template", "spec");
  const json& model = workload.container();
  json container{{"name", "client"},
                 {"image", fields::text(model, "image")},
                 {"command", {"tail", "-f", "/dev/null"}},
                 {"volumeMounts", {{{"name", "tmp"}, {"mountPath", "/tmp"}}}}};
  for (const char* key : {"imagePullPolicy", "securityContext"})
    if (model.contains(key)) container[key] = model.at(key);
  json spec{{"containers", {container}},
            {"volumes", {{{"name", "tmp"}, {"emptyDir", json::object()}}}},
            {"restartPolicy", "Never"},
            {"terminationGracePeriodSeconds", 0},
            {"automountServiceAccountToken", false},
            {"enableServiceLinks", false}};
  for (const char* key : {"imagePullSecrets", "nodeSelector", "tolerations", "securityContext"})
    if (pod.contains(key)) spec[key] = pod.at(key);
  return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", kClientPod}}}, {"spec", spec}};
}

class Play {
 public:
  Play(Stage& stage, const Workload& workload)
      : stage_(stage),
        workload_(workload),
        contract_(workload.contract),
        files_(stage, claim_paths(workload)),
        records_(stage, workload.contract),
        left_out_(left_out_of(workload)) {}

  void play() {
    tell_scope(left_out_);
    create();
    find_out();
    resolve(all());
    if (has(ability::kRecords)) records_.start();
    each("delete", [this](Ordinal ordinal) { replace(ordinal); });
    if (may_evict()) each("evict", [this](Ordinal ordinal) { evict(ordinal); });
    if (has(ability::kKill)) kill_each();
    disturb("scale", last(), [this] { scale(); });
    verify_all("scale");
    if (has(ability::kOnDelete) || has(ability::kRoll)) {
      disturb("roll", last(), [this] { has(ability::kOnDelete) ? update_on_delete() : roll(); });
      verify_all("roll");
    }
    if (!has(ability::kDeletedStay)) {
      records_.stop();
      return remove_set();
    }
    disturb("recreate", subject().first, [this] {
      remove_set();
      recreate();
    });
    verify_all("recreate");
    records_.stop();
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }
  [[nodiscard]] bool has(std::string_view ability) const { return !left_out_.contains(std::string{ability}); }
  [[nodiscard]] std::vector<Ordinal> all() const { return ordinals(subject().first, {replicas_}); }
  [[nodiscard]] std::string name(Ordinal ordinal) const { return subject().pod_name(ordinal); }

  [[nodiscard]] std::chrono::seconds grace() const {
    return std::chrono::seconds{fields::small_number(fields::in(workload_.set(), "spec", "template", "spec"),
                                                     "terminationGracePeriodSeconds", 30)};
  }
  /// For so many pods, one after the other.
  [[nodiscard]] Within within(int pods) const {
    return {pods * (contract_.limits.ready + grace()),
            fmt::format(
                "{} pods one after the other, each with a graceful termination of at most {} s and {} s to "
                "become Ready (limits.ready)",
                pods, grace().count(), contract_.limits.ready.count())};
  }

  void tell_scope(const std::map<std::string, std::string>& left_out) {
    steps::Scope step{.left_out = left_out};
    if (contract_.has_records())
      step.records = contract_.own_records ? steps::Scope::kOwn : steps::Scope::kEverywhere;
    std::vector<std::string> told;
    for (const auto& [ability, why] : left_out) told.push_back(fmt::format("{}: {}", ability, why));
    stage_.begin(step, "what can be judged");
    stage_.end(step, Step::Phase::kReached,
               told.empty() ? "everything" : fmt::format("not judged: {}", fmt::join(told, "; ")));
  }

  void create() {
    stage_.step(
        steps::Create{.replicas = subject().replicas},
        fmt::format("workload {}: StatefulSet {} with {} replicas", workload_.name, subject().set,
                    subject().replicas.value),
        [&] { stage_.create(stage_.mutated(objects_in(workload_, subject().ns))); },
        all_ready(subject(), all()), within(subject().replicas.value));
  }

  /// What only the inside of its pods tells.
  void find_out() {
    std::map<std::string, std::string> found;
    const auto leave_out = [&](std::string_view ability, const std::string& why) {
      found.emplace(ability, why);
    };
    const std::string first = name(subject().first);
    if (has(ability::kFiles))
      if (const std::string why = write_files(all()); !why.empty())
        leave_out(ability::kFiles, "no file can be written into the claims: " + why);
    if (const auto names = host_names_of(stage_, first); !names)
      leave_out(ability::kHostNames, fmt::format("/etc/hosts cannot be read in container {}: {}",
                                                 subject().container, names.error()));
    if (has(ability::kMounts))
      if (const auto mounts = mounts_of(stage_, first, claim_paths(workload_)); !mounts)
        leave_out(ability::kMounts, fmt::format("the mount table cannot be read in container {}: {}",
                                                subject().container, mounts.error()));
    if (has(ability::kNames))
      if (const std::string why = start_probes(); !why.empty()) leave_out(ability::kNames, why);
    left_out_.insert(found.begin(), found.end());
    if (!found.empty()) tell_scope(found);
    for (const Ordinal ordinal : all()) look(ordinal);
  }

  std::string write_files(const std::vector<Ordinal>& wanted) {
    steps::Write step{.ordinals = std::vector<int>{}};
    for (const Ordinal ordinal : wanted) step.ordinals->push_back(ordinal.value);
    stage_.begin(step, "a file in each claim");
    std::string trouble;
    for (const Ordinal ordinal : wanted)
      if (trouble.empty()) trouble = files_.write(ordinal);
    stage_.end(step, Step::Phase::kReached, trouble.empty() ? "written" : trouble);
    return trouble;
  }

  /// Names, mounts and files of one member, as they are now.
  void look(Ordinal ordinal) {
    const steps::Read step{.ordinal = ordinal};
    stage_.begin(step, "files, mounts and host name of " + name(ordinal));
    if (has(ability::kFiles)) files_.read(ordinal);
    if (has(ability::kMounts))
      note(mounts_of(stage_, name(ordinal), claim_paths(workload_)), "mounts", ordinal);
    if (has(ability::kHostNames)) note(host_names_of(stage_, name(ordinal)), "host name", ordinal);
    stage_.end(step, Step::Phase::kReached, "read");
  }

  void add(HostNameSeen seen) { stage_.recorder().add(std::move(seen)); }
  void add(std::vector<MountSeen> seen) {
    for (MountSeen& one : seen) stage_.recorder().add(std::move(one));
  }
  template <class Seen>
  void note(tl::expected<Seen, std::string> seen, std::string_view what, Ordinal ordinal) {
    if (seen)
      add(std::move(*seen));
    else
      stage_.recorder().add(
          Trouble{fmt::format("the {} of {} cannot be read: {}", what, name(ordinal), seen.error())});
  }

  /// The client pods by namespace, as far as they were seen.
  [[nodiscard]] std::map<std::string, const Pod*> clients(const View& view) const {
    std::map<std::string, const Pod*> found;
    if (const auto own = view.pods.find(kClientPod); own != view.pods.end())
      found.emplace(subject().ns, &own->second);
    if (const auto other = view.client_pods.find(stage_.client_namespace() + "/" + kClientPod);
        other != view.client_pods.end())
      found.emplace(stage_.client_namespace(), &other->second);
    return found;
  }

  void create_clients() {
    const json pod = client_pod(workload_);
    for (const json& secret : fields::member(fields::member(pod, "spec"), "imagePullSecrets"))
      if (const json* known = workload_.find("Secret", fields::text(secret, "name")))
        stage_.create(kube::kSecrets, stage_.client_namespace(), *known);
    for (const std::string& ns : stage_.namespaces()) stage_.create(kube::kPods, ns, pod);
  }

  /// Gives why the DNS cannot be asked; empty when it is.
  std::string start_probes() {
    steps::Clients step;
    for (const std::string& ns : stage_.namespaces()) step.pods.push_back(ns + "/" + kClientPod);
    const auto all_hold = [this](const View& view, auto holds) {
      const auto pods = clients(view);
      return pods.size() == stage_.namespaces().size() &&
             std::all_of(pods.begin(), pods.end(), [&](const auto& one) { return holds(*one.second); });
    };
    const bool settled = stage_.attempt(
        step, "pods of the workload's image, to ask the DNS from", [this] { create_clients(); },
        [&](const View& view) {
          const bool over = all_hold(view, ran_or_failed);
          return Standing{over, over ? "started" : "not started yet", {}};
        },
        kClient);
    const bool run = settled && stage_.recorder().look([&](const View& view) {
      return all_hold(view, [](const Pod& pod) { return pod.phase == "Running"; });
    });
    if (!run)
      return fmt::format(
          "image {} cannot run the pods from which the DNS is asked; it needs tail, sh and head",
          fields::text(workload_.container(), "image"));
    try {
      for (const std::string& ns : stage_.namespaces())
        probes_.push_back(std::make_unique<DnsProbe>(stage_, ns, kClientPod));
    } catch (const HarnessTrouble& trouble) {
      return trouble.what();
    }
    return {};
  }

  [[nodiscard]] std::vector<std::string> vantages() const {
    std::vector<std::string> all;
    for (const auto& probe : probes_) all.push_back(probe->vantage());
    return all;
  }

  // A name that does not resolve in time is for the checker to judge; the scenario goes on.
  void resolve(const std::vector<Ordinal>& wanted) {
    if (!has(ability::kNames)) return;
    steps::Resolve step{.ordinals = std::vector<int>{}};
    for (const Ordinal ordinal : wanted) step.ordinals->push_back(ordinal.value);
    (void)stage_.attempt(
        step, fmt::format("DNS names of {} pods", wanted.size()),
        [&] {
          for (const Ordinal ordinal : wanted)
            if (asked_.insert(ordinal.value).second)
              for (const auto& probe : probes_) probe->ask_for_pod(ordinal);
        },
        resolved(subject(), wanted, vantages()), kResolve);
  }

  /// What is done is one disruption: from its begin until writes go on again, gaps are measured.
  template <class Act>
  void disturb(const std::string& disruption, Ordinal ordinal, Act act) {
    const steps::Disturb step{.disruption = disruption, .ordinal = ordinal};
    stage_.begin(step, disruption + " " + name(ordinal));
    act();
    stage_.end(step, Step::Phase::kReached, "done");
    serve(disruption, ordinal);
  }

  template <class Act>
  void each(const std::string& disruption, Act act) {
    for (const Ordinal ordinal : all()) disturb(disruption, ordinal, [&] { act(ordinal); });
    verify(disruption);
  }

  void serve(const std::string& disruption, Ordinal ordinal) {
    if (has(ability::kRecords)) records_.await_service(disruption, ordinal);
  }
  void verify(const std::string& after) {
    if (has(ability::kRecords)) records_.verify(after, all());
  }

  /// Not when the set has a member more than it was written for, which has no records to be held against.
  void verify_all(const std::string& after) {
    if (subject().replicas.value == replicas_) verify(after);
  }

  void replace(Ordinal ordinal) {
    Uid former;
    stage_.step(
        steps::Replace{.ordinal = ordinal},
        fmt::format("delete {} and wait for its replacement", name(ordinal)),
        [&] { former = stage_.delete_pod(ordinal); },
        [&, ordinal](const View& view) { return replaced(subject(), ordinal, former)(view); }, within(1));
    resolve({ordinal});
    look(ordinal);
  }

  /// Every budget has taken note of its pods and allows a disruption.
  static Standing budgets_allow(const View& view) {
    for (const auto& [budget, state] : view.budgets)
      if (state.observed_generation == 0 || state.allowed < 1)
        return {false, fmt::format("PodDisruptionBudget {} allows no eviction", budget), {}};
    return {true, {}, {}};
  }

  bool may_evict() {
    if (await_budgets()) return true;
    const std::string why = "a PodDisruptionBudget of the manifest never allows an eviction";
    left_out_.emplace(ability::kEviction, why);
    tell_scope({{std::string{ability::kEviction}, why}});
    return false;
  }

  bool await_budgets() {
    const record::Waited waited = stage_.recorder().await(budgets_allow, kBudgetCounted, stage_.stop());
    if (waited.result == record::Waited::Result::kTimedOut) return false;
    stage_.require(waited);
    return true;
  }

  void evict(Ordinal ordinal) {
    (void)await_budgets();
    const Uid former = stage_.pod_now(ordinal).uid;
    int code = 0;
    stage_.step(
        steps::Evict{.ordinal = ordinal}, "evict " + name(ordinal),
        [&](steps::Evict& step) {
          const Answer answer = stage_.evict(ordinal);
          code = answer.code;
          scenarios::note(step, answer);
        },
        [&, ordinal](const View& view) {
          return code == 201 ? replaced(subject(), ordinal, former)(view) : Standing{true, "refused", {}};
        },
        within(1));
    look(ordinal);
  }

  static int restarts_of(const View& view, const std::string& pod, const std::string& container) {
    const auto found = view.pods.find(pod);
    if (found == view.pods.end()) return 0;
    for (const ContainerState& one : found->second.containers)
      if (one.name == container) return one.restarts;
    return 0;
  }

  void kill_each() {
    for (const Ordinal ordinal : all()) {
      kill(ordinal);
      serve("kill", ordinal);
    }
    verify("kill");
  }

  void kill(Ordinal ordinal) {
    const ObjectRef pod = stage_.pod_now(ordinal);
    const auto restarts = [this, pod](const View& view) {
      return restarts_of(view, pod.name, subject().container);
    };
    const int before = stage_.recorder().look(restarts);
    std::string told;
    const bool killed = stage_.attempt(
        steps::Disturb{.disruption = "kill", .ordinal = ordinal}, "kill the server in " + pod.name,
        [&] {
          // It ends no pod, so it excuses the end of none.
          stage_.recorder().add(
              FaultMark{"KillServer", FaultMark::Phase::kInject, {"Pod", pod.ns, pod.name, {}}});
          // It takes the command with it.
          const auto done = run_inside(stage_, pod.name, {"sh", "-c", contract_.kill});
          told = done ? "" : done.error();
        },
        [&](const View& view) {
          const auto found = view.pods.find(pod.name);
          const bool back = found != view.pods.end() && found->second.ready && restarts(view) > before;
          return Standing{back, pod.name + (back ? " is Ready again" : " was not restarted yet"), {}};
        },
        within(1));
    if (killed) return;
    const bool died = stage_.recorder().look(restarts) > before;
    if (!died)
      throw HarnessTrouble(fmt::format(
          "{}: the kill command ended no container {} of pod {}{}{}; what it kills must be "
          "what the container lives by.",
          contract_.place_of("kill"), subject().container, pod.name, told.empty() ? "" : ": ", told));
    throw Curtain{};
  }

  template <StepType S>
  void scale_to(S step, const Condition& condition, int pods) {
    step.from = replicas_;
    stage_.step(
        step, fmt::format("{} -> {}", step.from, step.to), [&] { stage_.scale(step.to); }, condition,
        within(pods));
    replicas_ = step.to;
  }

  void scale() {
    const int wanted = std::max(subject().replicas.value, 2);
    if (replicas_ < wanted) {
      scale_to(steps::ScaleUp{.to = wanted}, all_ready(subject(), ordinals(subject().first, {wanted})), 1);
      if (has(ability::kFiles)) (void)write_files({last()});
      resolve({last()});
      look(last());
    }
    const Ordinal gone = last();
    Condition down = scaled_down(subject(), {wanted - 1});
    if (has(ability::kScaledGo)) down = both(std::move(down), claims_gone({gone}));
    scale_to(steps::ScaleDown{.to = wanted - 1}, down, 1);
    scale_to(steps::ScaleBack{.to = wanted}, all_ready(subject(), ordinals(subject().first, {wanted})), 1);
    resolve({last()});
    look(last());
  }

  [[nodiscard]] Ordinal last() const { return {subject().first.value + replicas_ - 1}; }

  std::int64_t edit_template() {
    const json patched = stage_.patch(
        kube::kStatefulSets, subject().set,
        {{"spec",
          {{"template", {{"metadata", {{"annotations", {{kRolled, std::to_string(kSecondEdition)}}}}}}}}}});
    return patched.at("metadata").at("generation").get<std::int64_t>();
  }

  void roll() {
    std::int64_t generation = 0;
    stage_.step(
        steps::Rollout{.edition = kSecondEdition}, "a new template, of another annotation",
        [&] { generation = edit_template(); },
        [&](const View& view) { return rolled_out(subject(), {replicas_}, generation)(view); },
        within(replicas_));
    for (const Ordinal ordinal : all()) look(ordinal);
  }

  void update_on_delete() {
    const int limit =
        fields::small_number(fields::member(workload_.set(), "spec"), "revisionHistoryLimit", 10);
    stage_.hold(steps::HoldOnDelete{.history_limit = limit}, "a new template under OnDelete",
                [&] { (void)edit_template(); });
    Uid former;
    stage_.step(
        steps::PickUp{.ordinal = last()},
        fmt::format("delete {}, which takes up the new template", name(last())),
        [&] { former = stage_.delete_pod(last()); },
        [&](const View& view) { return replaced(subject(), last(), former)(view); }, within(1));
    look(last());
  }

  /// No claim of any template is left of these ordinals.
  [[nodiscard]] Condition claims_gone(const std::vector<Ordinal>& ordinals) const {
    std::vector<std::string> names;
    for (const json& one : fields::in(workload_.set(), "spec", "volumeClaimTemplates"))
      for (const Ordinal ordinal : ordinals)
        names.push_back(fields::text(fields::member(one, "metadata"), "name") + "-" + name(ordinal));
    return [names](const View& view) {
      for (const std::string& claim : names)
        if (view.claims.contains(claim))
          return Standing{false, fmt::format("claim {} still exists", claim), {}};
      return Standing{true, "no claim is left", {}};
    };
  }

  [[nodiscard]] Condition set_gone() const {
    return [this](const View& view) {
      const bool set = view.sets.contains(subject().set);
      const bool pods = std::any_of(view.pods.begin(), view.pods.end(), [&](const auto& one) {
        return ordinal_of(one.first, subject().set).has_value();
      });
      return Standing{!set && !pods,
                      set    ? "the set still exists"
                      : pods ? "the set is gone, pods still exist"
                             : "the set and its pods are gone",
                      {}};
    };
  }

  void remove_set() {
    Condition gone = set_gone();
    if (has(ability::kDeletedGo)) gone = both(std::move(gone), claims_gone(all()));
    (void)stage_.attempt(
        steps::DeleteSet{}, "delete StatefulSet " + subject().set,
        [&] { stage_.remove(kube::kStatefulSets, subject().set); }, gone, within(replicas_));
  }

  /// Of the manifest as it is, so that the template of before the update is rolled out again.
  void recreate() {
    replicas_ = subject().replicas.value;
    stage_.step(
        steps::Recreate{.replicas = subject().replicas},
        fmt::format("StatefulSet {} with {} replicas again", subject().set, replicas_),
        [&] { stage_.create({stage_.mutated(objects_in(workload_, subject().ns)).back()}); },
        all_ready(subject(), all()), within(replicas_));
    for (const Ordinal ordinal : all()) look(ordinal);
  }

  Stage& stage_;
  const Workload& workload_;
  const workload::Contract& contract_;
  MemberFiles files_;
  RecordClients records_;
  std::map<std::string, std::string> left_out_;
  std::vector<std::unique_ptr<DnsProbe>> probes_;
  std::set<int> asked_;
  int replicas_ = subject().replicas.value;
};

/// What is declared, and of what may be created just what the manifests hold.
std::vector<Right> rights_for(const Workload& workload) {
  std::vector<Right> rights = find("workload")->rights;
  std::erase_if(rights, [](const Right& right) {
    return right.verb == "create" && right.subresource.empty() && right.resource != kube::kPods;
  });
  for (const json& object : workload.objects)
    if (const kube::Resource* resource = kube::resource_of_kind(fields::text(object, "kind")))
      rights.push_back({"create", *resource});
  return rights;
}

}  // namespace

std::map<std::string, std::string> left_out_of(const Workload& workload) {
  LeftOut out;
  out.unless(fields::text(fields::member(workload.set(), "spec"), "podManagementPolicy") != "Parallel",
             ability::kOrder, "podManagementPolicy Parallel promises no order");
  const std::string why = nameless(workload);
  out.unless(why.empty(), ability::kNames, why);
  judge_claims(workload, out);
  judge_updates(workload, out);
  judge_records(workload, out);
  return std::move(out).said();
}

Scenario workload_scenario(const Workload& workload) {
  Scenario scenario = *find("workload");
  scenario.subject = [workload](const std::string& ns) { return subject_of(workload, ns); };
  scenario.play = [workload](Stage& stage) { Play(stage, workload).play(); };
  scenario.rights = rights_for(workload);
  return scenario;
}

Subject no_subject(const std::string& ns) {
  Subject subject;
  subject.ns = ns;
  return subject;
}

void play_no_workload(Stage& /*stage*/) {
  throw HarnessTrouble(
      "The scenario \"workload\" needs a workload: stateproof run --workload DIR|FILE.yaml.");
}

}  // namespace stateproof::scenarios
