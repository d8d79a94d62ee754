#pragma once

#include <string>
#include <string_view>

#include "harness/kube/error.h"

namespace stateproof::kube {

/// The exit code that the status message of an exec stands for. Any other failure than that of the command
/// itself (no such container, no such program, the runtime is gone) is an ApiError with `request` in it.
Result<int> parse_exec_status(std::string_view json, const std::string& request);

}  // namespace stateproof::kube
