#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "harness/diagnosis/finding.h"
#include "harness/diagnosis/snapshot.h"

namespace stateproof::diagnosis {

/// What keeps this StatefulSet from being what its spec says: each cause once, what follows from it named in
/// the finding. A pure function. Something that is still under way is no finding: ages are taken from the
/// objects' own times against `snapshot.taken`.
std::vector<Finding> diagnose(const Snapshot& snapshot, const nlohmann::json& set);

}  // namespace stateproof::diagnosis
