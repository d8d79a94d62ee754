#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace stateproof::workload {

/// One document of a YAML stream.
struct Document {
  nlohmann::json value;
  int line = 1;                      ///< that it begins on
  std::map<std::string, int> lines;  ///< of each value, by its JSON pointer

  /// The line of the value with this JSON pointer, or of the nearest one that contains it.
  [[nodiscard]] int line_of(std::string pointer) const;
};

/// What is no YAML, or more than anybody writes.
struct BadYaml : std::invalid_argument {
  BadYaml(int at_line, const std::string& why) : std::invalid_argument(why), line(at_line) {}
  int line;
};

/// The documents of a stream, empty ones left out, read as kubectl does: the core schema of YAML 1.2, and
/// octal numbers and merge keys as YAML 1.1 has them. Throws BadYaml.
std::vector<Document> read_yaml(std::string_view text);

}  // namespace stateproof::workload
