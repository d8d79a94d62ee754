#pragma once

#include <functional>
#include <vector>

namespace stateproof::explore {

/// Whether what was found is found again when only these operations are played.
using Shows = std::function<bool(const std::vector<int>& numbers)>;

/// Delta debugging (Zeller, ddmin): a sequence, as short as it becomes within `replays` calls of `shows`,
/// that still shows it. The result is `numbers` themselves or was shown.
std::vector<int> shrink(std::vector<int> numbers, const Shows& shows, int replays);

}  // namespace stateproof::explore
