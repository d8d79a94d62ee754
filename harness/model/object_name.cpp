#include "harness/model/object_name.h"

#include <algorithm>

#include "harness/model/fields.h"

namespace stateproof {
namespace {

constexpr std::size_t kLongest = 253;

bool is_allowed(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || c == '-' || c == '.' || c == '_' || c == ':';
}

bool is_absent_or_name(const nlohmann::json& value) {
  if (value.is_null()) return true;
  if (!value.is_string()) return false;
  const std::string& text = value.get_ref<const std::string&>();
  return text.empty() || is_object_name(text);
}

}  // namespace

bool is_object_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongest && name != "." && name != ".." && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

std::optional<std::pair<std::string, std::string>> parse_namespaced_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == text.size()) return std::nullopt;
  return std::pair{std::string{text.substr(0, slash)}, std::string{text.substr(slash + 1)}};
}

bool has_object_names(const nlohmann::json& object) {
  const nlohmann::json& metadata = fields::member(object, "metadata");
  return is_absent_or_name(fields::member(metadata, "name")) &&
         is_absent_or_name(fields::member(metadata, "namespace"));
}

}  // namespace stateproof
