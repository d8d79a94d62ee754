#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

/// Why the binder does not give a volume to a claim.
/// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
struct Mismatch {
  std::string_view what;  ///< "class", "size", "access modes", "volume mode", "labels", "claimRef", "phase"
  std::string wanted;     ///< by the claim
  std::string has;        ///< the volume
};

/// Empty when the volume can be bound to the claim.
std::vector<Mismatch> mismatches(const nlohmann::json& claim, const nlohmann::json& volume);

/// Of the volumes that stand already the one that comes nearest to what the claim asks for: the one that it
/// names, one that is reserved for it, else the one of its class with the fewest mismatches.
struct Candidate {
  const nlohmann::json* volume = nullptr;
  std::vector<Mismatch> mismatches;
};
std::optional<Candidate> nearest_volume(const Workload& workload, const nlohmann::json& claim);

}  // namespace stateproof::diagnosis
