#include "harness/kube/exec.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "harness/kube/exec_status.h"
#include "harness/kube/line_splitter.h"
#include "harness/kube/url.h"
#include "harness/kube/websocket_connection.h"

namespace stateproof::kube {
namespace {

using Clock = WebSocketConnection::Clock;
using Event = WebSocketConnection::Event;

constexpr std::string_view kV5 = "v5.channel.k8s.io";
constexpr std::string_view kV4 = "v4.channel.k8s.io";
constexpr std::size_t kInputMessageBytes = 32U << 10U;
constexpr std::size_t kMaxQueuedInput = 8U << 20U;
constexpr std::size_t kKeptStderr = 64U << 10U;
/// Output comes before the status and the close right behind it; a server that is slow to close has still
/// told all.
constexpr std::chrono::seconds kCloseGrace{2};
constexpr std::size_t kLongestStatus = 1U << 20U;

enum class Channel : unsigned char { kStdin = 0, kStdout = 1, kStderr = 2, kStatus = 3, kClose = 255 };

bool opens_stdin(const ExecRequest& request) { return request.wants_input || !request.input.empty(); }

std::string path_of(const PodRef& pod) { return kPods.path(pod.ns, pod.name, "exec"); }

std::string query_of(const ExecRequest& request) {
  Query query;
  query.add_if_set("container", request.pod.container);
  for (const auto& argument : request.command) query.add("command", argument);
  if (opens_stdin(request)) query.add("stdin", "true");
  query.add("stdout", "true").add("stderr", "true");
  return query.text();
}

std::string shown(const PodRef& pod) { return "GET " + path_of(pod); }

using Output = std::function<Result<void>(std::string_view bytes)>;

/// One command in a container: speaks the channel protocol over its connection until the end is known.
class Execution {
 public:
  static Result<std::unique_ptr<Execution>> open(const Client& client, const ExecRequest& request,
                                                 std::stop_token stop, Output on_stdout, Output on_stderr) {
    auto connection = WebSocketConnection::open(client.transport(),
                                                {path_of(request.pod) + query_of(request),
                                                 {std::string(kV5), std::string(kV4)},
                                                 "connect pods/exec",
                                                 shown(request.pod),
                                                 client.fence()},
                                                Clock::now() + request.limit, std::move(stop));
    if (!connection) return tl::unexpected(std::move(connection.error()));
    return std::unique_ptr<Execution>(new Execution(std::move(*connection), shown(request.pod),
                                                    std::move(on_stdout), std::move(on_stderr)));
  }

  [[nodiscard]] bool can_close_input() const { return connection_->subprotocol() == kV5; }

  void send_input(std::string_view bytes) {
    while (!bytes.empty()) {
      std::string message(1, static_cast<char>(Channel::kStdin));
      message += bytes.substr(0, kInputMessageBytes);
      connection_->send(message);
      bytes.remove_prefix(std::min(bytes.size(), kInputMessageBytes));
    }
  }

  void close_input() {
    connection_->send(std::string{static_cast<char>(Channel::kClose), static_cast<char>(Channel::kStdin)});
  }

  /// Thread safe.
  void wake() { connection_->wake(); }
  [[nodiscard]] std::size_t unsent_bytes() const { return connection_->unsent_bytes(); }

  /// To the end; `on_woken` is called on this thread after each wake().
  Result<int> run(std::optional<Clock::time_point> until, const std::function<void()>& on_woken = {}) {
    while (true) {
      auto event = connection_->wait({.until = until});
      if (!event) return end_or(std::move(event.error()));
      switch (event->kind) {
        case Event::Kind::kMessage:
          if (auto taken = take(event->payload); !taken) return tl::unexpected(std::move(taken.error()));
          if (end_) until = std::min(until.value_or(Clock::time_point::max()), Clock::now() + kCloseGrace);
          break;
        case Event::Kind::kClosed:
          return end_or(closed_without_status(event->close));
        case Event::Kind::kDeadline:
          return end_or(ApiError::of(ApiError::Kind::kTimeout, "the command did not finish within its limit",
                                     request_));
        case Event::Kind::kWoken:
          if (on_woken) on_woken();
          break;
        case Event::Kind::kLocal:
        case Event::Kind::kSent:
          break;
      }
    }
  }

