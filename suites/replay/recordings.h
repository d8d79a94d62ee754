#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::replay {

/// Unpacked recordings, sorted by name.
std::vector<std::filesystem::path> histories();

/// Throws when it cannot be read.
Timeline load(const std::filesystem::path& path);

/// The good recording of each scenario.
const std::map<std::string, Timeline>& good_recordings();

/// Names of the files with good recordings, a salvaged run among them; none is read for it.
std::vector<std::string> names_of_good_recordings();
/// The good recording of a scenario has its name.
Timeline load_named(const std::string& name);

/// How many of so many histories are made of this recording: the larger it is the fewer, for each takes
/// longer, but never fewer than a hundredth.
std::uint64_t share_of(std::uint64_t histories, const std::string& name);

}  // namespace stateproof::replay
