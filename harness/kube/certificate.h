#pragma once

#include <optional>
#include <string>

#include "harness/model/rfc3339.h"

namespace stateproof::kube {

/// When the first certificate of this PEM text ends; nullopt when there is none that can be read.
std::optional<Timestamp> certificate_end(const std::string& pem);

}  // namespace stateproof::kube
