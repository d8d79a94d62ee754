#include "harness/model/fields.h"

namespace stateproof::fields {

using nlohmann::json;

const json& member(const json& object, const char* key) {
  static const json missing;
  if (!object.is_object()) return missing;
  const auto found = object.find(key);
  return found == object.end() ? missing : *found;
}

std::string text(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

std::string text_or(const json& object, const char* key, const char* otherwise) {
  std::string value = text(object, key);
  return value.empty() ? otherwise : value;
}

std::int64_t number(const json& object, const char* key, std::int64_t otherwise) {
  const json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

int small_number(const json& object, const char* key, int otherwise) {
  return static_cast<int>(number(object, key, otherwise));
}

bool flag(const json& object, const char* key, bool otherwise) {
  const json& value = member(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

std::optional<Timestamp> time(const json& object, const char* key) {
  return parse_rfc3339(text(object, key));
}

std::map<std::string, std::string> texts(const json& object, const char* key) {
  std::map<std::string, std::string> result;
  const json& members = member(object, key);
  if (!members.is_object()) return result;
  for (const auto& [name, value] : members.items())
    if (value.is_string()) result.emplace(name, value.get<std::string>());
  return result;
}

std::optional<Timestamp> time_of_event(const json& event) {
  if (auto at = time(member(event, "series"), "lastObservedTime")) return at;
  if (auto at = time(event, "lastTimestamp")) return at;
  if (auto at = time(event, "eventTime")) return at;
  return time(member(event, "metadata"), "creationTimestamp");
}

ObjectRef reference(const json& object) {
  return {text(object, "kind"), text(object, "namespace"), text(object, "name"), Uid{text(object, "uid")}};
}

}  // namespace stateproof::fields
