#pragma once

#include <optional>
#include <string>

#include "harness/model/timeline.h"

namespace stateproof::check {

/// What every verdict takes for granted of a recording, and where this one breaks it; nullopt when it does
/// not. Such a recording proves nothing, neither for the cluster nor against it:
/// - what one watch delivers live has rising resourceVersions, and times never fall;
/// - nothing ends that never was: no step without a begin, no object that was never seen;
/// - the subject's namespace is one object, and is left to us until the clean-up.
std::optional<std::string> broken_assumption(const Timeline& timeline);

}  // namespace stateproof::check
