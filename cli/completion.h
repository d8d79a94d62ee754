#pragma once

#include <array>
#include <string>
#include <string_view>

#include "cli/command_tree.h"

namespace stateproof::cli {

inline constexpr std::array kShells{"bash", "zsh", "fish"};

/// A script for this shell, one of kShells, that completes commands, options and the values that they name.
/// Where any value will do, files are offered.
std::string completion(const Command& root, std::string_view shell);

}  // namespace stateproof::cli
