#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/model/served.h"

namespace stateproof::report {

/// A line for each disruption and for each distribution, under headings; empty when there are none. `seed`:
/// of the order in which the disruptions were played.
std::string served_text(const Served& served, const std::string& scenario, std::uint32_t seed);

/// The same as HTML tables.
std::string served_tables(const Served& served, std::uint32_t seed);

/// The same as names and values: {"write gap after kill-primary", "2.91 s"}.
std::map<std::string, std::string> served_properties(const Served& served);

}  // namespace stateproof::report
