#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "harness/diagnosis/causes.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

/// A container of a pod: what it should be and how it is.
struct Container {
  const json* spec = nullptr;
  const json* status = nullptr;
  bool initial = false;
  [[nodiscard]] std::string name() const { return text(*status, "name"); }
  [[nodiscard]] const json& waiting() const { return in(*status, "state", "waiting"); }
  [[nodiscard]] const json& running() const { return in(*status, "state", "running"); }
  [[nodiscard]] bool is_over() const { return in(*status, "state", "terminated").is_object(); }
  /// How it ended last; null when it has not ended yet.
  [[nodiscard]] const json& ended() const {
    return in(*status, is_over() ? "state" : "lastState", "terminated");
  }
};

std::vector<Container> containers_of(const json& pod) {
  std::vector<Container> containers;
  const auto add = [&](const char* statuses, const char* specs, bool initial) {
    for (const json& status : in(pod, "status", statuses))
      for (const json& spec : in(pod, "spec", specs))
        if (text(spec, "name") == text(status, "name")) containers.push_back({&spec, &status, initial});
  };
  add("initContainerStatuses", "initContainers", true);
  add("containerStatuses", "containers", false);
  return containers;
}

Evidence state_evidence(const SeenPod& seen, const Container& container, const json& state,
                        const char* which) {
  std::string value = text(state, "reason");
  if (const std::string message = text(state, "message"); !message.empty()) value += ": " + message;
  if (member(state, "exitCode").is_number())
    value += fmt::format(", exit code {}", number(state, "exitCode"));
  auto at = time(state, "finishedAt");
  if (!at) at = time(state, "startedAt");
  return {seen.pod.meta.ref.text(), fmt::format("status.containerStatuses[{}].{}", container.name(), which),
          value, at};
}

Remedy edit_image(const Workload& workload, const Container& container) {
  return {"name an image that exists and can be pulled",
          fmt::format("{}set image statefulset/{} {}=<image>", workload.kubectl(), workload.name(),
                      container.name())};
}

Remedy replace_after(const Workload& workload, const SeenPod& seen) {
  Remedy replace = delete_pod(workload, seen.pod.meta.ref.name);
  replace.text = "then replace the pod, which keeps the old template: the controller waits for it";
  return replace;
}

constexpr const char* kUpdateWaits =
    "Changing or reverting the template alone does not help: an update waits until the present pod is Ready.";

std::optional<Finding> image(const Workload& workload, const SeenPod& seen, const Container& container) {
  static constexpr std::array<std::string_view, 5> kReasons{
      "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"};
  const std::string reason = text(container.waiting(), "reason");
  if (std::find(kReasons.begin(), kReasons.end(), reason) == kReasons.end()) return std::nullopt;
  Finding finding{"image-not-pulled",
                  fmt::format("The node cannot get the image {} of container {}.",
                              text(*container.spec, "image"), container.name()),
                  {{seen.pod.meta.ref.text(), fmt::format("spec.containers[{}].image", container.name()),
                    text(*container.spec, "image")},
                   state_evidence(seen, container, container.waiting(), "state.waiting")},
                  {edit_image(workload, container), replace_after(workload, seen)},
                  kUpdateWaits};
  if (const json* event = workload.event("Pod", seen.pod.meta.ref.name, "Failed"))
    finding.evidence.push_back(event_evidence(*event));
  return finding;
}

std::optional<Finding> configuration(const Workload& workload, const SeenPod& seen,
                                     const Container& container) {
  static constexpr std::array<std::string_view, 4> kReasons{
      "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError"};
  const std::string reason = text(container.waiting(), "reason");
  if (std::find(kReasons.begin(), kReasons.end(), reason) == kReasons.end()) return std::nullopt;
  Finding finding{"container-not-created",
                  fmt::format("Container {} cannot be created as the template has it.", container.name()),
                  {state_evidence(seen, container, container.waiting(), "state.waiting")},
                  {}};
  const std::string message = text(container.waiting(), "message");
  for (const json& variable : member(*container.spec, "env"))
    for (const auto& [kind, command] :
         {std::pair{"secretKeyRef", "secret generic"}, {"configMapKeyRef", "configmap"}}) {
      const json& source = in(variable, "valueFrom", kind);
      const std::string name = text(source, "name");
      if (name.empty() || message.find("\"" + name + "\"") == std::string::npos) continue;
      finding.evidence.push_back(
          {seen.pod.meta.ref.text(),
           fmt::format("spec.containers[{}].env[{}]", container.name(), text(variable, "name")),
           fmt::format("{} {}, key {}", kind, name, text(source, "key"))});
      finding.remedy.push_back({"create what the container asks for; it starts by itself then",
                                fmt::format("{}create {} {} --from-literal={}=<value>", workload.kubectl(),
                                            command, name, text(source, "key"))});
    }
  if (finding.remedy.empty())
    finding.remedy = {{"do what the message asks for, and replace the pod if the template changed"}};
  return finding;
}

