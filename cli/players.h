#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/kube/file_descriptor.h"

namespace stateproof::cli {

/// Processes of this program that play scenarios side by side, each in a process group of its own: a terminal
/// interrupts us alone, and we hand it on once. They end with us. What they print goes to a log, and what
/// each used; only their progress is shown.
class Players {
 public:
  struct Ended {
    std::string name;
    int code = 0;  ///< exit code; of a process that a signal ended: 128 and the signal's number
  };

  /// Both tokens are handed on as an interrupt: `stop` asks for the end, `hurry` for leaving everything as it
  /// is. Appends to `log`.
  Players(const std::filesystem::path& log, const std::stop_token& stop, const std::stop_token& hurry);
  Players(const Players&) = delete;
  Players& operator=(const Players&) = delete;
  ~Players() = default;

  /// Starts this program with these arguments; false when no process can be had.
  bool start(const std::string& name, std::vector<std::string> arguments);
  [[nodiscard]] std::size_t running() const;
  /// Waits for the first that ends; nullopt when none is running.
  std::optional<Ended> await_one();

 private:
  void interrupt_all();

  mutable std::mutex mutex_;
  std::map<pid_t, std::string> names_;  ///< guarded by mutex_; no process in it has been reaped
  kube::FileDescriptor log_;
  std::stop_callback<std::function<void()>> on_stop_;
  std::stop_callback<std::function<void()>> on_hurry_;
};

}  // namespace stateproof::cli
