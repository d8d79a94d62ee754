#include "harness/diagnosis/containers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

std::string Container::name() const { return text(*status, "name"); }
std::string Container::described() const {
  return (sidecar ? "sidecar " : initial ? "init container " : "container ") + name();
}
const json& Container::waiting() const { return in(*status, "state", "waiting"); }
const json& Container::running() const { return in(*status, "state", "running"); }
bool Container::is_over() const { return in(*status, "state", "terminated").is_object(); }
const json& Container::ended() const { return in(*status, is_over() ? "state" : "lastState", "terminated"); }
std::int64_t Container::restarts() const { return number(*status, "restartCount"); }
bool Container::ready() const { return flag(*status, "ready"); }
bool Container::starting() const {
  return running().is_object() && member(*status, "started").is_boolean() && !flag(*status, "started");
}

std::vector<Container> containers_of(const json& pod) {
  std::vector<Container> containers;
  const auto add = [&](const char* statuses, const char* specs, bool before) {
    for (const json& status : in(pod, "status", statuses))
      for (const json& spec : in(pod, "spec", specs))
        if (text(spec, "name") == text(status, "name")) {
          const bool stays = text(spec, "restartPolicy") == "Always";
          containers.push_back({&spec, &status, before && !stays, before && stays});
        }
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
  return {seen.pod.meta.ref.text(),
          fmt::format("status.{}[{}].{}", container.statuses(), container.name(), which), value, at};
}

std::string log_of(const Workload& workload, const SeenPod& seen, const Container& container) {
  const auto log =
      workload.snapshot().logs.find(LogWanted{workload.ns(), seen.pod.meta.ref.name, container.name()}.key());
  return log == workload.snapshot().logs.end() ? std::string{} : log->second;
}

std::vector<std::string> command_of(const json& action) {
  std::vector<std::string> words;
  for (const json& word : in(action, "exec", "command"))
    if (word.is_string()) words.push_back(word.get<std::string>());
  return words;
}

std::string action_text(const json& action) {
  if (const auto words = command_of(action); !words.empty()) return command_line(words);
  const auto port = [](const json& at) {
    const json& value = member(at, "port");
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  if (const json& http = member(action, "httpGet"); http.is_object())
    return fmt::format("httpGet :{}{}", port(http), text_or(http, "path", "/"));
  for (const char* kind : {"tcpSocket", "grpc"})
    if (const json& at = member(action, kind); at.is_object()) return fmt::format("{} :{}", kind, port(at));
  return {};
}

namespace {

// Whatever stands in the field, sums stay sums.
std::int64_t bounded(const json& probe, const char* field, std::int64_t otherwise) {
  return std::clamp<std::int64_t>(number(probe, field, otherwise), 0, 1'000'000);
}

}  // namespace

std::chrono::seconds tolerance_of(const json& probe) {
  return std::chrono::seconds{bounded(probe, "initialDelaySeconds", 0) +
                              bounded(probe, "periodSeconds", 10) * bounded(probe, "failureThreshold", 3)};
}

std::chrono::seconds patience_of(const json& probe) {
  return 2 * tolerance_of(probe) - std::chrono::seconds{bounded(probe, "initialDelaySeconds", 0)} + 10s;
}

}  // namespace stateproof::diagnosis
