#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "harness/kube/client.h"
#include "harness/model/harness_error.h"
#include "harness/workload/contract.h"

namespace stateproof::cli {

/// The manifests of a running StatefulSet ("NAMESPACE/NAME") and of what its pods need: Services that select
/// them, budgets, ConfigMaps, Secrets, claims, and the ServiceAccount with its roles, as somebody would write
/// them for another namespace. Reads only. Nothing of it is written to a disk.
tl::expected<std::vector<workload::SourceFile>, HarnessError> copy_set(const kube::Client& client,
                                                                       const std::string& set);

/// What is left of an object as served when all is taken away that only its own namespace gave it.
nlohmann::json without_its_place(nlohmann::json object);

}  // namespace stateproof::cli
