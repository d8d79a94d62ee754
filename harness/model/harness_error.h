#pragma once

#include <string>

namespace stateproof {

/// Trouble of the harness or of what it was given: never a verdict on the cluster, always exit code 2.
struct HarnessError {
  std::string sentence;  ///< cause and next step
};

}  // namespace stateproof
