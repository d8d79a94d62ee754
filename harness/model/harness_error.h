#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace stateproof {

/// Trouble of the harness or of what it was given: never a verdict on the cluster, always exit code 2.
struct HarnessError {
  std::string sentence;  ///< cause and next step
};

inline tl::unexpected<HarnessError> fail(std::string sentence) {
  return tl::make_unexpected(HarnessError{std::move(sentence)});
}

}  // namespace stateproof
