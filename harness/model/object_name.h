#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace stateproof {

/// Whether an object may have this name, as far as it matters here: a segment of a path, of printable ASCII
/// without a blank. Narrower than what some kinds are allowed, wider than a DNS subdomain.
bool is_object_name(std::string_view name);

/// The two parts of "namespace/name"; nullopt when it is not that.
std::optional<std::pair<std::string, std::string>> parse_namespaced_name(std::string_view text);

/// Whether name and namespace of a served object are such; what it does not have is not missed. Whoever
/// serves another is no API server, and its names would become paths of files and words of commands.
bool has_object_names(const nlohmann::json& object);

}  // namespace stateproof
