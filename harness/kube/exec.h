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
  std::string container{};  ///< empty: the pod's only container
};

struct ExecResult {
  int exit_code = 0;
  std::string out;
  std::string err;
};

struct ExecRequest {
  PodRef pod;
  std::vector<std::string> command;
  std::string input{};       ///< sent to stdin; exec() then closes it, a stream leaves it open for write()
  bool wants_input = false;  ///< open stdin even when `input` is empty
  /// The command knows by itself where its input ends, as `head -c N` does. Without this, exec() with input
  /// fails on a server that speaks only v4: there stdin cannot be closed, and the command would wait for its
  /// end for ever.
  bool input_is_bounded = false;
  std::chrono::milliseconds limit{30'000};  ///< of the whole call; of a stream's start
  std::size_t max_output_bytes =
      8U << 20U;  ///< stdout and stderr together, or one line of a stream; more is kProtocol
  std::stop_token stop{};
};

/// Runs a command to its end. A non-zero exit code is a result, not an error; no status before the close,
/// a refused upgrade or a lost connection is an ApiError. Offers v5.channel.k8s.io and v4.channel.k8s.io.
Result<ExecResult> exec(const Client& client, const ExecRequest& request);

/// A command that keeps running: each complete line of its stdout is handed to `on_line`, on a thread of its
/// own.
class ExecStream {
 public:
  struct Callbacks {
    std::function<void(std::string line)> on_line;  ///< without its newline
    /// Called once, last: exit code, or why the stream was lost (kCancelled after close()). `out` is what
    /// followed the last newline, `err` the last 64 KiB of stderr.
    std::function<void(const Result<ExecResult>& end)> on_end;
  };
  static Result<std::unique_ptr<ExecStream>> start(const Client& client, ExecRequest request,
                                                   Callbacks callbacks);
  ExecStream() = default;
  ExecStream(const ExecStream&) = delete;
  ExecStream& operator=(const ExecStream&) = delete;
  virtual ~ExecStream() = default;  ///< closes the stream and joins; not to be called by a callback
  /// Queues bytes for the command's stdin, which the request must have opened, and returns at once; an error
  /// when the stream is over or 8 MiB are waiting. Thread safe, also within callbacks.
  virtual Result<void> write(std::string_view bytes) = 0;
  /// Asks the stream to end and returns at once. Thread safe, also within callbacks.
  virtual void close() = 0;
};

}  // namespace stateproof::kube