std::vector<std::string> last_lines(const std::string& log, std::size_t count) {
  std::vector<std::string> lines;
  std::istringstream stream(log);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

// Lines of a log in which databases and their clients name a cause that an engineer knows.
struct KnownLine {
  std::string_view part;
  std::string_view id;
  std::string_view cause;
  std::string_view remedy;
  std::string_view trap;
};
constexpr std::array kKnownLines = {
    KnownLine{
        "No space left on device", "volume-full", "A file system that container {} writes to is full.",
        "give it room: ask the claim for more, where its StorageClass allows expansion; or remove what is "
        "not needed",
        "Deleting the claim gives an empty volume."},
    KnownLine{
        "Errcode: 28", "volume-full", "A file system that container {} writes to is full.",
        "give it room: ask the claim for more, where its StorageClass allows expansion; or remove what is "
        "not needed",
        "Deleting the claim gives an empty volume."},
    KnownLine{
        "Access denied for user", "password-refused",
        "The database refuses the password that container {} gives.",
        "bring the password in the Secret and the one in the data directory together: a claim that was kept "
        "keeps the passwords with which its database was made",
        "Changing the Secret does not change a database that exists already."},
    KnownLine{
        "password authentication failed", "password-refused",
        "The database refuses the password that container {} gives.",
        "bring the password in the Secret and the one in the data directory together: a claim that was kept "
        "keeps the passwords with which its database was made",
        "Changing the Secret does not change a database that exists already."},
    KnownLine{
        "Got fatal error 1236", "replica-cannot-catch-up",
        "The replica in container {} asks for transactions whose binary logs its primary has purged.",
        "let replicas begin with a copy of the primary's data and its position: a script in "
        "/docker-entrypoint-initdb.d or an init container that loads a dump or a backup",
        "An empty volume alone changes nothing, for the replica would ask for the same logs. Never empty the "
        "primary's."},
};

/// Cause that a text names, with the line as evidence. `only`: of these causes; none: of all.
std::optional<Finding> known_line(const std::string& words, const Evidence& where,
                                  const std::string& container,
                                  std::initializer_list<std::string_view> only = {}) {
  for (const std::string& line : last_lines(words, 1000))
    for (const KnownLine& known : kKnownLines)
      if (line.find(known.part) != std::string::npos &&
          (only.size() == 0 || std::find(only.begin(), only.end(), known.id) != only.end())) {
        Evidence evidence = where;
        evidence.value = line;
        return Finding{known.id,
                       fmt::format(fmt::runtime(known.cause), container),
                       {evidence},
                       {{std::string{known.remedy}}},
                       std::string{known.trap}};
      }
  return std::nullopt;
}

std::string log_of(const Workload& workload, const SeenPod& seen, const Container& container) {
  const auto log =
      workload.snapshot().logs.find(LogWanted{workload.ns(), seen.pod.meta.ref.name, container.name()}.key());
  return log == workload.snapshot().logs.end() ? std::string{} : log->second;
}

bool crashed(const Container& container) {
  const json& ended = container.ended();
  if (!ended.is_object() || flag(*container.status, "ready")) return false;
  if (container.initial && number(ended, "exitCode") == 0) return false;
  return text(container.waiting(), "reason") == "CrashLoopBackOff" || container.is_over() ||
         number(*container.status, "restartCount") > 1;
}

std::optional<Finding> crash(const Workload& workload, const SeenPod& seen, const Container& container) {
  if (!crashed(container)) return std::nullopt;
  const json& ended = container.ended();
  const std::string log = log_of(workload, seen, container);
  const Evidence in_log{seen.pod.meta.ref.text(), "log of container " + container.name(), {}};
  const Remedy replace = replace_after(workload, seen);
  // Without an earlier run kubectl refuses --previous; with one, the present run's log may be empty still.
  const bool ran_before = in(*container.status, "lastState", "terminated").is_object();
  Finding finding{
      "container-crashes",
      fmt::format("Container {} {}.", container.name(), ran_before ? "ends again and again" : "has ended"),
      {},
      {{"mend what its last words tell of; the whole log:",
        fmt::format("{}logs {} -c {}{}", workload.kubectl(), seen.pod.meta.ref.name, container.name(),
                    ran_before ? " --previous" : "")},
       {"if the template is to blame, change it", workload.kubectl() + "edit statefulset " + workload.name()},
       replace},
      kUpdateWaits};
  if (text(ended, "reason") == "OOMKilled") {
    finding = {
        "out-of-memory",
        fmt::format("Container {} is killed because it uses more memory than its limit.", container.name()),
        {{seen.pod.meta.ref.text(),
          fmt::format("spec.containers[{}].resources.limits.memory", container.name()),
          text(in(*container.spec, "resources", "limits"), "memory")}},
        {{"raise the limit, or let the program use less",
          fmt::format("{}set resources statefulset/{} -c {} --limits=memory=<more>", workload.kubectl(),
                      workload.name(), container.name())},
         replace},
        kUpdateWaits};
  } else if (auto known = known_line(log, in_log, container.name())) {
    finding = std::move(*known);
    finding.remedy.push_back(replace);
  } else {
    for (const std::string& line : last_lines(log, 5))
      finding.evidence.push_back({in_log.object, in_log.field, line});
  }
  finding.evidence.push_back({seen.pod.meta.ref.text(),
                              fmt::format("status.containerStatuses[{}].restartCount", container.name()),
                              fmt::format("{}", number(*container.status, "restartCount"))});
  finding.evidence.push_back(state_evidence(
      seen, container, ended, container.is_over() ? "state.terminated" : "lastState.terminated"));
  return finding;
}

// It holds on to them until its pod is gone.
void empty_its_claims(const Workload& workload, const SeenPod& seen, Finding& finding) {
  for (const auto& [volume, claim] : seen.pod.volume_claims)
    finding.remedy.push_back({"give the replica an empty volume for the copy; what it has is worth nothing",
                              fmt::format("{}delete pvc {} --wait=false", workload.kubectl(), claim)});
}

std::string probe_text(const json& probe) {
  std::vector<std::string> words;
  for (const json& word : in(probe, "exec", "command"))
    if (word.is_string()) words.push_back(word.get<std::string>());
  if (!words.empty()) return fmt::format("{}", fmt::join(words, " "));
  for (const char* kind : {"httpGet", "tcpSocket", "grpc"})
    if (member(probe, kind).is_object()) return fmt::format("{} {}", kind, member(probe, kind).dump());
  return {};
}

// As long as a probe may fail before the kubelet takes it seriously, once more, and some seconds for the
// program to start where the probe grants none.
std::chrono::seconds patience_of(const json& probe) {
  const auto period = number(probe, "periodSeconds", 10);
  return std::chrono::seconds{number(probe, "initialDelaySeconds") +
                              2 * period * number(probe, "failureThreshold", 3)} +
         10s;
}

std::optional<Finding> unready(const Workload& workload, const SeenPod& seen, const Container& container) {
  if (container.initial || !container.running().is_object() || flag(*container.status, "ready"))
    return std::nullopt;
  const bool starting =
      member(*container.status, "started").is_boolean() && !flag(*container.status, "started");
  const json& probe = member(*container.spec, starting ? "startupProbe" : "readinessProbe");
  if (!probe.is_object() || !workload.older_than(time(container.running(), "startedAt"), patience_of(probe)))
    return std::nullopt;
  const std::string asks = probe_text(probe);
  const char* kind = starting ? "startup" : "readiness";
  Finding finding{"probe-fails",
                  fmt::format("Container {} runs, but its {} probe fails.", container.name(), kind),
                  {},
                  {}};
  const json* said = workload.event("Pod", seen.pod.meta.ref.name, "Unhealthy");
  if (said != nullptr)
    if (auto known = known_line(text(*said, "message"), event_evidence(*said), container.name()))
      finding = std::move(*known);
  if (finding.id == "probe-fails") {
    if (auto known = known_line(log_of(workload, seen, container),
                                {seen.pod.meta.ref.text(), "log of container " + container.name(), {}},
                                container.name(), {"volume-full", "replica-cannot-catch-up"}))
      finding = std::move(*known);
  }
  finding.evidence.push_back(
      {seen.pod.meta.ref.text(), fmt::format("spec.containers[{}].{}Probe", container.name(), kind), asks});
  finding.evidence.push_back({seen.pod.meta.ref.text(),
                              fmt::format("status.containerStatuses[{}].ready", container.name()), "false",
                              time(container.running(), "startedAt")});
  if (said != nullptr && finding.id == "probe-fails") finding.evidence.push_back(event_evidence(*said));
  if (finding.id == "replica-cannot-catch-up") empty_its_claims(workload, seen, finding);
  if (finding.id != "probe-fails") finding.remedy.push_back(replace_after(workload, seen));
  if (finding.id == "probe-fails") {
    const bool runs = member(probe, "exec").is_object();
    finding.remedy = {
        {"ask by hand what the probe asks", runs ? fmt::format("{}exec {} -c {} -- {}", workload.kubectl(),
                                                               seen.pod.meta.ref.name, container.name(), asks)
                                                 : std::string{}},
        {"and see what the program says", fmt::format("{}logs {} -c {} --tail=50", workload.kubectl(),
                                                      seen.pod.meta.ref.name, container.name())}};
    finding.trap =
        "Until the pod is Ready its DNS name gives nothing, unless the Service publishes addresses of "
        "pods that are not.";
  }
  return finding;
}

}  // namespace

