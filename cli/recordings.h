#pragma once

#include <filesystem>
#include <tl/expected.hpp>
#include <vector>

#include "harness/model/harness_error.h"
#include "harness/model/promise.h"

namespace stateproof::cli {

/// Recordings in a run's folder, in a folder of recordings, or the file itself; sorted.
std::vector<std::filesystem::path> recordings_in(const std::filesystem::path& path);

/// Folder of the run that a recording belongs to, or that `path` is itself.
std::filesystem::path run_folder_of(const std::filesystem::path& path);

/// What a recording of this scenario is judged on.
std::vector<Promise> promises_for(std::string_view scenario);

/// Recordings that no run planned, a mutant's for example, become a run: every promise of their scenarios is
/// judged and saved.
tl::expected<void, HarnessError> make_run_of_recordings(const std::filesystem::path& out);

/// A scenario of the plan that was recorded without an end: its process was killed. Its
/// result is saved as the harness's error. Nobody may play in this folder meanwhile.
tl::expected<void, HarnessError> tell_killed_scenarios(const std::filesystem::path& out);

}  // namespace stateproof::cli