 private:
  Execution(std::unique_ptr<WebSocketConnection> connection, std::string request, Output on_stdout,
            Output on_stderr)
      : connection_(std::move(connection)),
        request_(std::move(request)),
        on_stdout_(std::move(on_stdout)),
        on_stderr_(std::move(on_stderr)) {}

  /// The first message is an empty one on the lowest channel, which needs no care here.
  Result<void> take(std::string_view message) {
    if (message.empty()) return protocol_error("a message without a channel");
    const auto bytes = message.substr(1);
    switch (static_cast<Channel>(message.front())) {
      case Channel::kStdout:
        return on_stdout_(bytes);
      case Channel::kStderr:
        return on_stderr_(bytes);
      case Channel::kStatus:
        status_ += bytes;
        if (status_.size() > kLongestStatus) return protocol_error("a status message that is too long");
        if (nlohmann::json::accept(status_)) end_ = parse_exec_status(status_, request_);
        return {};
      case Channel::kClose:
        return {};
      case Channel::kStdin:
        break;
    }
    return protocol_error("a message on channel " +
                          std::to_string(static_cast<unsigned char>(message.front())));
  }

  Result<int> end_or(ApiError error) const {
    if (end_) return *end_;
    if (!status_.empty()) return parse_exec_status(status_, request_);
    return tl::unexpected(std::move(error));
  }

  [[nodiscard]] ApiError closed_without_status(const websocket::Close& close) const {
    std::string message = "the server closed the stream without reporting the command's exit status";
    if (close.code)
      message +=
          " (code " + std::to_string(*close.code) + (close.reason.empty() ? "" : ", ") + close.reason + ")";
    return ApiError::of(ApiError::Kind::kConnection, std::move(message), request_);
  }

  [[nodiscard]] tl::unexpected<ApiError> protocol_error(const std::string& what) const {
    return tl::unexpected(ApiError::of(ApiError::Kind::kProtocol, "the server sent " + what, request_));
  }

  std::unique_ptr<WebSocketConnection> connection_;
  std::string request_;
  Output on_stdout_;
  Output on_stderr_;
  std::string status_;
  std::optional<Result<int>> end_;
};

/// stdout and stderr of one call, no larger than wanted together.
class Collected {
 public:
  Collected(std::size_t max_bytes, std::string request)
      : max_bytes_(max_bytes), request_(std::move(request)) {}

  Output into(std::string& text) {
    return [this, &text](std::string_view bytes) -> Result<void> {
      if (bytes.size() > max_bytes_ - total_) {
        return tl::unexpected(
            ApiError::of(ApiError::Kind::kProtocol,
                         "the command wrote more than " + std::to_string(max_bytes_) + " bytes", request_));
      }
      total_ += bytes.size();
      text += bytes;
      return {};
    };
  }

 private:
  std::size_t max_bytes_;
  std::size_t total_ = 0;
  std::string request_;
};

}  // namespace

Result<ExecResult> exec(const Client& client, const ExecRequest& request) {
  const auto until = Clock::now() + request.limit;
  ExecResult result;
  Collected output(request.max_output_bytes, shown(request.pod));
  auto execution =
      Execution::open(client, request, request.stop, output.into(result.out), output.into(result.err));
  if (!execution) return tl::unexpected(std::move(execution.error()));

  if (opens_stdin(request)) {
    Execution& running = **execution;
    if (!running.can_close_input() && !request.input_is_bounded) {
      return tl::unexpected(ApiError::of(
          ApiError::Kind::kProtocol,
          "the server supports only v4.channel.k8s.io, which cannot signal the end of the command's input",
          shown(request.pod)));
    }
    running.send_input(request.input);
    if (running.can_close_input()) running.close_input();
  }
  auto exit_code = (*execution)->run(until);
  if (!exit_code) return tl::unexpected(std::move(exit_code.error()));
  result.exit_code = *exit_code;
  return result;
}

namespace {

class RunningStream final : public ExecStream {
 public:
  RunningStream(ExecRequest request, Callbacks callbacks)
      : request_(std::move(request)),
        callbacks_(std::move(callbacks)),
        on_caller_stop_(request_.stop, [stop = stop_]() mutable { stop.request_stop(); }),
        lines_(request_.max_output_bytes) {}

