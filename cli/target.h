#pragma once

#include <optional>
#include <string>
#include <vector>

namespace stateproof::cli {

/// Name of the set in "statefulset/web", "sts/web", "statefulset web", as kubectl takes it; nullopt when it
/// is none of these.
std::optional<std::string> set_of(const std::vector<std::string>& target);

}  // namespace stateproof::cli
