#pragma once

#include <string>

#include "cli/command_tree.h"

namespace stateproof::cli {

/// The manual page, in the language of man(7).
std::string manual(const Command& root, const std::string& version);

}  // namespace stateproof::cli