  RunningStream(const RunningStream&) = delete;
  RunningStream& operator=(const RunningStream&) = delete;

  ~RunningStream() override {
    close();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> start(const Client& client) {
    auto execution = Execution::open(
        client, request_, stop_.get_token(), [this](std::string_view bytes) { return split_lines(bytes); },
        [this](std::string_view bytes) { return keep_stderr(bytes); });
    if (!execution) return tl::unexpected(std::move(execution.error()));
    execution_ = std::move(*execution);
    execution_->send_input(request_.input);
    thread_ = std::thread([this] { run(); });
    return {};
  }

  Result<void> write(std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    if (ended_) {
      return tl::unexpected(
          ApiError::of(ApiError::Kind::kConnection, "the stream has ended", shown(request_.pod)));
    }
    if (queued_.size() + execution_->unsent_bytes() + bytes.size() > kMaxQueuedInput) {
      return tl::unexpected(ApiError::of(ApiError::Kind::kProtocol, "the command does not read its input",
                                         shown(request_.pod)));
    }
    queued_ += bytes;
    execution_->wake();
    return {};
  }

  void close() override { stop_.request_stop(); }

 private:
  void run() {
    auto exit_code = run_guarded();
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    if (!callbacks_.on_end) return;
    callbacks_.on_end(exit_code.map(
        [this](int code) { return ExecResult{code, std::string(lines_.rest()), std::move(stderr_)}; }));
  }

  // Whoever takes the lines may stumble over one of them.
  Result<int> run_guarded() {
    try {
      return execution_->run(std::nullopt, [this] { send_queued(); });
    } catch (const std::exception& stumble) {
      return tl::unexpected(
          ApiError::of(ApiError::Kind::kProtocol,
                       std::string("the output of the command is not understood: ") + stumble.what(),
                       shown(request_.pod)));
    }
  }

  void send_queued() {
    std::string bytes;
    {
      const std::lock_guard lock(mutex_);
      bytes.swap(queued_);
    }
    execution_->send_input(bytes);
  }

  Result<void> split_lines(std::string_view bytes) {
    lines_.feed(bytes);
    while (auto line = lines_.next()) {
      if (callbacks_.on_line) callbacks_.on_line(std::move(*line));
    }
    if (!lines_.is_overlong()) return {};
    return tl::unexpected(ApiError::of(ApiError::Kind::kProtocol, "the command wrote a line that is too long",
                                       shown(request_.pod)));
  }

  Result<void> keep_stderr(std::string_view bytes) {
    stderr_ += bytes;
    if (stderr_.size() > kKeptStderr) stderr_.erase(0, stderr_.size() - kKeptStderr);
    return {};
  }

  ExecRequest request_;
  Callbacks callbacks_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> on_caller_stop_;
  std::unique_ptr<Execution> execution_;
  LineSplitter lines_;
  std::string stderr_;

  std::mutex mutex_;
  std::string queued_;
  bool ended_ = false;

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ExecStream>> ExecStream::start(const Client& client, ExecRequest request,
                                                      Callbacks callbacks) {
  auto stream = std::make_unique<RunningStream>(std::move(request), std::move(callbacks));
  if (auto started = stream->start(client); !started) return tl::unexpected(std::move(started.error()));
  return stream;
}

}  // namespace stateproof::kube
