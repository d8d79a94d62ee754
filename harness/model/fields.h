#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "harness/model/ids.h"
#include "harness/model/rfc3339.h"

namespace stateproof::fields {

/// Fields of an object as served. One that is missing, or of another type, reads as null, "", 0, false.

const nlohmann::json& member(const nlohmann::json& object, const char* key);

/// A member of a member: in(pod, "spec", "affinity").
template <class... Keys>
const nlohmann::json& in(const nlohmann::json& object, const char* key, Keys... more) {
  if constexpr (sizeof...(more) == 0)
    return member(object, key);
  else
    return in(member(object, key), more...);
}

std::string text(const nlohmann::json& object, const char* key);
std::string text_or(const nlohmann::json& object, const char* key, const char* otherwise);
std::int64_t number(const nlohmann::json& object, const char* key, std::int64_t otherwise = 0);
int small_number(const nlohmann::json& object, const char* key, int otherwise = 0);
bool flag(const nlohmann::json& object, const char* key, bool otherwise = false);
std::optional<Timestamp> time(const nlohmann::json& object, const char* key);
/// Members of an object that are strings.
std::map<std::string, std::string> texts(const nlohmann::json& object, const char* key);
/// When an Event was seen last.
std::optional<Timestamp> time_of_event(const nlohmann::json& event);
/// Of an object reference such as involvedObject or claimRef.
ObjectRef reference(const nlohmann::json& object);

}  // namespace stateproof::fields
