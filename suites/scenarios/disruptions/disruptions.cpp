#include "suites/scenarios/disruptions/disruptions.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "harness/model/steps.h"
#include "suites/scenarios/disruptions/node_container.h"
#include "suites/scenarios/engine/conditions.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using record::Condition;
using record::Standing;
using record::View;
using namespace std::chrono_literals;

constexpr auto kApiServerStarts = 180s;
constexpr auto kLeaderStarts = 420s;

void mark(Stage& stage, const std::string& name, const ObjectRef& target,
          FaultMark::Phase phase = FaultMark::Phase::kInject) {
  stage.recorder().add(FaultMark{name, phase, target});
}

Condition happened() {
  return [](const View&) { return Standing{true, "done", {}}; };
}

Condition delete_gracefully(Stage& stage, Ordinal target) {
  const Uid former = stage.delete_pod(target);
  return replaced(stage.subject(), target, former);
}

Condition delete_at_once(Stage& stage, Ordinal target) {
  const ObjectRef pod = stage.pod_now(target);
  mark(stage, "DeletePodAtOnce", pod);
  kube::DeleteOptions how;
  how.grace_period = 0s;
  how.precondition_uid = pod.uid.value;
  stage.remove(kube::kPods, pod.name, how);
  return replaced(stage.subject(), target, pod.uid);
}

int restarts_of(const View& view, const std::string& pod) {
  const auto found = view.pods.find(pod);
  int restarts = 0;
  if (found != view.pods.end())
    for (const ContainerState& container : found->second.containers) restarts += container.restarts;
  return restarts;
}

Condition kill_server(Stage& stage, Ordinal target) {
  const ObjectRef pod = stage.pod_now(target);
  const int before = stage.recorder().look([&](const View& view) { return restarts_of(view, pod.name); });
  mark(stage, "KillServer", pod);
  signal_server(stage, target, "KILL");
  return [=](const View& view) {
    const auto found = view.pods.find(pod.name);
    const bool back = found != view.pods.end() && found->second.ready && restarts_of(view, pod.name) > before;
    return Standing{back, fmt::format("{} {}", pod.name, back ? "is Ready again" : "not restarted yet"), {}};
  };
}

Condition delete_all(Stage& stage, Ordinal /*target*/) {
  std::vector<Condition> all;
  for (const Ordinal ordinal : ordinals(stage.subject().first, stage.subject().replicas)) {
    const Uid former = stage.delete_pod(ordinal);
    all.push_back(replaced(stage.subject(), ordinal, former));
  }
  return [all](const View& view) {
    for (const Condition& one : all)
      if (Standing standing = one(view); !standing.reached) return standing;
    return Standing{true, "all are back and Ready", {}};
  };
}

Condition roll(Stage& stage, Ordinal /*target*/) {
  mark(stage, "Roll", {"StatefulSet", stage.subject().ns, stage.subject().set, {}});
  const json patched = stage.patch(
      kube::kStatefulSets, stage.subject().set,
      {{"spec", {{"template", {{"metadata", {{"annotations", {{"stateproof/rolled", "1"}}}}}}}}}});
  const auto generation =
      std::make_shared<std::int64_t>(patched.at("metadata").at("generation").get<std::int64_t>());
  const Subject subject = stage.subject();
  return [=](const View& view) { return rolled_out(subject, subject.replicas, *generation)(view); };
}

void evict_within_budget(Stage& stage, Ordinal target) {
  const Answer answer = stage.evict(target);
  if (answer.code != 201)
    throw HarnessTrouble(fmt::format("The eviction of {} was refused although the budget allows it: {}",
                                     stage.subject().pod_name(target), answer.message));
}

Condition evict(Stage& stage, Ordinal target) {
  const ObjectRef former = stage.pod_now(target);
  evict_within_budget(stage, target);
  return replaced(stage.subject(), target, former.uid);
}

// The claim stays until its pod is gone; the next pod starts on a new one, and gets its data from the
// primary.
Condition lose_claim(Stage& stage, Ordinal target) {
  const std::string claim = stage.subject().claim_name(target);
  mark(stage, "DeleteClaim", {"PersistentVolumeClaim", stage.subject().ns, claim, {}});
  const Uid former_claim = stage.recorder().look([&](const View& view) {
    const auto found = view.claims.find(claim);
    return found == view.claims.end() ? Uid{} : found->second.meta.ref.uid;
  });
  stage.remove(kube::kClaims, claim);
  const Condition back = replaced(stage.subject(), target, stage.delete_pod(target));
  return [=](const View& view) {
    const auto found = view.claims.find(claim);
    if (found == view.claims.end() || found->second.meta.ref.uid == former_claim)
      return Standing{false, claim + " not recreated yet", {}};
    return back(view);
  };
}

// ---------------------------------------------------------------------------------------------- nodes

