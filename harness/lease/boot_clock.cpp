#include "harness/lease/boot_clock.h"

#include <ctime>

namespace stateproof::lease {

BootClock::time_point BootClock::now() {
  timespec since_start{};
  ::clock_gettime(CLOCK_BOOTTIME, &since_start);
  return time_point{std::chrono::seconds{since_start.tv_sec} + std::chrono::nanoseconds{since_start.tv_nsec}};
}

}  // namespace stateproof::lease
