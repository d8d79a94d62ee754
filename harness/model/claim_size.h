#pragma once

#include <nlohmann/json.hpp>

namespace stateproof {

/// How much storage a claim asks for and has, in bytes; 0 where it does not say.
struct ClaimSize {
  double requested = 0;      ///< spec.resources.requests.storage
  double capacity = 0;       ///< status.capacity.storage
  bool awaits_node = false;  ///< condition FileSystemResizePending: it grows when a pod starts with it
};

/// Of a PersistentVolumeClaim as served.
ClaimSize claim_size(const nlohmann::json& claim);

}  // namespace stateproof
