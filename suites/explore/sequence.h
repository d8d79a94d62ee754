#pragma once

#include <cstdint>
#include <vector>

#include "suites/explore/operation.h"
#include "suites/explore/world.h"

namespace stateproof::explore {

/// A set and what is done to it.
struct Sequence {
  std::uint32_t seed = 0;
  Shape shape;
  std::vector<Operation> operations;
  friend bool operator==(const Sequence&, const Sequence&) = default;
};

/// What may be drawn beyond a set and its surroundings.
struct Licence {
  bool controller = false;  ///< the controller manager may be restarted
};

/// The same seed gives the same sequence, everywhere; a longer one begins with the shorter one. Each
/// operation meets its precondition after those before it.
Sequence draw(std::uint32_t seed, int count, const Licence& licence = {});

/// Those of these numbers that still meet their preconditions when the others are left out.
Sequence only(const Sequence& sequence, const std::vector<int>& numbers);

std::vector<int> numbers_of(const Sequence& sequence);

}  // namespace stateproof::explore
