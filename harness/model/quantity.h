#pragma once

#include <optional>
#include <string_view>

namespace stateproof {

/// A Kubernetes quantity in its base unit (cores, bytes, objects): "250m", "1.5", "64Mi", "2k", "1e3".
std::optional<double> parse_quantity(std::string_view text);

}  // namespace stateproof
