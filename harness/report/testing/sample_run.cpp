#include "harness/report/testing/sample_run.h"

#include "harness/model/steps.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace stateproof::report::testing {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kNamespace = "database";

struct Breaches {
  bool unordered = false;
  bool stale_name = false;
  bool claim_lost = false;
};

/// Tells a recording entry by entry; `wait` moves the clock.
class Story {
 public:
  Story() {
    timeline_.header = {
        "lifecycle", "20260301-100000", parse_rfc3339("2026-03-01T10:00:00Z").value_or(Timestamp{}), "", {},
        {}};
    timeline_.header.subject = {kNamespace,     "mariadb",        "mariadb",
                                "mariadb-data", "/var/lib/mysql", "mariadb"};
    timeline_.header.environment = {{"client library", "libcurl 7.88.1"}};
  }

  Story& wait(std::chrono::milliseconds time) {
    now_ += time;
    return *this;
  }

  Story& tell(Entry entry) {
    timeline_.observations.push_back({timeline_.size() + 1, now_, std::move(entry)});
    return *this;
  }

  Story& see(Change change, json object) {
    object["metadata"]["namespace"] = kNamespace;
    object["metadata"]["resourceVersion"] = std::to_string(1000 + 3 * timeline_.size());
    auto served = std::make_shared<const json>(std::move(object));
    return tell(ObjectSeen{change, parse_object(*served), served});
  }

  Story& step(const Task& task, const std::string& text) {
    return tell(Step{task, Step::Phase::kBegin, text});
  }
  Story& reached(const Task& task) { return tell(Step{task, Step::Phase::kReached}); }

  Timeline end() {
    timeline_.finish = End{End::Reason::kComplete,
                           "",
                           {{"list pods", 1},
                            {"watch pods", 2},
                            {"patch statefulsets", 4},
                            {"delete pods", 3},
                            {"create pods/exec", 2}}};
    return std::move(timeline_);
  }

 private:
  Timeline timeline_;
  Elapsed now_{0};
};

/// What there is of one ordinal.
struct Member {
  int ordinal = 0;
  int incarnation = 0;

  [[nodiscard]] std::string name() const { return fmt::format("mariadb-{}", ordinal); }
  [[nodiscard]] std::string claim() const { return fmt::format("mariadb-data-mariadb-{}", ordinal); }
  [[nodiscard]] std::string uid() const {
    return fmt::format("{:08x}-0000-4000-8000-00000000000{}", 0x3f2a51c0 + 17 * ordinal + incarnation,
                       ordinal);
  }
  [[nodiscard]] std::string address() const {
    return fmt::format("10.244.{}.{}", 1 + ordinal % 2, 10 + 5 * incarnation + ordinal);
  }
  [[nodiscard]] std::string volume() const { return fmt::format("pvc-8c1e{:04}", ordinal); }
};

json pod(const Member& member, const std::string& phase, bool ready, bool terminating = false) {
  json object = {{"kind", "Pod"},
                 {"metadata", {{"name", member.name()}, {"uid", member.uid()}}},
                 {"spec", {{"nodeName", phase == "Pending" ? "" : "worker"}}},
                 {"status", {{"phase", phase}}}};
  if (terminating) object["metadata"]["deletionTimestamp"] = "2026-03-01T10:01:00Z";
  if (phase == "Running") {
    object["status"]["podIPs"] = {{{"ip", member.address()}}};
    object["status"]["containerStatuses"] = {
        {{"name", "mariadb"},
         {"ready", ready},
         {"state", {{"running", {{"startedAt", "2026-03-01T10:00:05Z"}}}}}}};
    object["status"]["conditions"] = {{{"type", "Ready"}, {"status", ready ? "True" : "False"}}};
  }
  return object;
}

json scheduled(const Member& member) {
  json object = pod(member, "Pending", false);
  object["spec"]["nodeName"] = "worker";
  return object;
}

json claim(const Member& member, bool bound) {
  json object = {{"kind", "PersistentVolumeClaim"},
                 {"metadata",
                  {{"name", member.claim()},
                   {"uid", fmt::format("c{:07}-0000-4000-8000-000000000000", member.ordinal)}}},
                 {"spec", {{"storageClassName", "standard"}}},
                 {"status", {{"phase", bound ? "Bound" : "Pending"}}}};
  if (bound) object["spec"]["volumeName"] = member.volume();
  return object;
}

json stateful_set(int wanted) {
  return {{"kind", "StatefulSet"},
          {"metadata", {{"name", "mariadb"}, {"uid", "5e7-1"}}},
          {"spec", {{"replicas", wanted}, {"serviceName", "mariadb"}}}};
}

