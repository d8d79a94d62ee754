#include "harness/monitor/statement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "harness/report/text.h"

namespace stateproof::monitor {
namespace {

std::string count(const Replicas& pods, std::string_view what) {
  return fmt::format("{} {}", pods.value, what);
}

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string tamed(const std::string& text) { return report::one_line(report::valid_text(text)); }

std::string short_revision(const std::string& revision, const std::string& set) {
  return revision.starts_with(set + "-") ? revision.substr(set.size() + 1) : revision;
}

std::string age_text(std::optional<Timestamp> since, Timestamp now) {
  if (!since) return "?";
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - *since).count());
  const auto minutes = seconds / 60;
  const auto hours = minutes / 60;
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (minutes < 60) return fmt::format("{}m", minutes);
  if (hours < 48) return fmt::format("{}h{}m", hours, minutes % 60);
  return fmt::format("{}d{}h", hours / 24, hours % 24);
}

std::string state_of(const Pod& pod) {
  if (pod.terminating()) return "Terminating";
  for (const ContainerState& container : pod.containers)
    if (!container.waiting_reason.empty() && container.waiting_reason != "PodInitializing")
      return container.waiting_reason;
  if (pod.phase == "Failed" && !pod.disruption.empty()) return pod.disruption;
  return pod.phase.empty() ? "Unknown" : pod.phase;
}

std::string state_of(const Claim& claim) {
  if (claim.meta.deletion) return "Terminating";
  return claim.phase.empty() ? "Unknown" : claim.phase;
}

std::string state_of(const Endpoint& endpoint) {
  if (endpoint.ready) return endpoint.terminating ? "ready, terminating" : "ready";
  if (!endpoint.terminating) return "not ready";
  return endpoint.serving ? "terminating, serving" : "terminating";
}

std::string remark(const Pod& pod, const Target& target) {
  std::vector<std::string> remarks;
  const OwnerReference* owner = pod.meta.controller();
  if (owner == nullptr)
    remarks.emplace_back("has no owner");
  else if (owner->kind != "StatefulSet" || owner->name != target.set)
    remarks.push_back(fmt::format("belongs to {} {}", owner->kind, owner->name));
  if (!ordinal_of(pod.meta.ref.name, target.set)) remarks.emplace_back("not an ordinal of the set");
  if (pod.terminating() && !pod.meta.finalizers.empty())
    remarks.push_back(fmt::format("held by finalizer {}", fmt::join(pod.meta.finalizers, ", ")));
  if (!pod.disruption.empty()) remarks.push_back(pod.disruption);
  if (!pod.unscheduled_message.empty()) remarks.push_back("unscheduled: " + pod.unscheduled_message);
  if (!pod.terminating())
    for (const ContainerState& container : pod.containers)
      if (!container.waiting_message.empty())
        remarks.push_back(fmt::format("{}: {}", container.name, container.waiting_message));
  return tamed(joined(remarks));
}

int restarts(const Pod& pod) {
  int sum = 0;
  for (const ContainerState& container : pod.containers) sum += container.restarts;
  return sum;
}

std::string statement(const StatefulSet& set) {
  const std::string& name = set.meta.ref.name;
  std::vector<std::string> parts{count(set.replicas, "wanted"), count(set.current_pods, "created"),
                                 count(set.ready_pods, "Ready"), count(set.available_pods, "available")};
  if (set.update_revision.empty()) {
    // the controller has not come by yet
  } else if (set.current_revision == set.update_revision) {
    parts.push_back("revision " + short_revision(set.update_revision, name));
  } else {
    parts.push_back(count(set.updated_pods, "updated"));
    parts.push_back(fmt::format("revision {} -> {}", short_revision(set.current_revision, name),
                                short_revision(set.update_revision, name)));
  }
  if (set.partition > 0) parts.push_back(fmt::format("partition {}", set.partition));
  if (set.observed_generation < set.meta.generation)
    parts.push_back(fmt::format("generation {}, observed by the controller: {}", set.meta.generation,
                                set.observed_generation));
  if (set.meta.deletion) parts.emplace_back("being deleted");
  return tamed(joined(parts));
}

std::string statement(const Pod& pod, const Details& details, const Target& target) {
  std::vector<std::string> parts{state_of(pod), pod.ready ? "Ready" : "not Ready", details.ready_containers};
  if (const int many = restarts(pod); many > 0) parts.push_back(fmt::format("restarted {} times", many));
  if (const std::string revision = pod.revision(); !revision.empty())
    parts.push_back("revision " + short_revision(revision, target.set));
  if (!pod.node.empty()) parts.push_back("on " + pod.node);
  if (!pod.addresses.empty()) parts.push_back(pod.addresses.front());
  if (std::string more = remark(pod, target); !more.empty()) parts.push_back(std::move(more));
  return tamed(joined(parts));
}

std::string statement(const Claim& claim, const Details& details) {
  std::vector<std::string> parts{state_of(claim)};
  if (!claim.volume.empty()) parts.push_back("volume " + claim.volume);
  if (!details.capacity.empty()) parts.push_back(details.capacity);
  if (!claim.storage_class.empty()) parts.push_back("class " + claim.storage_class);
  return tamed(joined(parts));
}

std::string statement(const Volume& volume) {
  return tamed(joined({volume.phase.empty() ? "Unknown" : volume.phase,
                       volume.claim.name.empty() ? "without a claim" : "of claim " + volume.claim.name,
                       volume.reclaim_policy}));
}

std::string statement(const Service& service) {
  std::string text = service.cluster_ip == "None" ? "headless" : "not headless: " + service.cluster_ip;
  if (service.publish_not_ready_addresses) text += ", publishes pods that are not Ready";
  return tamed(text);
}

std::string statement(const Endpoint& endpoint) {
  std::vector<std::string> parts{state_of(endpoint)};
  if (!endpoint.hostname.empty()) parts.push_back("host name " + endpoint.hostname);
  if (!endpoint.target.name.empty()) parts.push_back("pod " + endpoint.target.name);
  return tamed(joined(parts));
}

std::string statement(const SeenEvent& event) {
  return tamed(fmt::format("{} {} {}: {}{}", event.type, event.reason, event.about, event.message,
                           event.count > 1 ? fmt::format(" (x{})", event.count) : std::string{}));
}

}  // namespace stateproof::monitor
