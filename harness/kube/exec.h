#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kube/client.h"

namespace stateproof::kube {

struct PodRef {
  std::string ns;
  std::string name;
  std::string container;  ///< empty: the pod's only container
};

struct ExecResult {
  int exit_code = 0;
  std::string out;
  std::string err;
};

struct ExecRequest {
  PodRef pod;
  std::vector<std::string> command;
  std::string input;                         ///< sent to stdin, then closed (v5) ; see `needs_input_close`
  bool wants_input = false;                  ///< open stdin even when `input` is empty
  std::chrono::milliseconds limit{30'000};   ///< of the whole call
  std::size_t max_output_bytes = 8U << 20U;  ///< more is kProtocol
  std::stop_token stop;
};

/// Runs a command to its end. A non-zero exit code is a result, not an error; no status before the close,
/// a refused upgrade or a lost connection is an ApiError. Offers v5.channel.k8s.io and v4.channel.k8s.io.
Result<ExecResult> exec(const Client& client, const ExecRequest& request);

/// A command that goes on: each complete line of its stdout is handed to `on_line`, on a thread of its own.
class ExecStream {
 public:
  struct Callbacks {
    std::function<void(std::string line)> on_line;
    /// Called once, last: exit code, or why the stream was lost.
    std::function<void(const Result<ExecResult>& end)> on_end;
  };
  static Result<std::unique_ptr<ExecStream>> start(const Client& client, ExecRequest request,
                                                   Callbacks callbacks);
  virtual ~ExecStream() = default;  ///< closes the stream and joins
  /// Writes to the command's stdin. Thread safe.
  virtual Result<void> write(std::string_view bytes) = 0;
  virtual void close() = 0;
};

}  // namespace stateproof::kube
