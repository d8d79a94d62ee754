#include "cli/interrupt.h"

#include <condition_variable>
#include <csignal>
#include <iostream>
#include <mutex>

namespace stateproof::cli {
namespace {

// SIGUSR1 is for ourselves: it ends the waiter.
sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  // A shell starts background jobs with SIGINT ignored.
  std::signal(SIGINT, SIG_DFL);
  const sigset_t set = signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  waiter_ = std::thread([this] { wait(); });
}

Interrupt::~Interrupt() {
  pthread_kill(waiter_.native_handle(), SIGUSR1);
  waiter_.join();
}

void Interrupt::await() const {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop(), [] { return false; });
}

void Interrupt::wait() {
  const sigset_t set = signals();
  for (int signal = 0; sigwait(&set, &signal) == 0 && signal != SIGUSR1;) {
    if (!stop_.stop_requested()) {
      std::cerr << "\nInterrupted: cleaning up (interrupt again to leave everything in place).\n";
      stop_.request_stop();
    } else {
      hurry_.request_stop();
    }
  }
}

}  // namespace stateproof::cli
