#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace stateproof {

/// Stands where something was taken out.
inline constexpr std::string_view kRedacted = "(redacted)";

/// A text without what looks like a credential: the value after a name or an option like password, DB_PASS or
/// token, the -pWORD of database clients, what a user is IDENTIFIED BY, Authorization headers, private keys,
/// JSON Web Tokens and others that are known by their beginning, the user part of a URL. References
/// ("$PASSWORD") and "password: YES" stay.
std::string redacted_text(std::string_view text);

/// An object as served without managedFields, without the annotation that repeats it, and without literal
/// values of variables, data and annotations whose name says that they are secret. Texts and command lines in
/// it are redacted.
nlohmann::json redacted_object(nlohmann::json object);

/// The same of an object that is somebody else's: no variable keeps its literal value, whatever its name.
nlohmann::json discreet_object(nlohmann::json object);

}  // namespace stateproof
