#include <fmt/format.h>

#include <algorithm>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/containers.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

std::optional<Finding> attached_elsewhere(const Workload& workload, const SeenPod& seen,
                                          const json& refused) {
  if (!workload.snapshot().attachments) return std::nullopt;
  for (const auto& [name, claim_name] : seen.pod.volume_claims) {
    const json* claim = workload.claim(claim_name);
    const std::string volume = claim == nullptr ? "" : text(in(*claim, "spec"), "volumeName");
    if (volume.empty()) continue;
    for (const json& attachment : *workload.snapshot().attachments) {
      const std::string holder = text(in(attachment, "spec"), "nodeName");
      if (text(in(attachment, "spec", "source"), "persistentVolumeName") != volume || holder == seen.pod.node)
        continue;
      return Finding{
          "volume-attached-elsewhere",
          fmt::format("The pod's volume {} is still attached to node {}, and can be attached to one node "
                      "at a time.",
                      volume, holder),
          {{ref_text(attachment), "spec.nodeName", holder},
           {ref_text(attachment), "status.attached",
            flag(in(attachment, "status"), "attached") ? "true" : "false"},
           event_evidence(refused)},
          {{fmt::format(
               "if node {} runs, wait: the volume is detached when its former pod is gone; of a node that "
               "does not answer it is detached by force after six minutes",
               holder)},
           {"or when it is certain that the machine is off, say so: its volumes are detached at once",
            command_line({"kubectl", "taint", "node", holder,
                          "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"}),
            2}},
          "Do not delete the VolumeAttachment yourself: two nodes may then write to one file system."};
    }
  }
  return std::nullopt;
}

/// "references non-existent secret key: tls.crt", "references non-existent config key: my.cnf"
void tell_missing_key(const Workload& workload, const SeenPod& seen, const std::string& message,
                      Finding& finding) {
  for (const auto& [part, secret] :
       {std::pair{"non-existent secret key: ", true}, {"non-existent config key: ", false}}) {
    const auto at = message.find(part);
    if (at == std::string::npos) continue;
    const std::string key = message.substr(at + std::string_view{part}.size());
    for (const json& volume : in(*seen.served, "spec", "volumes")) {
      const json& source = member(volume, secret ? "secret" : "configMap");
      const std::string name = text(source, secret ? "secretName" : "name");
      if (name.empty() || message.find("\"" + text(volume, "name") + "\"") == std::string::npos) continue;
      finding.id = secret ? "secret-key-missing" : "config-key-missing";
      finding.cause = fmt::format("The {} {} has no key {}, which the volume {} asks for.",
                                  secret ? "Secret" : "ConfigMap", name, key, text(volume, "name"));
      finding.evidence.push_back(
          {seen.pod.meta.ref.text(), fmt::format("spec.volumes[{}]", text(volume, "name")), source.dump()});
      finding.remedy = {{"add the key; the kubelet tries again by itself, up to two minutes later",
                         merge_patch({"-n", workload.ns(), secret ? "secret" : "configmap", name},
                                     {{secret ? "stringData" : "data", {{key, "<value>"}}}})}};
    }
  }
}

void tell_missing_object(const Workload& workload, const SeenPod& seen, const std::string& message,
                         Finding& finding) {
  for (const json& volume : in(*seen.served, "spec", "volumes")) {
    const auto consider = [&](const json& source, const char* kind, const char* key) {
      const bool secret = std::string_view{kind} == "secret";
      const std::string name = text(source, key);
      if (name.empty() || message.find("\"" + name + "\" not found") == std::string::npos) return;
      finding.cause = fmt::format("The pod mounts the {} {}, which does not exist.", kind, name);
      finding.evidence.push_back(
          {seen.pod.meta.ref.text(), fmt::format("spec.volumes[{}].{}", text(volume, "name"), kind), name});
      std::vector<std::string> words{"create"};
      if (secret) words.insert(words.end(), {"secret", "generic"});
      if (!secret) words.emplace_back("configmap");
      words.insert(words.end(), {name, "--from-literal=<key>=<value>"});
      finding.remedy.push_back(
          {"create it; the kubelet tries again by itself, up to two minutes later", workload.kubectl(words)});
    };
    consider(member(volume, "secret"), "secret", "secretName");
    consider(member(volume, "configMap"), "configMap", "name");
    for (const json& source : in(volume, "projected", "sources")) {
      consider(member(source, "secret"), "secret", "name");
      consider(member(source, "configMap"), "configMap", "name");
    }
  }
}

