#pragma once

#include <nlohmann/json.hpp>

#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

/// What an event FailedCreate of the set's controller means: quota, admission, webhook, or what else the API
/// server refused a pod or a claim for.
Finding refusal(const Workload& workload, const nlohmann::json& event);

}  // namespace stateproof::diagnosis