std::vector<LogWanted> logs_wanted(const Snapshot& snapshot) {
  std::vector<LogWanted> wanted;
  if (!snapshot.sets || !snapshot.pods) return wanted;
  for (const json& set : *snapshot.sets) {
    const Workload workload(snapshot, set);
    for (const auto& [ordinal, seen] : workload.pods())
      for (const Container& container : containers_of(*seen.served)) {
        const bool broken = crashed(container);
        if (!broken && (flag(*container.status, "ready") || !container.running().is_object())) continue;
        const bool previous = broken && !container.is_over();
        wanted.push_back({workload.ns(), seen.pod.meta.ref.name, container.name(), previous});
      }
  }
  return wanted;
}

std::optional<Finding> mount_cause(const Workload& workload, const SeenPod& seen) {
  if (seen.pod.node.empty() || seen.pod.phase != "Pending") return std::nullopt;
  const std::string& pod = seen.pod.meta.ref.name;
  if (const json* refused = workload.event("Pod", pod, "FailedAttachVolume")) {
    for (const auto& [name, claim_name] : seen.pod.volume_claims) {
      const json* claim = workload.claim(claim_name);
      const std::string volume = claim == nullptr ? "" : text(in(*claim, "spec"), "volumeName");
      if (volume.empty() || !workload.snapshot().attachments) continue;
      for (const json& attachment : *workload.snapshot().attachments) {
        const std::string holder = text(in(attachment, "spec"), "nodeName");
        if (text(in(attachment, "spec", "source"), "persistentVolumeName") != volume ||
            holder == seen.pod.node)
          continue;
        return Finding{
            "volume-attached-elsewhere",
            fmt::format("The pod's volume {} is still attached to node {}, and can be attached to one node "
                        "at a time.",
                        volume, holder),
            {{ref_text(attachment), "spec.nodeName", holder},
             {ref_text(attachment), "status.attached",
              flag(in(attachment, "status"), "attached") ? "true" : "false"},
             event_evidence(*refused)},
            {{fmt::format(
                 "if node {} runs, wait: the volume is detached when its former pod is gone; of a node that "
                 "does not answer it is detached by force after six minutes",
                 holder)},
             {"when it is certain that the machine is off, say so: its volumes are detached at once",
              fmt::format("kubectl taint node {} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
                          holder)}},
            "Do not delete the VolumeAttachment by hand: two nodes may then write to one file system."};
      }
    }
  }
  const json* failed = workload.event("Pod", pod, "FailedMount");
  if (failed == nullptr || !workload.older_than(seen.pod.scheduled_since, 10s)) return std::nullopt;
  Finding finding{"volume-not-mounted",
                  "A volume of the pod cannot be mounted on its node.",
                  {event_evidence(*failed)},
                  {}};
  const std::string message = text(*failed, "message");
  for (const json& volume : in(*seen.served, "spec", "volumes"))
    for (const auto& [kind, key, command] : {std::tuple{"secret", "secretName", "secret generic"},
                                             std::tuple{"configMap", "name", "configmap"}}) {
      const std::string name = text(member(volume, kind), key);
      if (name.empty() || message.find("\"" + name + "\" not found") == std::string::npos) continue;
      finding.cause = fmt::format("The pod mounts the {} {}, which does not exist.", kind, name);
      finding.evidence.push_back(
          {seen.pod.meta.ref.text(), fmt::format("spec.volumes[{}].{}", text(volume, "name"), kind), name});
      finding.remedy.push_back(
          {"create it; the kubelet tries again by itself, up to two minutes later",
           fmt::format("{}create {} {} --from-literal=<key>=<value>", workload.kubectl(), command, name)});
    }
  if (finding.remedy.empty()) finding.remedy = {{"do what the message asks for"}};
  return finding;
}

std::optional<Finding> container_cause(const Workload& workload, const SeenPod& seen) {
  if (seen.pod.ready || seen.pod.terminating()) return std::nullopt;
  for (const Container& container : containers_of(*seen.served))
    for (const auto cause : {image, configuration, crash, unready})
      if (auto finding = cause(workload, seen, container)) return finding;
  return std::nullopt;
}

}  // namespace stateproof::diagnosis
