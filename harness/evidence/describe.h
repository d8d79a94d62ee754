#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace stateproof::evidence {

/// Objects as served, by kind.
using ObjectsByKind = std::map<std::string, std::vector<nlohmann::json>>;

/// What a person wants to know of sets, pods, claims, volumes, Services, budgets, nodes and classes, in this
/// order, each with its events.
std::string describe(const ObjectsByKind& objects);

/// Events in the order of their time, a line each.
std::string events_text(const std::vector<nlohmann::json>& events);

}  // namespace stateproof::evidence
