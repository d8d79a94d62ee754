#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/model/promise.h"

namespace stateproof::cli {

struct RbacOptions {
  std::string profile = "quick";
  std::string name = "stateproof";       ///< of the ClusterRole, its binding and the ServiceAccount
  std::string ns = "stateproof-runner";  ///< of the ServiceAccount
};

/// A ServiceAccount in its namespace with exactly the rights that a run of this profile needs. Namespaces are
/// created by the run, so that its rights in them can stand in no Role.
std::vector<nlohmann::json> rbac_objects(const RbacOptions& options);
/// The same as manifests.
std::string rbac_text(const RbacOptions& options);

}  // namespace stateproof::cli