DnsAnswer answer(const Member& member, const std::string& address) {
  DnsAnswer result;
  result.vantage = "database/mariadb-0";
  result.name = member.name() + ".mariadb.database.svc.cluster.local";
  result.server = "10.96.0.10";
  result.rcode = address.empty() ? "NXDOMAIN" : "NOERROR";
  if (!address.empty()) result.addresses = {address};
  result.ttl = 5;
  return result;
}

class Lifecycle {
 public:
  explicit Lifecycle(Breaches breaches) : breaches_(breaches) {}

  Timeline tell() {
    create();
    write();
    for (int ordinal = 0; ordinal < 3; ++ordinal) replace(ordinal);
    scale_up<steps::ScaleUp>(3, 5);
    scale_down(5, 2);
    scale_up<steps::ScaleBack>(2, 3);
    read(steps::Read{}, "all rows again", 3);
    return story_.wait(300ms).end();
  }

 private:
  Member& member(int ordinal) { return members_.at(static_cast<std::size_t>(ordinal)); }

  void appear(int ordinal) {
    Member& one = member(ordinal);
    if (!claimed_.contains(ordinal)) story_.see(Change::kAdded, claim(one, false)).wait(40ms);
    story_.see(Change::kAdded, pod(one, "Pending", false)).wait(200ms);
    if (claimed_.insert(ordinal).second)
      story_.wait(900ms).see(Change::kModified, claim(one, true)).wait(120ms);
    story_.see(Change::kModified, scheduled(one)).wait(1300ms);
  }

  void become_ready(int ordinal) {
    Member& one = member(ordinal);
    story_.see(Change::kModified, pod(one, "Running", false)).wait(3400ms);
    story_.see(Change::kModified, pod(one, "Running", true)).wait(700ms);
    if (breaches_.stale_name && ordinal == 1 && one.incarnation == 1) return;
    story_.tell(answer(one, one.address())).wait(250ms);
  }

  void vanish(int ordinal) {
    Member& one = member(ordinal);
    story_.see(Change::kModified, pod(one, "Running", true, true)).wait(600ms);
    if (!breaches_.stale_name || ordinal != 1) story_.tell(answer(one, "")).wait(1200ms);
    story_.see(Change::kDeleted, pod(one, "Running", false, true)).wait(150ms);
    ++one.incarnation;
  }

  void create() {
    story_.step(steps::Create{{3}}, "3 replicas").wait(80ms);
    story_.see(Change::kAdded, stateful_set(3)).wait(30ms);
    appear(0);
    if (breaches_.unordered) {
      appear(1);
      become_ready(0);
      become_ready(1);
    } else {
      become_ready(0);
      appear(1);
      become_ready(1);
    }
    appear(2);
    become_ready(2);
    story_.reached(steps::Create{{3}}).wait(100ms);
  }

  void write() {
    story_.step(steps::Write{}, "10 rows to each member");
    for (int ordinal = 0; ordinal < 3; ++ordinal) query(ordinal, SqlOperation::Kind::kWrite);
    story_.reached(steps::Write{}).wait(100ms);
  }

  void query(int ordinal, SqlOperation::Kind kind) {
    story_.wait(350ms);
    SqlOperation operation;
    operation.kind = kind;
    operation.member = member(ordinal).name();
    operation.pod = Uid{member(ordinal).uid()};
    operation.rows.resize(10);
    story_.tell(operation);
  }

  void replace(int ordinal) {
    const Member& one = member(ordinal);
    story_.step(steps::Replace{{ordinal}}, one.name());
    story_.tell(
        FaultMark{"DeletePod", FaultMark::Phase::kInject, {"Pod", kNamespace, one.name(), Uid{one.uid()}}});
    vanish(ordinal);
    appear(ordinal);
    become_ready(ordinal);
    query(ordinal, SqlOperation::Kind::kRead);
    story_.reached(steps::Replace{{ordinal}}).wait(100ms);
  }

  template <StepType S>
  void scale_up(int from, int to) {
    const S step{.from = from, .to = to};
    story_.step(step, fmt::format("{} -> {}", from, to)).wait(60ms);
    story_.see(Change::kModified, stateful_set(to)).wait(40ms);
    for (int ordinal = from; ordinal < to; ++ordinal) {
      appear(ordinal);
      become_ready(ordinal);
    }
    story_.reached(step).wait(100ms);
  }

