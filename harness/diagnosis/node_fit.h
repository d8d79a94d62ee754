#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

/// Of the terms of an affinity: those that the scheduler must keep.
inline constexpr const char* kRequired = "requiredDuringSchedulingIgnoredDuringExecution";

/// Why a node does not take a pod.
struct Objection {
  std::string_view id;  ///< of the finding: "pod-anti-affinity"
  std::string words;    ///< "pod shop/web-0 is there"
  std::string ns = {};  ///< of the pod that stands in the way; empty when it is none
  std::string pod = {};
};

/// What the objects show against a pod on each node, as the scheduler's filters do.
struct NodeFit {
  const nlohmann::json* node = nullptr;
  std::vector<Objection> objections;  ///< as the filters go
  [[nodiscard]] const Objection* of(std::string_view id) const;
};

/// Every node of the snapshot.
std::vector<NodeFit> node_fits(const Workload& workload, const SeenPod& seen);

/// Taints that keep this pod away.
std::vector<const nlohmann::json*> repelling(const nlohmann::json& pod, const nlohmann::json& node);
std::string taint_text(const nlohmann::json& taint);
/// Resources that the pod asks for, other than none.
std::vector<std::string> asked_resources(const nlohmann::json& pod);
/// "512Mi", "250m", "3"
std::string amount_text(const std::string& resource, double amount);
/// Host ports that the pod asks for: "TCP 3306".
std::vector<std::string> host_ports(const nlohmann::json& pod);
/// Where a bound volume can be used; null when everywhere.
const nlohmann::json& volume_terms(const nlohmann::json& volume);
/// A hard topology spread constraint: the fewest pods in a domain, and how many each domain has.
struct Spread {
  const nlohmann::json* constraint = nullptr;
  std::size_t index = 0;  ///< in spec.topologySpreadConstraints
  std::map<std::string, int> domains;
  int fewest = 0;
};
std::vector<Spread> hard_spreads(const Workload& workload, const SeenPod& seen);

}  // namespace stateproof::diagnosis
