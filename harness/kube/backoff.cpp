#include "harness/kube/backoff.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace stateproof::kube {

std::chrono::milliseconds Backoff::next() {
  const int doublings = std::min(taken_++, 20);  // far above any limit, far below an overflow
  const auto whole = std::min<std::chrono::milliseconds>(first_ * (1L << doublings), limit_);
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::chrono::milliseconds::rep> shortening(0, whole.count() / 2);
  return whole - std::chrono::milliseconds{shortening(random)};
}

void pause(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace stateproof::kube