  void scale_down(int from, int to) {
    const steps::ScaleDown step{.from = from, .to = to};
    story_.step(step, fmt::format("{} -> {}", from, to)).wait(60ms);
    story_.see(Change::kModified, stateful_set(to)).wait(40ms);
    for (int ordinal = from - 1; ordinal >= to; --ordinal) vanish(ordinal);
    if (breaches_.claim_lost) story_.see(Change::kDeleted, claim(member(4), true)).wait(50ms);
    story_.reached(step).wait(100ms);
  }

  void read(const Task& step, const std::string& text, int members) {
    story_.step(step, text);
    for (int ordinal = 0; ordinal < members; ++ordinal) query(ordinal, SqlOperation::Kind::kRead);
    story_.reached(step);
  }

  Breaches breaches_;
  Story story_;
  std::vector<Member> members_{{0}, {1}, {2}, {3}, {4}};
  std::set<int> claimed_;
};

std::size_t last_index(const Timeline& timeline, const auto& wanted) {
  std::size_t found = 0;
  for (const Observation& seen : timeline)
    if (wanted(seen)) found = seen.index;
  return found;
}

std::size_t first_index(const Timeline& timeline, const auto& wanted) {
  for (const Observation& seen : timeline)
    if (wanted(seen)) return seen.index;
  return 0;
}

bool is_pod(const Observation& seen, const std::string& name) {
  const Pod* one = seen.object<Pod>();
  return one != nullptr && one->meta.ref.name == name;
}

Verdict order(const Timeline& timeline) {
  const std::size_t creation =
      first_index(timeline, [](const auto& seen) { return is_pod(seen, "mariadb-1"); });
  const std::size_t ready = first_index(timeline, [](const auto& seen) {
    return is_pod(seen, "mariadb-0") && seen.template object<Pod>()->ready;
  });
  if (creation == 0) return inconclusive("the recording ends before mariadb-1 was created");
  if (ready < creation) return conformant("9 creations");
  return nonconformant({{{"Pod", kNamespace, "mariadb-1", {}},
                         "ordinal 0 Ready before mariadb-1 is created",
                         "mariadb-1 was created while ordinal 0 had never been Ready",
                         {creation - 1, creation},
                         "spec.podManagementPolicy of the StatefulSet as served (Parallel?)"}});
}

Verdict start_order(const Timeline&) {
  Verdict verdict = conformant("9 starts");
  verdict.measurements = {{"pause between Ready and the next creation", 0.25, "s", "mariadb-1"},
                          {"pause between Ready and the next creation", 0.31, "s", "mariadb-2"}};
  return verdict;
}

Verdict names(const Timeline& timeline) {
  const std::size_t last = last_index(timeline, [](const auto& seen) {
    const auto* one = seen.template as<DnsAnswer>();
    return one != nullptr && one->name.starts_with("mariadb-1.");
  });
  const std::size_t ready = last_index(timeline, [](const auto& seen) {
    return is_pod(seen, "mariadb-1") && seen.template object<Pod>()->ready;
  });
  if (last == 0 || ready < last) {
    Verdict verdict = conformant("5 names, 9 changes of address");
    verdict.measurements = {{"DNS lag after replacement", 0.7, "s", "mariadb-0"},
                            {"DNS lag after replacement", 1.4, "s", "mariadb-1"},
                            {"DNS lag after replacement", 0.9, "s", "mariadb-2"}};
    return verdict;
  }
  return nonconformant(
      {{{"Pod", kNamespace, "mariadb-1", {}},
        "mariadb-1.mariadb.database.svc.cluster.local resolves to 10.244.2.16 within 30 s",
        "it still resolves to 10.244.2.11, the address of the pod that was replaced",
        {last, ready},
        "kubectl -n database get endpointslices -l kubernetes.io/service-name=mariadb -o yaml"}});
}

Verdict claims(const Timeline& timeline) {
  const std::size_t gone = first_index(timeline, [](const auto& seen) {
    return seen.is_deletion() && seen.template object<Claim>() != nullptr;
  });
  if (gone == 0) return conformant("3 claims kept over 1 scale-down");
  return nonconformant(
      {{{"PersistentVolumeClaim", kNamespace, "mariadb-data-mariadb-4", {}},
        "the claim stays Bound after its pod is gone",
        "mariadb-data-mariadb-4 was deleted after the scale-down 5 -> 2",
        {gone},
        "spec.persistentVolumeClaimRetentionPolicy.whenScaled of the StatefulSet as served"}});
}

Verdict data(const Timeline&) { return conformant("90 rows read back from 3 members"); }

Verdict zones(const Timeline&) { return not_applicable("the storage class has no zones"); }

