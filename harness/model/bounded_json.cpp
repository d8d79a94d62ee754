#include "harness/model/bounded_json.h"

namespace stateproof {
namespace {

// Counted before anything is built, for a parser that has begun builds all of it.
bool is_within(std::string_view text, const JsonLimits& limits) {
  std::size_t depth = 0;
  std::size_t values = 1;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (c == '[' || c == '{' || c == ',') ++values;
    if (depth > limits.depth || values > limits.values) return false;
  }
  return true;
}

}  // namespace

std::optional<nlohmann::json> parse_bounded_json(std::string_view text, const JsonLimits& limits) {
  if (!is_within(text, limits)) return std::nullopt;
  auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

}  // namespace stateproof
