#pragma once

#include <cstdint>
#include <string>

#include "harness/model/timeline.h"

namespace stateproof::replay {

/// A recording as it might have been made of the very same conforming cluster.
struct HarmlessHistory {
  Timeline timeline;
  std::string told;  ///< what was done to the good recording, for people
};

/// What may happen to whoever records, or beside a conforming cluster, without the cluster breaking a
/// promise: the recording is cut off, watches lose stretches and are listed anew, steps run out of their
/// time, requests fail, clocks jump, watches are delivered in another order, pods wait for a node, others are
/// refused by admission. One to four such things, chosen by `seed`: the same seed always gives the same
/// history.
HarmlessHistory harmless(const Timeline& good, std::uint64_t seed);

/// The recording with a stretch before the entry with index `before` that one watch, or each, lost and listed
/// anew: whatever the stretch showed is told by its outcome alone.
HarmlessHistory with_hole_before(const Timeline& timeline, std::size_t before, std::uint64_t seed);

}  // namespace stateproof::replay