RunResult judged(const Timeline& timeline) {
  RunResult run{plan(), {}, {}};
  ScenarioResult scenario{timeline.header.run, "lifecycle", ScenarioResult::Outcome::kComplete, "", 0,
                          steps_of(timeline)};
  for (StepResult& step : scenario.steps) {
    scenario.seconds += step.seconds;
    if (step.name != steps::Write::name.text && step.name != steps::Read::name.text)
      step.cluster_seconds = step.seconds * 0.93;
  }
  run.scenarios.push_back(std::move(scenario));
  for (const Promise& promise : promises()) {
    run.verdicts.push_back(
        result_of(judge(promise, timeline), timeline, "stateproof judge reports/out/sample"));
    run.verdicts.back().seconds = 0.004;
  }
  return run;
}

}  // namespace

Timeline kept_timeline() { return Lifecycle{{}}.tell(); }

Timeline broken_timeline() { return Lifecycle{{true, true, true}}.tell(); }

Timeline aborted_timeline() {
  Timeline timeline = kept_timeline();
  timeline.observations.resize(48);
  timeline.finish.reset();
  return timeline;
}

const std::vector<Promise>& promises() {
  constexpr auto docs = "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/";
  static const std::vector<Promise> all{
      {"ordered-creation",
       "Pods are created one after the other, in the order of their ordinals",
       "ordering",
       "lifecycle",
       Profile::kQuick,
       {{"ORD-01", "Each pod is created only after its predecessors were Ready",
         "A pod MUST NOT be created before each pod of a lower ordinal has been Ready.", docs, "",
         Level::kBlocking, order},
        {"ORD-09", "The next pod follows without delay",
         "A pod SHOULD be created soon after its predecessor is Ready.", docs, "", Level::kInforming,
         start_order}}},
      {"stable-dns",
       "Each ordinal's name follows its pod",
       "network",
       "lifecycle",
       Profile::kQuick,
       {{"DNS-01", "The name resolves to the present pod",
         "The name of an ordinal MUST resolve to the address of its present pod.", docs, "", Level::kBlocking,
         names}}},
      {"claims-retained",
       "Claims outlive scale-down",
       "storage",
       "lifecycle",
       Profile::kQuick,
       {{"STO-05", "Claims stay when their pods go",
         "The claims of removed ordinals MUST be kept unless the policy says otherwise.", docs, "1.32",
         Level::kBlocking, claims}}},
      {"data-durable",
       "Committed rows survive the deletion of a pod",
       "storage",
       "lifecycle",
       Profile::kQuick,
       {{"DAT-01", "Rows are read back", "Rows that were committed MUST be found after the pod was replaced.",
         docs, "", Level::kBlocking, data}}},
      {"zone-kept",
       "A pod returns to the zone of its volume",
       "storage",
       "lifecycle",
       Profile::kQuick,
       {{"STO-11", "Zones agree", "A pod MUST be scheduled to the zone of its volume.", docs, "",
         Level::kBlocking, zones}}},
  };
  return all;
}

Plan plan() {
  Plan result;
  result.run = "20260301-100000";
  result.profile = "conformance";
  result.started = parse_rfc3339("2026-03-01T10:00:00Z").value_or(Timestamp{});
  for (const Promise& promise : promises()) result.promises.push_back(planned(promise));
  result.scenarios = {{"lifecycle", "create, write, replace, scale up, scale down, scale back"}};
  result.properties = {{"server version", "v1.34.2"},
                       {"nodes", "1 control plane, 2 workers, Debian 12"},
                       {"StorageClass", "standard (rancher.io/local-path, WaitForFirstConsumer)"},
                       {"image", "mariadb:11.8"},
                       {"DNS", "CoreDNS 1.12.1"}};
  return result;
}

RunResult kept_run() { return judged(kept_timeline()); }

RunResult broken_run() {
  RunResult run = judged(broken_timeline());
  run.verdicts.at(0).bundle = "evidence/ordered-creation/index.html";
  PromiseResult& doubtful = run.verdicts.at(3);
  doubtful.outcome = Outcome::kInconclusive;
  doubtful.requirements.at(0).outcome = Outcome::kInconclusive;
  doubtful.requirements.at(0).reason = "mariadb-1 could not be reached over SQL after it was replaced";
  return run;
}

RunResult aborted_run() {
  RunResult run{plan(), {}, {}};
  run.scenarios.push_back({run.plan.run, "lifecycle", ScenarioResult::Outcome::kInterrupted,
                           "Ctrl-C in step replace; namespace database was removed.", 31.2,
                           steps_of(aborted_timeline())});
  return run;
}

}  // namespace stateproof::report::testing
