#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace stateproof {

/// Limits of a JSON text that somebody else wrote: within them it can be copied, printed and thrown away
/// without running out of stack or memory.
struct JsonLimits {
  std::size_t depth = 200;         ///< of the deepest member; the API server's own objects stay below 50
  std::size_t values = 4'000'000;  ///< elements and members of all that it holds
};

/// nullopt when it is no JSON, or beyond a limit.
std::optional<nlohmann::json> parse_bounded_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace stateproof