std::string node_of(Stage& stage, Ordinal ordinal) {
  return stage.recorder().look([&](const View& view) {
    const auto pod = view.pods.find(stage.subject().pod_name(ordinal));
    return pod == view.pods.end() ? std::string{} : pod->second.node;
  });
}

// Two of those on which members run, the target's first; where they share one, the control plane's, too.
std::vector<std::string> two_nodes(Stage& stage, Ordinal target, const std::string& control_plane) {
  std::vector<std::string> nodes{node_of(stage, target)};
  for (const Ordinal ordinal : ordinals(stage.subject().first, stage.subject().replicas))
    if (const std::string node = node_of(stage, ordinal);
        !node.empty() && node != nodes.front() && nodes.size() < 2)
      nodes.push_back(node);
  if (nodes.size() < 2) nodes.push_back(control_plane);
  return nodes;
}

// systemd is asked and not awaited, so that both are away at the same time.
Condition restart_kubelets(Stage& stage, const std::vector<std::string>& nodes) {
  for (const std::string& node : nodes) mark(stage, "RestartKubelet", {"Node", "", node, {}});
  for (const std::string& node : nodes)
    NodeContainer(node).run({"systemctl", "restart", "--no-block", "kubelet"});
  return happened();
}

void cordon(Stage& stage, const std::string& node, bool unschedulable) {
  // What was done to a node is undone, whatever becomes of the namespaces meanwhile.
  const kube::Client& client = unschedulable ? stage.client() : stage.request().client;
  const auto patched = client.patch(kube::kNodes, "", node, kube::PatchType::kMerge,
                                    {{"spec", {{"unschedulable", unschedulable}}}});
  if (!patched) throw HarnessTrouble(patched.error().sentence());
}

Condition drain(Stage& stage, Ordinal target, std::string& drained) {
  drained = node_of(stage, target);
  mark(stage, "Drain", {"Node", "", drained, {}});
  cordon(stage, drained, true);
  const Uid former = stage.recorder().look([&](const View& view) {
    const auto pod = view.pods.find(stage.subject().pod_name(target));
    return pod == view.pods.end() ? Uid{} : pod->second.meta.ref.uid;
  });
  evict_within_budget(stage, target);
  // A volume that can move takes its pod along; one that cannot keeps it Pending until the node is back.
  const Subject subject = stage.subject();
  const std::string node = drained;
  return [=](const View& view) {
    const auto pod = view.pods.find(subject.pod_name(target));
    const bool next = pod != view.pods.end() && pod->second.meta.ref.uid != former;
    const bool placed = next && !pod->second.node.empty() && pod->second.node != node && pod->second.ready;
    const bool waits = next && pod->second.node.empty() && !pod->second.unscheduled_message.empty();
    return Standing{placed || waits,
                    !next    ? subject.pod_name(target) + " not replaced yet"
                    : placed ? "its replacement runs on another node"
                    : waits  ? "its replacement is waiting: " + pod->second.unscheduled_message
                             : "its replacement is not scheduled yet",
                    {}};
  };
}

Condition stop_node(Stage& stage, Ordinal target, std::string& stopped) {
  stopped = node_of(stage, target);
  mark(stage, "StopNode", {"Node", "", stopped, {}});
  NodeContainer(stopped).stop();
  const Subject subject = stage.subject();
  return [=](const View& view) {
    const auto pod = view.pods.find(subject.pod_name(target));
    const bool marked = pod != view.pods.end() && pod->second.terminating();
    return Standing{
        marked, subject.pod_name(target) + (marked ? " is Terminating" : " not given up yet"), {}};
  };
}

// When it is back, and has read who may do what.
void await_api_server(Stage& stage) {
  stage.ask_until(kApiServerStarts, [&stage] {
    const auto set = stage.client().get(kube::kStatefulSets, stage.subject().ns, stage.subject().set);
    return set ? "" : "The API server did not recover after it was killed: " + set.error().sentence();
  });
}

// Who leads, by the Lease of that name; empty where there is none.
std::string leader(const Stage& stage, const char* lease) {
  const auto served = stage.client().get(kube::kLeases, "kube-system", lease);
  return served ? served->at("spec").value("holderIdentity", "") : "";
}

// The kubelet starts what is killed again and again ever later, after five minutes in the end. Until then
// nobody does the work, and what is disturbed next would wait for it.
void await_leader(Stage& stage, const char* lease, const std::string& former) {
  if (former.empty()) return;
  stage.ask_until(kLeaderStarts, [&] {
    const std::string now = leader(stage, lease);
    return !now.empty() && now != former
               ? ""
               : fmt::format("{} did not recover after it was killed: its Lease has no new holder.", lease);
  });
}

}  // namespace

