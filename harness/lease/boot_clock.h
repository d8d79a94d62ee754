#pragma once

#include <chrono>

namespace stateproof::lease {

/// Time since this machine started, also while it slept or this process was stopped: nobody can set it.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  static time_point now();
};

}  // namespace stateproof::lease
