#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/containers.h"
#include "harness/diagnosis/dependencies.h"
#include "harness/diagnosis/last_words.h"
#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/shell.h"
#include "harness/diagnosis/writing.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

// What the kubelet does between two looks at a pod.
constexpr auto kKubeletTime = 20s;

bool is_one_of(const std::string& reason, std::initializer_list<std::string_view> reasons) {
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

/// The end of a message, where the decisive words stand.
std::string tail(const std::string& message, std::size_t most = 200) {
  return message.size() <= most ? message : "..." + message.substr(message.size() - most);
}

Evidence log_evidence(const SeenPod& seen, const Container& container, std::string line = {}) {
  return {seen.pod.meta.ref.text(), "log of " + container.described(), std::move(line)};
}

std::string logs_command(const Workload& workload, const SeenPod& seen, const Container& container,
                         bool previous) {
  std::vector<std::string> words{"logs", seen.pod.meta.ref.name, "-c", container.name()};
  if (previous) words.emplace_back("--previous");
  return workload.kubectl(words);
}

// --- image ------------------------------------------------------------------------------------------------

std::string registry_of(const std::string& image) {
  const std::string first = image.substr(0, image.find('/'));
  return first != image && first.find_first_of(".:") != std::string::npos ? first
                                                                          : "https://index.docker.io/v1/";
}

void tell_pull_secret(const Workload& workload, const SeenPod& seen, const std::string& image,
                      const json& event, Finding& finding) {
  const std::string message = text(event, "message");
  const auto open = message.find('(');
  const std::string secret = open == std::string::npos
                                 ? std::string{}
                                 : message.substr(open + 1, message.find(')', open) - open - 1);
  std::vector<std::string> named;
  for (const json& reference : in(*seen.served, "spec", "imagePullSecrets"))
    named.push_back(text(reference, "name"));
  const std::string name =
      secret.empty() && !named.empty() ? named.front() : secret.substr(0, secret.find(','));
  finding.id = "pull-secret-missing";
  finding.cause = fmt::format(
      "The imagePullSecret {} does not exist in namespace {}, and without it the node cannot pull the image "
      "{}.",
      secret.empty() ? name : secret, workload.ns(), image);
  finding.evidence.push_back(
      {seen.pod.meta.ref.text(), "spec.imagePullSecrets", fmt::format("{}", fmt::join(named, ", "))});
  finding.evidence.push_back(event_evidence(event));
  finding.remedy = {
      {"create the Secret in the namespace of the set; the kubelet tries again by itself",
       workload.kubectl({"create", "secret", "docker-registry", name, "--docker-server=" + registry_of(image),
                         "--docker-username=<user>", "--docker-password=<password>"})}};
  finding.trap =
      "Secrets of other namespaces do not count; and the name may also come from the pod's ServiceAccount.";
}

// A registry that does not answer keeps the kubelet pulling for minutes; that its secret is missing is known
// before.
std::optional<Finding> pulls_without_secret(const Workload& workload, const SeenPod& seen,
                                            const Container& container) {
  const std::string& pod = seen.pod.meta.ref.name;
  const json* unread = workload.event("Pod", pod, "FailedToRetrieveImagePullSecret");
  const json* pulling = workload.event("Pod", pod, "Pulling");
  const std::string image = text(*container.spec, "image");
  if (unread == nullptr || pulling == nullptr || text(container.waiting(), "reason") != "ContainerCreating" ||
      text(*pulling, "message").find("\"" + image + "\"") == std::string::npos ||
      !workload.older_than(time_of_event(*pulling), kKubeletTime))
    return std::nullopt;
  Finding finding{"pull-secret-missing", "", {}, {}};
  tell_pull_secret(workload, seen, image, *unread, finding);
  finding.evidence.push_back(event_evidence(*pulling));
  finding.stage = stage::kImage;
  return finding;
}

std::optional<Finding> image(const Workload& workload, const SeenPod& seen, const Container& container) {
  const std::string reason = text(container.waiting(), "reason");
  if (auto finding = pulls_without_secret(workload, seen, container)) return finding;
  if (!is_one_of(reason, {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
                          "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"}))
    return std::nullopt;
  const std::string name = text(*container.spec, "image");
  const std::string& pod = seen.pod.meta.ref.name;
  const json* failed = workload.event("Pod", pod, "Failed");
  const std::string said =
      failed == nullptr ? text(container.waiting(), "message") : text(*failed, "message");
  Finding finding{
      "image-not-pulled",
      fmt::format("The node cannot pull the image {} of {}{}.", name, container.described(),
                  reason == "ErrImageNeverPull" ? ", and imagePullPolicy Never forbids to pull it" : ""),
      {{seen.pod.meta.ref.text(), fmt::format("spec.{}[{}].image", container.list(), container.name()), name},
       state_evidence(seen, container, container.waiting(), "state.waiting")},
      {},
      kUpdateWaits};
  finding.stage = stage::kImage;
  if (failed != nullptr) finding.evidence.push_back(event_evidence(*failed));
  if (const json* unread = workload.event("Pod", pod, "FailedToRetrieveImagePullSecret")) {
    tell_pull_secret(workload, seen, name, *unread, finding);
    return finding;
  }
  for (const char* part : {"unauthorized", "denied", "authentication required", "no basic auth"})
    if (said.find(part) != std::string::npos) {
      finding.cause.pop_back();
      finding.cause +=
          fmt::format(": the registry {} wants other credentials ({}).", registry_of(name), part);
      finding.remedy = {
          {"give the pods a pull secret that the registry accepts: create it, and name it in "
           "spec.template.spec.imagePullSecrets; or name an image that anybody may pull"}};
      return finding;
    }
  finding.remedy = {
      {"name an image that exists and can be pulled",
       workload.kubectl({"set", "image", "statefulset/" + workload.name(), container.name() + "=<image>"})},
      replace_after(workload, seen)};
  return finding;
}

// --- configuration ----------------------------------------------------------------------------------------

/// "couldn't find key root-password in Secret shop/db-auth"
std::optional<Finding> key_missing(const Workload& workload, const std::string& message) {
  constexpr std::string_view kKey = "find key ";
  const auto at = message.find(kKey);
  const auto in_kind = message.find(" in ", at);
  if (at == std::string::npos || in_kind == std::string::npos) return std::nullopt;
  const std::string key = message.substr(at + kKey.size(), in_kind - at - kKey.size());
  const bool secret = message.find("Secret ", in_kind) != std::string::npos;
  const auto slash = message.find('/', in_kind);
  if (slash == std::string::npos) return std::nullopt;
  const std::string name = message.substr(slash + 1, message.find_first_of(" ,\"", slash) - slash - 1);
  const char* kind = secret ? "Secret" : "ConfigMap";
  return Finding{secret ? "secret-key-missing" : "config-key-missing",
                 fmt::format("The {} {} has no key {}.", kind, name, key),
                 {},
                 {{fmt::format("add the key to the {}; the container starts by itself then", kind),
                   merge_patch({"-n", workload.ns(), secret ? "secret" : "configmap", name},
                               {{secret ? "stringData" : "data", {{key, "<value>"}}}})}},
                 "Recreating it loses the keys that it has."};
}

void tell_missing_sources(const Workload& workload, const SeenPod& seen, const Container& container,
                          const std::string& message, Finding& finding) {
  const auto consider = [&](const json& source, const char* kind, const std::string& where,
                            const std::string& key) {
    const bool secret = std::string_view{kind}.substr(0, 6) == "secret";
    const std::string name = text(source, "name");
    if (name.empty() || message.find("\"" + name + "\"") == std::string::npos) return;
    finding.cause = fmt::format("The {} {} that {} asks for does not exist.", secret ? "Secret" : "ConfigMap",
                                name, container.described());
    finding.evidence.push_back({seen.pod.meta.ref.text(),
                                fmt::format("spec.{}[{}].{}", container.list(), container.name(), where),
                                fmt::format("{} {}, key {}", kind, name, key)});
    std::vector<std::string> words{"create"};
    if (secret) words.insert(words.end(), {"secret", "generic"});
    if (!secret) words.emplace_back("configmap");
    words.insert(words.end(), {name, "--from-literal=" + key + "=<value>"});
    finding.remedy.push_back(
        {"create what the container asks for; it starts by itself then", workload.kubectl(words)});
  };
  for (const json& variable : member(*container.spec, "env"))
    for (const char* kind : {"secretKeyRef", "configMapKeyRef"}) {
      const json& source = in(variable, "valueFrom", kind);
      consider(source, kind, "env[" + text(variable, "name") + "]", text(source, "key"));
    }
  for (const json& from : member(*container.spec, "envFrom"))
    for (const char* kind : {"secretRef", "configMapRef"})
      consider(member(from, kind), kind, "envFrom", "<key>");
}

/// The template with <uid> as the user of its containers.
std::string as_user(const Workload& workload) {
  std::string command = patch_template(workload, {{"securityContext", {{"runAsUser", "<uid>"}}}});
  constexpr std::string_view kQuoted = "\"<uid>\"";
  if (const auto at = command.find(kQuoted); at != std::string::npos)
    command.replace(at, kQuoted.size(), "<uid>");
  return command;
}

std::optional<Finding> configuration(const Workload& workload, const SeenPod& seen,
                                     const Container& container) {
  if (!is_one_of(text(container.waiting(), "reason"),
                 {"CreateContainerConfigError", "CreateContainerError", "RunContainerError",
                  "PreCreateHookError", "PreStartHookError"}))
    return std::nullopt;
  const std::string message = text(container.waiting(), "message");
  const Evidence state = state_evidence(seen, container, container.waiting(), "state.waiting");
  if (auto finding = key_missing(workload, message)) {
    finding->evidence.push_back(state);
    return finding;
  }
  Finding finding{"container-not-created",
                  fmt::format("The {} cannot be created as the template has it: {}", container.described(),
                              tail(message)),
                  {state},
                  {}};
  tell_missing_sources(workload, seen, container, message, finding);
  if (finding.remedy.empty() && message.find("runAsNonRoot") != std::string::npos)
    finding.remedy = {{"name the user that the program runs as, any number but 0 that may use the volumes "
                       "(fsGroup)",
                       as_user(workload)},
                      replace_after(workload, seen)};
  if (finding.remedy.empty())
    finding.remedy = {{"do what the message asks for in the template",
                       workload.kubectl({"edit", "statefulset", workload.name()})},
                      replace_after(workload, seen)};
  return finding;
}

// --- hooks ------------------------------------------------------------------------------------------------

/// When the container was started last, by the kubelet's own word.
std::optional<Timestamp> started_by_event(const Workload& workload, const SeenPod& seen,
                                          const Container& container) {
  std::optional<Timestamp> at;
  for (const json* event : workload.events("Pod", seen.pod.meta.ref.name))
    if (text(*event, "reason") == "Started" &&
        text(member(*event, "involvedObject"), "uid") == seen.pod.meta.ref.uid.value &&
        text(member(*event, "involvedObject"), "fieldPath").find("{" + container.name() + "}") !=
            std::string::npos)
      at = std::max(at, time_of_event(*event));
  return at;
}

// While the hook runs, the kubelet reports the container as being created; only its events tell that it was
// started.
std::optional<Finding> post_start(const Workload& workload, const SeenPod& seen, const Container& container) {
  const json& hook = in(*container.spec, "lifecycle", "postStart");
  if (!hook.is_object() || container.is_over()) return std::nullopt;
  const json* failed = workload.event("Pod", seen.pod.meta.ref.name, "FailedPostStartHook");
  const std::string path = container_path(workload, container.list(), container.name());
  const std::string action = action_text(hook);
  const Evidence has{seen.pod.meta.ref.text(),
                     fmt::format("spec.{}[{}].lifecycle.postStart", container.list(), container.name()),
                     action};
  const std::vector<Remedy> without{
      {"let the hook end, or remove it: what it waits for belongs in the program or into an init "
       "container",
       path.empty()
           ? std::string{}
           : patch_set(workload, json::array({{{"op", "remove"}, {"path", path + "/lifecycle/postStart"}}}))},
      replace_after(workload, seen)};
  const bool by_state = text(container.waiting(), "reason") == "PostStartHookError";
  if (by_state || (failed != nullptr && container.restarts() > 0)) {
    const std::string said =
        failed != nullptr ? text(*failed, "message") : text(container.waiting(), "message");
    Finding finding{
        "post-start-fails",
        fmt::format("The postStart hook of {} fails, and the kubelet kills the container for it: {}",
                    container.described(), tail(said)),
        {has},
        without,
        kUpdateWaits};
    if (failed != nullptr)
      finding.evidence.push_back(event_evidence(*failed));
    else
      finding.evidence.push_back(state_evidence(seen, container, container.waiting(), "state.waiting"));
    return finding;
  }
  const std::string waiting = text(container.waiting(), "reason");
  const bool creating = waiting == "ContainerCreating" || waiting == "PodInitializing";
  if (!creating && !(container.running().is_object() && container.starting() &&
                     !member(*container.spec, "startupProbe").is_object()))
    return std::nullopt;
  const auto since = started_by_event(workload, seen, container);
  if (!workload.older_than(since, kKubeletTime)) return std::nullopt;
  Finding finding{"post-start-hangs",
                  fmt::format("The postStart hook of {} does not end: the container runs, and its pod stays "
                              "{} until the hook has ended.",
                              container.described(), creating ? waiting : "unready"),
                  {has, {seen.pod.meta.ref.text(), "event Started", container.name(), since}},
                  without,
                  kUpdateWaits};
  if (const auto deadlock = bootstrap_deadlock(workload, seen, "the hook", action)) {
    finding.cause.pop_back();
    finding.cause += "; " + deadlock->cause.substr(deadlock->cause.find(": ") + 2);
    finding.remedy.push_back(
        {"or let the hook wait for no other pod: until it has ended, the pod has neither an address nor a "
         "name, "
         "with Parallel "
         "no more than with OrderedReady",
         {},
         2});
  }
  // The kubelet waits for the hook even when the pod is to go.
  finding.remedy[1] = {
      "then replace the pod, and end the hook's process, for which the kubelet waits even then",
      workload.kubectl({"delete", "pod", seen.pod.meta.ref.name, "--wait=false"}) + " && " +
          kill_all(workload, seen.pod.meta.ref.name, container)};
  finding.since = since;
  return finding;
}

// --- ends -------------------------------------------------------------------------------------------------

bool crashed(const Container& container) {
  const json& ended = container.ended();
  if (!ended.is_object() || container.ready()) return false;
  if (container.initial && number(ended, "exitCode") == 0) return false;
  return text(container.waiting(), "reason") == "CrashLoopBackOff" || container.is_over() ||
         container.restarts() > 1;
}

/// The kubelet's word that a probe killed the container of this pod; null when none did, lately.
const json* killed_by_probe(const Workload& workload, const SeenPod& seen, const Container& container,
                            std::string_view kind) {
  const json* newest = nullptr;
  const std::string words = fmt::format("ontainer {} failed {} probe", container.name(), kind);
  for (const json* event : workload.events("Pod", seen.pod.meta.ref.name))
    if (text(*event, "reason") == "Killing" && text(*event, "message").find(words) != std::string::npos &&
        text(member(*event, "involvedObject"), "uid") == seen.pod.meta.ref.uid.value &&
        (newest == nullptr || time_of_event(*newest) < time_of_event(*event)))
      newest = event;
  return newest;
}

/// The newest word of this probe on this pod.
const json* unhealthy(const Workload& workload, const SeenPod& seen, std::string_view kind) {
  const json* newest = nullptr;
  for (const json* event : workload.events("Pod", seen.pod.meta.ref.name)) {
    if (text(*event, "reason") != "Unhealthy") continue;
    std::string message = text(*event, "message");
    if (!message.empty()) message.front() = static_cast<char>(message.front() | 0x20);
    if (message.rfind(kind, 0) == 0 && (newest == nullptr || time_of_event(*newest) < time_of_event(*event)))
      newest = event;
  }
  return newest != nullptr ? newest : workload.event("Pod", seen.pod.meta.ref.name, "Unhealthy");
}

// A probe that asks what the other asks, and has a quarter of an hour for it.
json patient(const json& probe) {
  json patience;
  for (const char* action : {"exec", "httpGet", "tcpSocket", "grpc"})
    if (member(probe, action).is_object()) patience[action] = member(probe, action);
  patience["periodSeconds"] = 10;
  patience["failureThreshold"] =
      std::max<std::int64_t>(90, 4 * std::min<std::int64_t>(number(probe, "failureThreshold", 3), 1'000'000));
  if (const auto timeout = number(probe, "timeoutSeconds"); timeout > 0) patience["timeoutSeconds"] = timeout;
  return patience;
}

/// The template without this probe of the container.
std::string without_probe(const Workload& workload, const Container& container, const std::string& field) {
  return patch_template(workload,
                        {{container.list(), json::array({{{"name", container.name()}, {field, nullptr}}})}});
}

/// The port that a probe asks, where the container names its ports and this is none of them; 0 otherwise.
std::int64_t strange_port(const Container& container, const json& probe) {
  std::int64_t asked = 0;
  for (const char* action : {"httpGet", "tcpSocket", "grpc"})
    asked = std::max(asked, number(member(probe, action), "port"));
  const json& ports = member(*container.spec, "ports");
  const bool known = std::any_of(ports.begin(), ports.end(),
                                 [&](const json& port) { return number(port, "containerPort") == asked; });
  return ports.empty() || known ? 0 : asked;
}

std::optional<Finding> probe_kills(const Workload& workload, const SeenPod& seen,
                                   const Container& container) {
  if (container.restarts() < 1) return std::nullopt;
  for (const char* kind : {"liveness", "startup"}) {
    const json* killed = killed_by_probe(workload, seen, container, kind);
    const std::string field = std::string{kind} + "Probe";
    const json& probe = member(*container.spec, field.c_str());
    if (killed == nullptr || !probe.is_object()) continue;
    const bool has_startup = member(*container.spec, "startupProbe").is_object();
    const bool liveness = std::string_view{kind} == "liveness";
    Finding finding{
        liveness ? "liveness-probe-kills" : "startup-probe-kills",
        fmt::format("The {} probe ({}) kills {}: it was killed and restarted {}, each time after {} s in "
                    "which the probe did not pass{}.",
                    kind, action_text(probe), container.described(),
                    container.restarts() == 1 ? "once" : fmt::format("{} times", container.restarts()),
                    tolerance_of(probe).count(),
                    liveness && !has_startup ? "; it has no startupProbe that would wait for its start" : ""),
        {{seen.pod.meta.ref.text(),
          fmt::format("spec.{}[{}].{}Probe", container.list(), container.name(), kind),
          fmt::format("{}, initialDelaySeconds {}, periodSeconds {}, failureThreshold {}", action_text(probe),
                      number(probe, "initialDelaySeconds"), number(probe, "periodSeconds", 10),
                      number(probe, "failureThreshold", 3))},
         event_evidence(*killed)},
        {{liveness && !has_startup ? "add a startupProbe, which gives the program a quarter of an hour to "
                                     "start before the liveness probe counts"
          : liveness               ? "give the liveness probe more patience"
                                   : "give the startup probe more patience: here a quarter of an hour",
          patch_template(
              workload,
              {{container.list(), json::array({{{"name", container.name()},
                                                {liveness && has_startup ? "livenessProbe" : "startupProbe",
                                                 patient(probe)}}})}})},
         replace_after(workload, seen),
         {"or when the probe asks for what the program never answers, correct it in the template; here it is "
          "taken out until then",
          without_probe(workload, container, field), 2},
         replace_after(workload, seen, 2)},
        kUpdateWaits};
    if (const auto port = strange_port(container, probe); port > 0) {
      finding.cause.pop_back();
      finding.cause += fmt::format("; the container names no port {}.", port);
      std::rotate(finding.remedy.begin(), finding.remedy.begin() + 2, finding.remedy.end());
      for (Remedy& step : finding.remedy) step.way = 3 - step.way;
    }
    if (const json* said = unhealthy(workload, seen, kind)) finding.evidence.push_back(event_evidence(*said));
    for (const std::string& line : last_lines(log_of(workload, seen, container), 3))
      finding.evidence.push_back(log_evidence(seen, container, line));
    finding.stage = stage::kContainer;
    return finding;
  }
  return std::nullopt;
}

std::string memory_limit(const Container& container) {
  return text(in(*container.spec, "resources", "limits"), "memory");
}

/// The kernel kills a process below the first one, too, whose shell then says so; the runtime may not have
/// heard of it when the container ends.
bool lost_a_process(const Container& container, const std::vector<std::string>& lines) {
  return number(container.ended(), "exitCode") == 137 && !memory_limit(container).empty() &&
         std::any_of(lines.begin(), lines.end(),
                     [](const std::string& line) { return line.ends_with("Killed"); });
}

Finding out_of_memory(const Workload& workload, const SeenPod& seen, const Container& container) {
  const std::string limit = memory_limit(container);
  const std::string reason = text(container.ended(), "reason");
  return {"out-of-memory",
          fmt::format("The {} is killed because it uses more memory than {} ({}).", container.described(),
                      limit.empty() ? "its node has for it" : "its limit of " + limit,
                      reason == "OOMKilled" ? reason : "exit code 137, and a shell that says \"Killed\""),
          {{seen.pod.meta.ref.text(),
            fmt::format("spec.{}[{}].resources.limits.memory", container.list(), container.name()), limit}},
          {{"raise the limit, or let the program use less",
            workload.kubectl({"set", "resources", "statefulset/" + workload.name(), "-c", container.name(),
                              "--limits=memory=<more>"})},
           replace_after(workload, seen)},
          kUpdateWaits};
}

/// Where a container writes, for those that cannot.
void tell_mounts(const SeenPod& seen, const Container& container, Finding& finding) {
  if (!is_one_of(std::string{finding.id}, {"volume-full", "permission-denied", "file-system-read-only"}))
    return;
  for (const json& mount : member(*container.spec, "volumeMounts"))
    for (const json& volume : in(*seen.served, "spec", "volumes"))
      if (text(volume, "name") == text(mount, "name") &&
          text(mount, "mountPath").rfind("/var/run/secrets/", 0) != 0)
        finding.evidence.push_back(
            {seen.pod.meta.ref.text(), "volume at " + text(mount, "mountPath"), volume.dump()});
}

/// Why a container ended, from its state and its last words.
Finding cause_of_end(const Workload& workload, const SeenPod& seen, const Container& container) {
  const json& ended = container.ended();
  const std::string log = log_of(workload, seen, container);
  const Remedy replace = replace_after(workload, seen);
  // Without an earlier run kubectl refuses --previous; with one, the present run's log may be empty still.
  const bool ran_before = in(*container.status, "lastState", "terminated").is_object();
  const std::string reason = text(ended, "reason");
  const std::string meaning = exit_meaning(number(ended, "exitCode"));
  Finding finding{
      "container-crashes",
      fmt::format("The {} {} with exit code {}.", container.described(),
                  ran_before ? "ends again and again" : "has ended",
                  meaning.empty() ? fmt::format("{}", number(ended, "exitCode")) : meaning),
      {},
      {{"fix what its last lines report; the whole log:",
        logs_command(workload, seen, container, ran_before)},
       {"if the template is wrong, change it", workload.kubectl({"edit", "statefulset", workload.name()})},
       replace},
      kUpdateWaits};
  const auto lines = last_lines(log, 5);
  if (reason == "OOMKilled" || lost_a_process(container, lines)) {
    finding = out_of_memory(workload, seen, container);
  } else if (reason == "StartError" || reason == "ContainerCannotRun") {
    finding.id = "container-not-started";
    finding.cause =
        fmt::format("The {} cannot be started: {}", container.described(), tail(text(ended, "message")));
    finding.remedy.erase(finding.remedy.begin());
    finding.remedy.front().text = "name a command that the image has, in the template";
  } else if (auto deadlock =
                 bootstrap_deadlock(workload, seen, "the program in " + container.described(), log);
             deadlock && known_line(log, {}, container.name(), {"peer-unresolved", "peer-unreachable"})) {
    finding = std::move(*deadlock);
    finding.evidence.push_back(
        known_line(log, log_evidence(seen, container), container.name())->evidence.front());
  } else if (auto known = known_line(log, log_evidence(seen, container), container.name())) {
    const Evidence line = known->evidence.front();
    if (auto nameless = nameless_service(workload, "the program in " + container.described(), line.value);
        nameless && known->id == "peer-unresolved") {
      finding = std::move(*nameless);
      finding.evidence.push_back(line);
    } else {
      finding = std::move(*known);
      if (!let_it_write(workload, seen, container, line.value, finding)) {
        // What stands in the template only a person can correct.
        if (is_one_of(std::string{finding.id}, {"port-in-use", "setting-missing", "option-unknown",
                                                "file-missing", "permission-denied"}))
          finding.remedy.front().command = workload.kubectl({"edit", "statefulset", workload.name()});
        finding.remedy.push_back(replace);
      }
    }
  } else {
    if (!lines.empty()) {
      finding.cause.pop_back();
      finding.cause += fmt::format("; its last words: \"{}\".", tail(lines.back(), 160));
    }
    for (const std::string& line : lines) finding.evidence.push_back(log_evidence(seen, container, line));
  }
  finding.evidence.push_back(
      {seen.pod.meta.ref.text(),
       fmt::format("status.{}[{}].restartCount", container.statuses(), container.name()),
       fmt::format("{}", container.restarts())});
  finding.evidence.push_back(state_evidence(
      seen, container, ended, container.is_over() ? "state.terminated" : "lastState.terminated"));
  tell_mounts(seen, container, finding);
  finding.stage = container.initial ? stage::kInit : stage::kContainer;
  return finding;
}

std::optional<Finding> crash(const Workload& workload, const SeenPod& seen, const Container& container) {
  if (!crashed(container)) return std::nullopt;
  return cause_of_end(workload, seen, container);
}

// --- starts -----------------------------------------------------------------------------------------------

bool tells_of_waiting(const std::string& line) {
  std::string lower;
  for (const char c : line) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  static constexpr std::array<std::string_view, 14> kWords{
      "wait",   "retry",   "not ready", "unable",     "could not", "can't",     "cannot",
      "failed", "refused", "unreach",   "unresolved", "no such",   "not found", "not up"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

/// An init container that runs and waits for what does not come.
std::optional<Finding> init_waits(const Workload& workload, const SeenPod& seen, const Container& container) {
  if (!container.initial || !container.running().is_object()) return std::nullopt;
  const auto since = time(container.running(), "startedAt");
  if (!workload.older_than(since, kKubeletTime)) return std::nullopt;
  const std::string script = script_of(container);
  const std::string log = log_of(workload, seen, container);
  const Evidence runs{seen.pod.meta.ref.text(),
                      fmt::format("status.initContainerStatuses[{}].state.running", container.name()),
                      "since", since};
  std::string said = repeated_line(log, 5);
  if (!tells_of_waiting(said)) said.clear();
  const std::string unmet = unmet_dependency(workload, script);
  auto deadlock = bootstrap_deadlock(workload, seen, "the " + container.described(), script + "\n" + said);
  if (deadlock) {
    deadlock->evidence.push_back(runs);
    deadlock->stage = stage::kInit;
    return deadlock;
  }
  if (said.empty() && unmet.empty()) return std::nullopt;
  Finding finding{
      "init-container-waits",
      fmt::format("The {} does not end, and the pod starts nothing else before: {}.", container.described(),
                  unmet.empty() ? fmt::format("it says again and again \"{}\"", tail(said, 160))
                                : "it waits, and " + unmet),
      {runs,
       {seen.pod.meta.ref.text(), fmt::format("spec.initContainers[{}].command", container.name()),
        tail(script)}},
      {{"give it what it waits for: start it, or correct the name in the template"},
       {"see what it says", logs_command(workload, seen, container, false)}}};
  if (!said.empty()) finding.evidence.push_back(log_evidence(seen, container, said));
  finding.stage = stage::kInit;
  finding.since = since;
  return finding;
}

// --- readiness --------------------------------------------------------------------------------------------

// It holds on to them until its pod is gone.
void empty_its_claims(const Workload& workload, const SeenPod& seen, Finding& finding) {
  for (const auto& [volume, claim] : seen.pod.volume_claims)
    finding.remedy.push_back({"give the replica an empty volume for the copy; what it has is worth nothing",
                              workload.kubectl({"delete", "pvc", claim, "--wait=false"})});
}

Finding probe_fails(const Workload& workload, const SeenPod& seen, const Container& container,
                    const char* kind, const json& probe, const json* said) {
  const auto words = command_of(probe);
  std::vector<std::string> ask{"exec", seen.pod.meta.ref.name, "-c", container.name(), "--"};
  ask.insert(ask.end(), words.begin(), words.end());
  std::string shown = said == nullptr ? std::string{} : text(*said, "message");
  // "Readiness probe failed: " says no more than the sentence around it.
  if (const auto failed = shown.find(" probe failed: "); failed != std::string::npos)
    shown = shown.substr(failed + std::string_view{" probe failed: "}.size());
  shown = shown.substr(0, shown.find('\n'));
  if (shown.size() > 200) shown = shown.substr(0, 200) + "...";
  return {
      "probe-fails",
      fmt::format("The {} runs, but its {} probe ({}) fails{}.", container.described(), kind,
                  action_text(probe), shown.empty() ? "" : ": " + shown),
      {},
      {{"run the probe yourself", words.empty() ? std::string{} : workload.kubectl(ask)},
       {"and see what the program says",
        workload.kubectl({"logs", seen.pod.meta.ref.name, "-c", container.name(), "--tail=50"})},
       {"or when the probe asks for the wrong thing, correct it in the template; here it is taken out until "
        "then, and a pod counts as Ready as soon as it runs",
        without_probe(workload, container, std::string{kind} + "Probe"), 2},
       replace_after(workload, seen, 2)},
      "Until the pod is Ready, its DNS name does not resolve, unless the Service publishes addresses of "
      "pods that are not."};
}

std::optional<Finding> unready(const Workload& workload, const SeenPod& seen, const Container& container) {
  if (container.initial || !container.running().is_object() || container.ready()) return std::nullopt;
  const bool starting = container.starting() && member(*container.spec, "startupProbe").is_object();
  const char* kind = starting ? "startup" : "readiness";
  const json& probe = member(*container.spec, starting ? "startupProbe" : "readinessProbe");
  if (!probe.is_object() || !workload.older_than(time(container.running(), "startedAt"), patience_of(probe)))
    return std::nullopt;
  const json* said = unhealthy(workload, seen, kind);
  Finding finding{"probe-fails", {}, {}, {}};
  const std::string log = log_of(workload, seen, container);
  std::string named = action_text(probe) + "\n" + (said == nullptr ? std::string{} : text(*said, "message"));
  if (auto deadlock = bootstrap_deadlock(
          workload, seen, fmt::format("the {} probe of {}", kind, container.described()), named)) {
    finding = std::move(*deadlock);
  } else if (auto known = said == nullptr
                              ? std::nullopt
                              : known_line(text(*said, "message"), event_evidence(*said), container.name(),
                                           {"volume-full", "password-refused", "replica-cannot-catch-up"})) {
    finding = std::move(*known);
  } else if (auto in_log = known_line(log, log_evidence(seen, container), container.name(),
                                      {"volume-full", "replica-cannot-catch-up"})) {
    finding = std::move(*in_log);
  } else {
    auto by_log = bootstrap_deadlock(workload, seen, "the program in " + container.described(), log);
    if (by_log && known_line(log, {}, container.name(), {"peer-unresolved"}))
      finding = std::move(*by_log);
    else
      finding = probe_fails(workload, seen, container, kind, probe, said);
  }
  finding.evidence.push_back({seen.pod.meta.ref.text(),
                              fmt::format("spec.{}[{}].{}Probe", container.list(), container.name(), kind),
                              action_text(probe)});
  finding.evidence.push_back({seen.pod.meta.ref.text(),
                              fmt::format("status.{}[{}].ready", container.statuses(), container.name()),
                              "false", time(container.running(), "startedAt")});
  if (said != nullptr && (finding.id == "probe-fails" || finding.id == "bootstrap-deadlock"))
    finding.evidence.push_back(event_evidence(*said));
  if (finding.id == "replica-cannot-catch-up") empty_its_claims(workload, seen, finding);
  if (finding.id != "probe-fails" && finding.id != "bootstrap-deadlock")
    finding.remedy.push_back(replace_after(workload, seen));
  if (finding.id == "probe-fails")
    for (const std::string& line : last_lines(log, 3))
      finding.evidence.push_back(log_evidence(seen, container, line));
  finding.stage = stage::kReadiness;
  return finding;
}

/// Containers are Ready, and a controller outside has not said that the pod is.
std::optional<Finding> gate_unset(const Workload& workload, const SeenPod& seen) {
  const auto containers = containers_of(*seen.served);
  const bool all =
      !containers.empty() && std::all_of(containers.begin(), containers.end(),
                                         [](const Container& one) { return one.initial || one.ready(); });
  if (!all) return std::nullopt;
  for (const json& gate : in(*seen.served, "spec", "readinessGates")) {
    const std::string type = text(gate, "conditionType");
    const json& set = condition(*seen.served, type);
    if (text(set, "status") == "True") continue;
    const json& ready = condition(*seen.served, "ContainersReady");
    if (!workload.older_than(time(ready, "lastTransitionTime"), kKubeletTime) &&
        !workload.older_than(seen.pod.meta.created, 2 * kKubeletTime))
      return std::nullopt;
    std::size_t index = 0;
    for (const json& known : in(workload.template_spec(), "readinessGates")) {
      if (text(known, "conditionType") == type) break;
      ++index;
    }
    const std::string path = fmt::format("/spec/template/spec/readinessGates/{}", index);
    Finding finding{
        "readiness-gate-unset",
        fmt::format("The containers are ready, and the readiness gate {} is {}: the controller that should "
                    "set this condition "
                    "has not done so.",
                    type, set.is_object() ? text(set, "status") : "not set"),
        {{seen.pod.meta.ref.text(), "spec.readinessGates", type},
         {seen.pod.meta.ref.text(), "status.conditions[" + type + "]",
          set.is_object() ? text(set, "status") + ": " + text(set, "message") : "missing",
          time(ready, "lastTransitionTime")}},
        {{"remove the gate from the template, if no controller sets it",
          patch_set(workload, json::array({{{"op", "test"}, {"path", path}, {"value", gate}},
                                           {{"op", "remove"}, {"path", path}}}))},
         replace_after(workload, seen),
         {"or fix or install the controller that sets it (usually a load balancer's)", {}, 2}},
        kUpdateWaits};
    finding.stage = stage::kReadiness;
    return finding;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Finding> container_cause(const Workload& workload, const SeenPod& seen) {
  if (seen.pod.ready || seen.pod.terminating()) return std::nullopt;
  for (const Container& container : containers_of(*seen.served))
    for (const auto cause : {image, configuration, post_start, probe_kills, crash, init_waits, unready})
      if (auto finding = cause(workload, seen, container)) return finding;
  return gate_unset(workload, seen);
}

namespace {

/// The present run has lasted so much longer than the last one that what ended it must be over.
bool outlived(const Workload& workload, const Container& container, const json& ended) {
  const auto began = time(ended, "startedAt");
  const auto finished = time(ended, "finishedAt");
  const auto present = workload.age(time(container.running(), "startedAt"));
  return began && finished && present &&
         *present > std::max<std::chrono::microseconds>(60s, 2 * (*finished - *began));
}

// Two ends within ten minutes of each other are a habit; a restart of last week is not.
bool ends_often(const Workload& workload, const SeenPod& seen, const Container& container) {
  const json& ended = in(*container.status, "lastState", "terminated");
  if (container.restarts() < 2 || !ended.is_object()) return false;
  if (workload.older_than(time(ended, "finishedAt"), 10min) || !time(ended, "finishedAt")) return false;
  const auto age = workload.age(seen.pod.meta.created);
  return age && *age / container.restarts() < 15min && !outlived(workload, container, ended);
}

/// Ready, not Ready, Ready again: only who looks on for a while sees that.
std::optional<Finding> readiness_flaps(const Workload& workload, const SeenPod& seen) {
  std::size_t losses = 0;
  bool was_ready = false;
  const auto pass = [&](bool ready) {
    if (was_ready && !ready) ++losses;
    was_ready = ready;
  };
  for (const json& former : workload.snapshot().former_pods)
    if (text(member(former, "metadata"), "uid") == seen.pod.meta.ref.uid.value)
      pass(text(condition(former, "Ready"), "status") == "True");
  pass(seen.pod.ready);
  if (losses < 2) return std::nullopt;
  Finding finding{
      "readiness-flaps",
      fmt::format(
          "The pod is Ready and not Ready by turns: it lost its readiness {} times while it was looked at.",
          losses),
      {{seen.pod.meta.ref.text(), "status.conditions[Ready]", fmt::format("lost {} times", losses)}},
      {{"give the readiness probe more patience (timeoutSeconds, failureThreshold), or the program what it "
        "lacks at times",
        workload.kubectl({"describe", "pod", seen.pod.meta.ref.name})}}};
  if (const json* said = unhealthy(workload, seen, "readiness"))
    finding.evidence.push_back(event_evidence(*said));
  finding.stage = stage::kReadiness;
  return finding;
}

}  // namespace

std::optional<Finding> loop_cause(const Workload& workload, const SeenPod& seen) {
  if (auto finding = readiness_flaps(workload, seen)) return finding;
  for (const Container& container : containers_of(*seen.served)) {
    if (container.initial || !ends_often(workload, seen, container)) continue;
    if (auto finding = probe_kills(workload, seen, container)) return finding;
    Finding finding = cause_of_end(workload, seen, container);
    if (!finding.cause.empty() && finding.cause.back() == '.') finding.cause.pop_back();
    finding.cause += fmt::format(" ({} restarts; the pod is Ready this moment).", container.restarts());
    return finding;
  }
  return std::nullopt;
}

std::vector<LogWanted> logs_wanted(const Snapshot& snapshot) {
  constexpr std::size_t kMost = 60;  // of a cluster in which everything fails alike
  std::vector<LogWanted> wanted;
  if (!snapshot.sets || !snapshot.pods) return wanted;
  const Cluster cluster(snapshot);
  for (const json& set : *snapshot.sets) {
    if (!snapshot.wanted_set.empty() && name_of(set) != snapshot.wanted_set) continue;
    const Workload workload(cluster, set);
    for (const auto& [ordinal, seen] : workload.pods())
      for (const Container& container : containers_of(*seen.served)) {
        if (wanted.size() >= kMost) return wanted;
        const bool broken = crashed(container) ||
                            (container.ready() && ends_often(workload, seen, container)) ||
                            (container.restarts() > 0 && !container.ready() && container.ended().is_object());
        if (!broken && (container.ready() || !container.running().is_object())) continue;
        const bool previous = broken && !container.is_over();
        wanted.push_back({workload.ns(), seen.pod.meta.ref.name, container.name(), previous});
      }
  }
  return wanted;
}

}  // namespace stateproof::diagnosis
