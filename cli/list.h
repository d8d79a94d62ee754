#pragma once

#include <nlohmann/json.hpp>

namespace stateproof::cli {

/// Everything that can be played or judged, as it is declared in code: scenarios, promises, mutants and
/// faults, each with the labels by which ctest selects it. ctest's own list is written from this.
/// Times are in seconds, as measured on a kind cluster with two cores.
nlohmann::json list_json();

/// The same names for people.
std::string list_text();

}  // namespace stateproof::cli
