#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace stateproof::evidence {

/// Stands where something was taken out.
inline constexpr std::string_view kRedacted = "(redacted)";

/// A text without what looks like a credential: the value after a word like password or token, "Bearer ...",
/// JSON Web Tokens, the user part of a URL. References ("$PASSWORD") and "password: YES" stay.
std::string redacted_text(std::string_view text);

/// An object as served without managedFields, without the annotation that repeats it, and without literal
/// values of variables, data and annotations whose name says that they are secret. Texts in it are redacted.
nlohmann::json redacted_object(nlohmann::json object);

}  // namespace stateproof::evidence