/// What the pod's containers are to run in: its runtime and its network.
std::optional<Finding> no_sandbox(const Workload& workload, const SeenPod& seen, const json& event) {
  if (!workload.older_than(seen.pod.scheduled_since, 10s) || workload.older_than(time_of_event(event), 5min))
    return std::nullopt;
  std::string message = text(event, "message");
  if (constexpr std::size_t kShown = 300; message.size() > kShown)
    message = message.substr(0, 80) + "..." + message.substr(message.size() - 200);
  const std::string runtime = text(member(*seen.served, "spec"), "runtimeClassName");
  const bool of_runtime = !runtime.empty() && message.find("runtime") != std::string::npos;
  Finding finding{
      "sandbox-not-created",
      fmt::format("Node {} cannot make the sandbox in which the pod's containers run{}: {}", seen.pod.node,
                  of_runtime ? " (RuntimeClass " + runtime + ")" : std::string{}, message),
      {event_evidence(event)},
      {{"fix the node's runtime or network plug-in, as the message says"}}};
  if (of_runtime) {
    finding.evidence.push_back({seen.pod.meta.ref.text(), "spec.runtimeClassName", runtime});
    finding.remedy = {
        {"remove the RuntimeClass",
         patch_set(workload,
                   json::array({{{"op", "remove"}, {"path", "/spec/template/spec/runtimeClassName"}}}))},
        replace_after(workload, seen),
        {"or install on the nodes the runtime that it names", {}, 2}};
  }
  finding.stage = stage::kContainer;
  return finding;
}

// A container that ran has all volumes: what failed before it did is over.
bool has_started(const SeenPod& seen) {
  const auto containers = containers_of(*seen.served);
  return std::any_of(containers.begin(), containers.end(), [](const Container& one) {
    return one.running().is_object() || one.ended().is_object();
  });
}

}  // namespace

std::optional<Finding> mount_cause(const Workload& workload, const SeenPod& seen) {
  if (seen.pod.node.empty() || seen.pod.phase != "Pending" || has_started(seen)) return std::nullopt;
  const std::string& pod = seen.pod.meta.ref.name;
  const json* refused = workload.event("Pod", pod, "FailedAttachVolume");
  if (refused != nullptr)
    if (auto finding = attached_elsewhere(workload, seen, *refused)) return finding;
  const json* failed = workload.event("Pod", pod, "FailedMount");
  if (failed == nullptr) failed = workload.event("Pod", pod, "FailedMapVolume");
  if (failed == nullptr) failed = refused;
  if (failed == nullptr)
    if (const json* sandbox = workload.event("Pod", pod, "FailedCreatePodSandBox"))
      return no_sandbox(workload, seen, *sandbox);
  if (failed == nullptr || !workload.older_than(seen.pod.scheduled_since, 10s)) return std::nullopt;
  const std::string message = text(*failed, "message");
  constexpr std::size_t kShown = 240;
  Finding finding{"volume-not-mounted",
                  fmt::format("A volume of the pod cannot be mounted on its node {}: {}", seen.pod.node,
                              message.size() > kShown ? message.substr(0, kShown) + "..." : message),
                  {event_evidence(*failed)},
                  {}};
  tell_missing_key(workload, seen, message, finding);
  tell_missing_object(workload, seen, message, finding);
  if (finding.remedy.empty()) finding.remedy = {{"do what the message asks for"}};
  return finding;
}

}  // namespace stateproof::diagnosis