// Each is harmless to a node that is well.
void undo_disruptions(Stage& stage, const Timeline& former) {
  const FaultMark* owed = nullptr;
  for (const Observation& seen : former) {
    if (const auto* fault = seen.as<FaultMark>();
        fault != nullptr && fault->phase == FaultMark::Phase::kInject && fault->target.kind == "Node")
      owed = fault;
    const Step* step = seen.as<Step>();
    if (step != nullptr && step->is<steps::Recover>() && step->phase != Step::Phase::kBegin) owed = nullptr;
  }
  if (owed == nullptr) return;
  if (owed->name == "Drain") cordon(stage, owed->target.name, false);
  if (owed->name == "StopNode") {
    mark(stage, "StopNode", owed->target, FaultMark::Phase::kHeal);
    NodeContainer node(owed->target.name);
    node.stop();  // the killed run's own stop may still be under way, and would outlast a start
    node.start();
  }
}

void signal_server(Stage& stage, Ordinal target, const std::string& signal) {
  stage.exec(target,
             {"sh", "-c",
              fmt::format("for p in /proc/[0-9]*; do if [ \"$(cat $p/comm 2>/dev/null)\" = mariadbd ]; then "
                          "kill -{} ${{p#/proc/}}; fi; done",
                          signal)});
}

std::vector<Disruption> pod_disruptions(const Subject& subject) {
  const Ordinal primary = subject.first;
  const Ordinal replica{subject.first.value + 1};
  const Ordinal last{subject.first.value + subject.replicas.value - 1};
  return {
      {"delete-primary", "the primary's pod is deleted", primary, delete_gracefully},
      {"delete-replica", "a replica's pod is deleted", replica, delete_gracefully},
      {"delete-primary-at-once", "the primary's pod is deleted without grace", primary, delete_at_once},
      {"kill-primary", "SIGKILL to the primary's server", primary, kill_server},
      {"kill-replica", "SIGKILL to a replica's server", last, kill_server},
      {"delete-all", "all pods are deleted at once", primary, delete_all},
      {"roll", "a rolling update, the primary last", primary, roll},
      {"evict-primary", "the primary's pod is evicted", primary, evict},
      {"lose-claim", "a replica's claim is deleted while in use, and then its pod", last, lose_claim},
  };
}

std::vector<Disruption> node_disruptions(Stage& stage) {
  const Subject& subject = stage.subject();
  const Ordinal primary = subject.first;
  const Ordinal replica{subject.first.value + 1};
  const auto node = std::make_shared<std::string>();  // that is to be healed
  const std::string control_plane = control_plane_node(stage.client());
  const auto restart = [control_plane](const char* fault, const char* process) {
    return [=](Stage& on, Ordinal) {
      mark(on, fault, {"Node", "", control_plane, {}});
      NodeContainer(control_plane).kill(process);
      return happened();
    };
  };
  const auto restart_leader = [=](const char* name, const char* title, const char* fault, const char* process,
                                  const char* lease) {
    const auto former = std::make_shared<std::string>();  // that led before
    const auto kill = [=, kill = restart(fault, process)](Stage& on, Ordinal target) {
      *former = leader(on, lease);
      return kill(on, target);
    };
    return Disruption{name, title, primary, kill, [=](Stage& on) { await_leader(on, lease, *former); }};
  };
  return {
      {"drain", "the node of a replica is cordoned and drained", replica,
       [node](Stage& on, Ordinal target) { return drain(on, target, *node); },
       [node](Stage& on) { cordon(on, *node, false); }},
      {"restart-kubelet", "the kubelet beside the primary is restarted", primary,
       [](Stage& on, Ordinal target) { return restart_kubelets(on, {node_of(on, target)}); }},
      {"restart-two-kubelets", "two kubelets are restarted at once, one of them beside the primary", primary,
       [control_plane](Stage& on, Ordinal target) {
         return restart_kubelets(on, two_nodes(on, target, control_plane));
       }},
      {"stop-node", "the node of a replica is stopped, and started again", replica,
       [node](Stage& on, Ordinal target) { return stop_node(on, target, *node); },
       [node](Stage& on) {
         mark(on, "StopNode", {"Node", "", *node, {}}, FaultMark::Phase::kHeal);
         NodeContainer(*node).start();
       },
       true},
      restart_leader("restart-controllers", "kube-controller-manager is killed", "KillControllerManager",
                     "kube-controller", "kube-controller-manager"),
      restart_leader("restart-scheduler", "kube-scheduler is killed", "KillScheduler", "kube-scheduler",
                     "kube-scheduler"),
      {"restart-dns", "all replicas of the cluster's DNS are killed", primary,
       [](Stage& on, Ordinal) {
         mark(on, "KillDns", {"Deployment", "kube-system", "coredns", {}});
         delete_dns_pods(on.client());
         return happened();
       }},
      {"restart-api-server", "kube-apiserver is killed", primary, restart("KillApiServer", "kube-apiserver"),
       await_api_server, false, true},
  };
}

}  // namespace stateproof::scenarios
