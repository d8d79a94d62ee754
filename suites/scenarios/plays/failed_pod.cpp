#include <fmt/format.h>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;

// A port of the node that one pod at a time can have: the kubelet refuses the second one, which is Failed
// then.
constexpr int kContested = 28017;
constexpr const char* kBlocker = "blocker";

json with_host_port(json container) {
  container["ports"] = {{{"containerPort", kContested}, {"hostPort", kContested}}};
  return container;
}

// A pod that was Failed has been followed by another of its name.
class Remade {
 public:
  record::Standing operator()(const record::View& view, const std::string& name) {
    const auto pod = view.pods.find(name);
    if (pod == view.pods.end()) return {false, name + " absent", {}};
    if (pod->second.phase == "Failed") failed_ = pod->second.meta.ref.uid;
    const bool remade = !failed_.empty() && pod->second.meta.ref.uid != failed_;
    return {remade, fmt::format("{} is {}", name, pod->second.phase), {}};
  }

 private:
  Uid failed_;
};

}  // namespace

Subject failed_pod_subject(const std::string& ns) {
  Subject subject = fixtures::sleeper_subject(ns);
  subject.replicas = {1};
  return subject;
}

void play_failed_pod(Stage& stage) {
  const Subject& subject = stage.subject();
  Sleepers sleepers(stage);
  json blocker = fixtures::client_pod(stage.request().image);
  blocker["metadata"]["name"] = kBlocker;
  blocker["spec"]["containers"][0] = with_host_port(blocker["spec"]["containers"][0]);
  stage.step(
      steps::Block{.port = kContested}, fmt::format("a pod takes port {} of its node", kContested),
      [&] { stage.create(kube::kPods, subject.ns, blocker); },
      running(subject, {subject.ns + "/" + kBlocker}), kSleepersStart);
  const std::string node =
      stage.recorder().look([](const record::View& view) { return view.pods.at(kBlocker).node; });

  auto objects =
      fixtures::sleeper_objects(stage.request().image, {.replicas = subject.replicas, .claims = false});
  json& pod = fixtures::object_of_kind(objects, "StatefulSet")["spec"]["template"]["spec"];
  pod["nodeName"] = node;
  pod["containers"][0] = with_host_port(pod["containers"][0]);
  Remade remade;
  sleepers.create(objects,
                  [&](const record::View& view) { return remade(view, subject.pod_name(subject.first)); });
  stage.step(
      steps::Unblock{}, "free the port", [&] { stage.remove(kube::kPods, kBlocker); },
      all_ready(subject, sleepers.first(1)), kSleepersStart);
}

}  // namespace stateproof::scenarios
