#include "suites/explore/shrink.h"

#include <algorithm>
#include <cstddef>
#include <set>

namespace stateproof::explore {
namespace {

/// Without the elements of part `part` of `parts` equal ones.
std::vector<int> without_part(const std::vector<int>& numbers, std::size_t part, std::size_t parts) {
  const auto at = [&](std::size_t i) { return static_cast<std::ptrdiff_t>(numbers.size() * i / parts); };
  std::vector<int> rest(numbers.begin(), numbers.begin() + at(part));
  rest.insert(rest.end(), numbers.begin() + at(part + 1), numbers.end());
  return rest;
}

}  // namespace

std::vector<int> shrink(std::vector<int> numbers, const Shows& shows, int replays) {
  std::set<std::vector<int>> tried;
  std::size_t parts = 2;
  while (!numbers.empty()) {
    parts = std::min(parts, numbers.size());
    bool smaller = false;
    // What came last is the likeliest to have nothing to do with it.
    for (std::size_t part = parts; part-- > 0 && !smaller;) {
      std::vector<int> rest = without_part(numbers, part, parts);
      if (!tried.insert(rest).second) continue;
      if (replays-- <= 0) return numbers;
      if (!shows(rest)) continue;
      numbers = std::move(rest);
      smaller = true;
    }
    if (smaller)
      parts = std::max<std::size_t>(parts - 1, 2);
    else if (parts >= numbers.size())
      return numbers;
    else
      parts *= 2;
  }
  return numbers;
}

}  // namespace stateproof::explore
