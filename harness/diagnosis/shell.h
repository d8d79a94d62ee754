#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace stateproof::diagnosis {

/// One word for a POSIX shell, quoted where it must be. A placeholder in angle brackets that is a whole word
/// stays bare: a shell refuses to run it.
std::string shell_word(std::string_view word);

/// A command line of these words.
std::string command_line(const std::vector<std::string>& words);

/// Creates an object (or what is below it in `-n NS`; empty: cluster-wide) that is given on standard input.
std::string create_command(const std::string& ns, const nlohmann::json& object);

}  // namespace stateproof::diagnosis
