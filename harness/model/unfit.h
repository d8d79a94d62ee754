#pragma once

#include <stdexcept>

namespace stateproof {

/// What came from outside is not what it has to be: says what, without a full stop.
struct Unfit : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace stateproof
