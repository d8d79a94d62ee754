#pragma once

#include <chrono>
#include <stop_token>

namespace stateproof::kube {

/// A server that asks for more patience is not going to answer within anybody's deadline.
inline constexpr std::chrono::seconds kMostPatience{60};

/// Waits that double up to a limit, each shortened at random by up to a half, so that many clients which lost
/// the same server do not come back at the same moment.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds limit) : first_(first), limit_(limit) {}

  std::chrono::milliseconds next();
  void reset() { taken_ = 0; }
  [[nodiscard]] int taken() const { return taken_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds limit_;
  int taken_ = 0;
};

/// Comes back when the time is over, or a stop is requested.
void pause(std::chrono::milliseconds duration, const std::stop_token& stop);

}  // namespace stateproof::kube
