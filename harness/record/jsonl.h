#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "harness/model/timeline.h"

namespace stateproof::record {

/// Version of the format below. A reader refuses what it does not know.
inline constexpr const char* kSchema = "stateproof.recording/1";

/// One line each, without the newline. Text that is not UTF-8 is replaced, never refused.
std::string header_line(const Header& header);
std::string observation_line(const Observation& observation);
std::string end_line(const End& end);

/// The entry of one such line; nullopt: it has none that can be read.
std::optional<Observation> read_observation(const std::string& line);

/// Why a file is not a recording that can be judged: one sentence with the next step.
struct RecordingError {
  std::string sentence;
};

/// Reads a whole recording. A last line without its end (the recorder was killed) is dropped and `finish`
/// stays empty; any other damage is an error that names the line.
tl::expected<Timeline, RecordingError> load_recording(const std::string& path);

}  // namespace stateproof::record
