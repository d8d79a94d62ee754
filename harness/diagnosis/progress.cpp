// Where pods stand that are not as their set wants them, and until when that is no wonder.
#include <fmt/format.h>

#include <algorithm>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/containers.h"
#include "harness/diagnosis/remedies.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using namespace fields;

// By all experience, on a busy cluster.
constexpr auto kCreation = 30s;    // a controller comes by within seconds
constexpr auto kScheduling = 60s;  // a scheduler, too; a claim may have to be provisioned
constexpr auto kVolumes = 120s;    // an attached disk
constexpr auto kPulling = 600s;    // a large image
constexpr auto kInit = 600s;       // nothing limits an init container
constexpr auto kStart = 60s;       // kubelet and runtime, between two states of a container
constexpr auto kUpdate = 120s;     // a rolling update, between two pods

Progress standing(const SeenPod& seen, std::string_view where, std::string waits_for,
                  std::optional<Timestamp> since, std::chrono::seconds patience) {
  Progress progress{seen.pod.meta.ref.name, where, std::move(waits_for), since, {}};
  if (since) progress.until = *since + patience;
  return progress;
}

std::optional<Timestamp> newest_event(const Workload& workload, std::string_view kind,
                                      const std::string& name) {
  std::optional<Timestamp> at;
  for (const json* event : workload.events(kind, name)) at = std::max(at, time_of_event(*event));
  return at;
}

bool is_pulling(const Workload& workload, const SeenPod& seen) {
  const json* pulling = workload.event("Pod", seen.pod.meta.ref.name, "Pulling");
  const json* pulled = workload.event("Pod", seen.pod.meta.ref.name, "Pulled");
  return pulling != nullptr && (pulled == nullptr || time_of_event(*pulled) < time_of_event(*pulling));
}

Progress starting_pod(const Workload& workload, const SeenPod& seen) {
  for (const Container& container : containers_of(*seen.served)) {
    if (container.initial && container.running().is_object())
      return standing(seen, stage::kInit,
                      fmt::format("the end of {}, which nothing limits", container.described()),
                      time(container.running(), "startedAt"), kInit);
    if (container.initial && !container.is_over() && container.restarts() > 0)
      return standing(seen, stage::kInit, container.described() + " to succeed", seen.pod.scheduled_since,
                      kInit);
  }
  if (is_pulling(workload, seen))
    return standing(seen, stage::kImage, "the image to be pulled",
                    time_of_event(*workload.event("Pod", seen.pod.meta.ref.name, "Pulling")), kPulling);
  return standing(seen, stage::kVolumes,
                  fmt::format("node {} to mount its volumes and start it", seen.pod.node),
                  seen.pod.scheduled_since, kVolumes);
}

Progress unready_pod(const SeenPod& seen) {
  for (const Container& container : containers_of(*seen.served)) {
    if (container.initial || container.ready()) continue;
    if (!container.running().is_object()) {
      const json& ended = container.ended();
      auto since = time(ended, "finishedAt");
      if (!since) since = seen.pod.scheduled_since;
      return standing(seen, stage::kContainer, fmt::format("{} to be restarted", container.described()),
                      since, 5 * kStart);
    }
    const bool starting = container.starting() && member(*container.spec, "startupProbe").is_object();
    const char* kind = starting ? "startup" : "readiness";
    const json& probe = member(*container.spec, starting ? "startupProbe" : "readinessProbe");
    const auto since = time(container.running(), "startedAt");
    if (probe.is_object())
      return standing(seen, stage::kReadiness, fmt::format("the {} probe of {}", kind, container.described()),
                      since, patience_of(probe));
    return standing(seen, stage::kContainer,
                    fmt::format("the kubelet to call {} ready", container.described()), since, kStart);
  }
  const json& ready = condition(*seen.served, "Ready");
  auto since = time(ready, "lastTransitionTime");
  if (!since) since = seen.pod.scheduled_since;
  return standing(seen, stage::kReadiness, "the pod to be called Ready", since, kStart);
}

}  // namespace

