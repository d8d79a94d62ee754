#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace stateproof {

/// A point in the API server's time; most of its fields have whole seconds only.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// "2026-03-01T10:00:00Z", with optional fraction and offset; nullopt when it is not RFC 3339.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// UTC with milliseconds: "2026-03-01T10:00:00.000Z".
std::string format_rfc3339(Timestamp time);

}  // namespace stateproof
