#pragma once

#include <string_view>

#include "harness/check/evidence/judgement.h"
#include "harness/model/timeline.h"

namespace stateproof::check {

/// What may keep a controller from paying, and is not its own: then its debt condemns nobody.
struct Hindrances {
  bool refusals = false;    ///< admission or a quota refuses its pods, or it has not been heard of since
  bool stuck_pods = false;  ///< pods that it waits for have no node, no image, or a node that is not Ready
};
inline constexpr Hindrances kAnyHindrance{true, true};
inline constexpr Hindrances kRefusalsOnly{true, false};
inline constexpr Hindrances kNoHindrance{false, false};

/// Something that the controller of a StatefulSet, or one that works beside it, owed when a step's time was
/// over.
struct Debt {
  std::string_view set;                ///< by name, in the subject's namespace
  const Observation* begin = nullptr;  ///< of the step
  const Observation* end = nullptr;    ///< when it timed out
  Hindrances hindrances = kAnyHindrance;
  const Observation* since = nullptr;  ///< entry that made it due; null: whatever changed last
};

/// The latest entry between these two that changed what controllers act on: pods, claims, volumes, sets,
/// nodes, or something that was done on purpose; or that may hide such a change, the gap of one of their
/// watches. `begin` when nothing did.
const Observation& latest_change(const Timeline& timeline, const Observation& begin, const Observation& end);

/// The latest entry between these two that a watch delivered; null when none did.
const Observation* last_delivered(const Timeline& timeline, const Observation& begin, const Observation& end);

/// Whether the debt has been due for longer than any controller may take, while the controller was seen
/// alive, and with nothing else in the way. What was in the way is a doubt.
bool is_overdue(const Timeline& timeline, const Debt& debt, Judgement& judgement);

}  // namespace stateproof::check
