#pragma once

#include <stop_token>
#include <thread>

namespace stateproof::cli {

/// SIGINT, SIGTERM and SIGHUP as stop tokens: the first asks the work to end and clean up, the second asks
/// the cleaning up to end, too. Make it before any thread is started: threads inherit the blocked signals.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }
  [[nodiscard]] std::stop_token hurry() const { return hurry_.get_token(); }
  /// Comes back with the first of them.
  void await() const;

 private:
  void wait();
  std::stop_source stop_;
  std::stop_source hurry_;
  std::thread waiter_;
};

}  // namespace stateproof::cli
