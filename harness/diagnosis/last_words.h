#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/diagnosis/finding.h"

namespace stateproof::diagnosis {

/// The last lines of a text that are not empty.
std::vector<std::string> last_lines(const std::string& text, std::size_t count);

/// Cause that a text names, with the line as evidence. `only`: of these causes; none: of all.
std::optional<Finding> known_line(const std::string& words, const Evidence& where,
                                  const std::string& container,
                                  std::initializer_list<std::string_view> only = {});

/// What an exit code says by itself: "127: a command was not found"; empty when nothing.
std::string exit_meaning(std::int64_t code);

/// A line that a program has said at least `times` times at its end: it waits for something.
std::string repeated_line(const std::string& log, std::size_t times);

}  // namespace stateproof::diagnosis