std::optional<Progress> progress_of(const Workload& workload, const SeenPod& seen) {
  const StatefulSet& set = workload.set();
  if (seen.pod.terminating())
    return standing(seen, stage::kEnd, "its containers and preStop hooks to end, or its grace period",
                    seen.pod.meta.deletion, 60s);
  if (seen.pod.phase == "Failed" || seen.pod.phase == "Succeeded")
    return standing(seen, stage::kCreation, "the controller to replace the pod, which has ended",
                    newest_event(workload, "Pod", seen.pod.meta.ref.name), kCreation);
  if (seen.pod.node.empty() && !seen.pod.ready) {
    const auto refused = time(condition(*seen.served, "PodScheduled"), "lastTransitionTime");
    return standing(seen, stage::kScheduling, "a node", std::max(seen.pod.meta.created, refused),
                    kScheduling);
  }
  if (!seen.pod.ready) return seen.pod.phase == "Pending" ? starting_pod(workload, seen) : unready_pod(seen);
  if (seen.pod.ready_since && set.min_ready_seconds > 0 &&
      !workload.older_than(seen.pod.ready_since, std::chrono::seconds{set.min_ready_seconds}))
    return standing(seen, stage::kAvailability,
                    fmt::format("it to have been Ready for {} s (minReadySeconds)", set.min_ready_seconds),
                    seen.pod.ready_since, std::chrono::seconds{set.min_ready_seconds});
  const auto ordinal = ordinal_of(seen.pod.meta.ref.name, workload.name());
  const std::string revision = seen.pod.revision();
  if (set.update_strategy == "RollingUpdate" && ordinal && ordinal->value >= set.partition &&
      !revision.empty() && !set.update_revision.empty() && revision != set.update_revision &&
      set.observed_generation == set.meta.generation) {
    std::optional<Timestamp> since = workload.changed();
    for (const auto& [other, pod] : workload.pods()) since = std::max(since, pod.pod.ready_since);
    return standing(seen, stage::kUpdate, "its turn in the update", since,
                    kUpdate + std::chrono::seconds{set.min_ready_seconds});
  }
  return std::nullopt;
}

Progress progress_of_missing(const Workload& workload, Ordinal ordinal) {
  const std::string name = workload.pod_name(ordinal);
  Progress progress{name, stage::kCreation, "the controller to create it", workload.set().meta.created, {}};
  progress.since = std::max(progress.since, workload.changed());
  progress.since = std::max(progress.since, newest_event(workload, "Pod", name));
  progress.since = std::max(progress.since, newest_event(workload, "StatefulSet", workload.name()));
  for (const auto& [other, seen] : workload.pods()) {
    auto able = seen.pod.ready_since;
    if (able) *able += std::chrono::seconds{workload.set().min_ready_seconds};
    if (workload.ordered() && other < ordinal) progress.since = std::max(progress.since, able);
  }
  if (progress.since) progress.until = *progress.since + kCreation;
  return progress;
}

Finding stuck(const Workload& workload, const Progress& progress) {
  const auto age = workload.age(progress.since);
  Finding finding{
      "pod-stuck",
      fmt::format("The pod {} does not get beyond the stage \"{}\": it waits for {}{}, longer than its "
                  "settings or experience explain, and no "
                  "object shows why.",
                  progress.pod, progress.stage, progress.waits_for,
                  age ? fmt::format(" since {} s", age->count()) : std::string{}),
      {{"Pod " + workload.ns() + "/" + progress.pod, "stage", std::string{progress.stage}, progress.since}},
      {{"see what its events say, and those of the set",
        workload.kubectl({"get", "events", "--field-selector", "involvedObject.name=" + progress.pod})},
       {"and ask whoever is to do that step: controller, scheduler, kubelet or the program itself"}}};
  const json* warning = nullptr;
  for (const auto& [kind, name] :
       {std::pair<const char*, std::string>{"Pod", progress.pod}, {"StatefulSet", workload.name()}})
    for (const json* event : workload.events(kind, name))
      if (text(*event, "type") == "Warning" &&
          (warning == nullptr || time_of_event(*warning) < time_of_event(*event)))
        warning = event;
  if (warning != nullptr) {
    finding.evidence.push_back(event_evidence(*warning));
    finding.cause.pop_back();
    finding.cause += fmt::format("; the newest warning: {}: {}", text(*warning, "reason"),
                                 text(*warning, "message").substr(0, 200));
  }
  finding.stage = progress.stage;
  finding.since = progress.since;
  return finding;
}

std::optional<Finding> availability_cause(const Workload& workload, const SeenPod& seen,
                                          const std::string& next) {
  const std::chrono::seconds wanted{workload.set().min_ready_seconds};
  if (!seen.pod.ready || !seen.pod.ready_since || wanted < 5min ||
      workload.older_than(seen.pod.ready_since, wanted))
    return std::nullopt;
  const Timestamp until = *seen.pod.ready_since + wanted;
  Finding finding{
      "min-ready-holds",
      fmt::format("{} waits until {} has been Ready for {} s (minReadySeconds), which is not before {}.",
                  next, seen.pod.meta.ref.name, wanted.count(), format_rfc3339(until)),
      {{workload.described(), "spec.minReadySeconds", fmt::format("{}", wanted.count())},
       {seen.pod.meta.ref.text(), "status.conditions[Ready]", "True", seen.pod.ready_since}},
      {{"lower it, here to ten seconds, unless so long a wait is meant",
        workload.kubectl({"patch", "statefulset", workload.name(), "--type=merge", "-p",
                          R"({"spec":{"minReadySeconds":10}})"})}}};
  finding.stage = stage::kAvailability;
  finding.since = seen.pod.ready_since;
  return finding;
}

}  // namespace stateproof::diagnosis
