#include "harness/diagnosis/scheduler_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace stateproof::diagnosis {
namespace {

// Parts of the scheduler's reasons, the more special ones first.
constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kKnown{{
    {"untolerated taint", "taint-not-tolerated"},
    {"were unschedulable", "taint-not-tolerated"},
    {"didn't match Pod's node affinity", "node-selector-matches-none"},
    {"didn't have free ports", "host-port-taken"},
    {"missing required label", "topology-label-missing"},
    {"topology spread constraints", "topology-spread"},
    {"anti-affinity", "pod-anti-affinity"},
    {"pod affinity rules", "pod-affinity"},
    {"Insufficient", "insufficient-resources"},
    {"Too many pods", "too-many-pods"},
    {"max volume count", "volume-limit-reached"},
    {"bound to non-existent pv", "claim-lost"},
    {"non-existent persistentvolume", "claim-lost"},
    {"volume node affinity conflict", "volume-node-conflict"},
    {"PersistentVolume's node affinity", "volume-node-conflict"},
    {"no available volume zone", "volume-node-conflict"},
    {"available persistent volumes to bind", "no-volume-available"},
    {"enough free storage", "no-volume-available"},
    {"ReadWriteOncePod", "volume-in-use"},
    {"unbound immediate", "claim-not-bound"},
}};

std::string_view id_of(std::string_view words) {
  const auto known = std::find_if(kKnown.begin(), kKnown.end(), [&](const auto& entry) {
    return words.find(entry.first) != std::string_view::npos;
  });
  return known == kKnown.end() ? std::string_view{} : known->second;
}

// A reason begins with a number of nodes: ", 2 node(s) ...". Values of taints may hold commas themselves.
std::size_t next_reason(std::string_view text, std::size_t from) {
  for (auto comma = text.find(", ", from); comma != std::string_view::npos;
       comma = text.find(", ", comma + 1))
    if (comma + 2 < text.size() && text[comma + 2] >= '0' && text[comma + 2] <= '9') return comma;
  return text.size();
}

// Nodes that were never meant for the pod tell less than one that it could have had.
bool is_of_unmeant_node(const SchedulerReason& reason) {
  return reason.id == "taint-not-tolerated" || reason.id == "node-selector-matches-none";
}

}  // namespace

std::vector<SchedulerReason> scheduler_reasons(std::string_view message) {
  constexpr std::string_view kBegin = "available: ";
  std::vector<SchedulerReason> reasons;
  const auto begin = message.find(kBegin);
  if (begin == std::string_view::npos) return reasons;
  std::string_view text = message.substr(begin + kBegin.size());
  if (const auto end = text.find(". "); end != std::string_view::npos) text = text.substr(0, end);
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = next_reason(text, at);
    const std::string_view one = text.substr(at, end - at);
    SchedulerReason reason;
    const auto [rest, error] = std::from_chars(one.data(), one.data() + one.size(), reason.nodes);
    const auto digits = static_cast<std::size_t>(rest - one.data());
    if (error == std::errc{} && digits < one.size()) {
      reason.words = std::string{one.substr(digits + 1)};
    } else {  // of all nodes: "pod has unbound immediate PersistentVolumeClaims"
      reason.nodes = 0;
      reason.words = std::string{one};
    }
    reason.id = id_of(reason.words);
    if (!reason.words.empty()) reasons.push_back(std::move(reason));
    at = end + 2;
  }
  return reasons;
}

const SchedulerReason* decisive(const std::vector<SchedulerReason>& reasons) {
  const SchedulerReason* most = nullptr;
  for (const SchedulerReason& reason : reasons) {
    if (reason.id.empty()) continue;
    const bool better =
        most == nullptr || (is_of_unmeant_node(*most) && !is_of_unmeant_node(reason)) ||
        (is_of_unmeant_node(*most) == is_of_unmeant_node(reason) && reason.nodes > most->nodes);
    if (better) most = &reason;
  }
  return most;
}

}  // namespace stateproof::diagnosis
