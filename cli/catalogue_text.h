#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace stateproof::cli {

/// The catalogue of promises for people: docs/CONFORMANCE.md is this text.
std::string catalogue_markdown();

/// The same for programs: an array with one object for each requirement.
nlohmann::json catalogue_json();

}  // namespace stateproof::cli
