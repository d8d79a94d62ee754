#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kube/error.h"
#include "harness/kube/file_descriptor.h"
#include "harness/kube/transport.h"
#include "harness/kube/websocket.h"

namespace stateproof::kube {

struct WebSocketRequest {
  std::string path;  ///< path and query below the server's prefix
  std::vector<std::string> subprotocols;
  std::string counted_as;  ///< key of RequestCounts
  std::string shown;       ///< ApiError::request
  Fence fence = {};        ///< asked when the connection stands; empty: always open
};

struct WebSocketOptions {
  /// The servers send no pings; ours keep proxies awake and find a peer that is gone.
  std::chrono::milliseconds ping_interval{7'000};
  std::chrono::milliseconds silence_limit{60'000};  ///< nothing received, not even a pong
  std::size_t max_message_bytes = 32U << 20U;
};

/// A WebSocket to the API server. One thread at a time uses it, except where it says otherwise.
class WebSocketConnection {
 public:
  using Clock = std::chrono::steady_clock;

  struct Event {
    enum class Kind {
      kMessage,   ///< `payload` came
      kClosed,    ///< the server closed in order, with `close`; the last event
      kWoken,     ///< wake() was called
      kLocal,     ///< `Wait::local` is ready
      kSent,      ///< less than `Wait::unsent_below` is left to send
      kDeadline,  ///< `Wait::until` has come
    };
    Kind kind;
    std::string payload;
    websocket::Close close;
  };

  struct Wait {
    std::optional<Clock::time_point> until;
    pollfd* local = nullptr;       ///< another descriptor to wait for
    std::size_t unsent_below = 0;  ///< tell when unsent_bytes() has fallen below this; 0: never
    bool receive = true;  ///< false: leave what the server sends in the socket, so that it slows down
  };

  /// Connects, upgrades, and after a 401 renews the credentials and tries once more. `until` and `stop` hold
  /// for this call, `stop` and ClientOptions::stop for every later wait().
  static Result<std::unique_ptr<WebSocketConnection>> open(std::shared_ptr<Transport> transport,
                                                           WebSocketRequest request,
                                                           std::optional<Clock::time_point> until,
                                                           std::stop_token stop,
                                                           WebSocketOptions options = {});
  WebSocketConnection(const WebSocketConnection&) = delete;
  WebSocketConnection& operator=(const WebSocketConnection&) = delete;
  ~WebSocketConnection();  ///< closes at once

  [[nodiscard]] const std::string& subprotocol() const { return subprotocol_; }

  /// Queues one binary message; wait() sends it.
  void send(std::string_view payload);
  /// Queued, headers included. Thread safe.
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_bytes_; }

  /// Sends what is queued, answers and sends pings, and returns when there is something to tell. A connection
  /// that ends without a close frame is an error.
  Result<Event> wait(const Wait& wait);

  /// Ends a wait() of another thread. Thread safe.
  void wake();

  /// Sends what is queued, says goodbye and waits until the server has done so too, or until `until`.
  void close(Clock::time_point until);

 private:
  enum class Received { kBytes, kNothing };

  WebSocketConnection(std::shared_ptr<Transport> transport, WebSocketRequest request, std::stop_token stop,
                      WebSocketOptions options);

  Result<void> connect(std::optional<Clock::time_point> until);
  Result<void> upgrade(std::optional<Clock::time_point> until);
  Result<void> await_socket(std::optional<Clock::time_point> until);
  Result<std::optional<Event>> next_event();
  std::optional<Event> handle(websocket::Message message);
  Result<Received> receive_some();
  void flush();
  void enqueue(websocket::Opcode opcode, std::string_view payload);
  void enqueue_raw(std::string bytes);
  void ping_when_due();
  std::optional<Event> poll_once(const Wait& wait);
  [[nodiscard]] int poll_timeout(const Wait& wait) const;

  [[nodiscard]] bool stopped() const;
  [[nodiscard]] ApiError cancelled() const;
  [[nodiscard]] ApiError silent() const;
  [[nodiscard]] ApiError error(ApiError::Kind kind, std::string message) const;
  [[nodiscard]] ApiError lost(std::string_view doing, CURLcode code) const;

  std::shared_ptr<Transport> transport_;
  WebSocketRequest request_;
  WebSocketOptions options_;
  std::stop_token stop_;
  std::stop_token client_stop_;
  std::optional<EasyHandle> handle_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  FileDescriptor wake_;
  std::stop_callback<std::function<void()>> on_stop_;
  std::stop_callback<std::function<void()>> on_client_stop_;

  std::string subprotocol_;
  websocket::Decoder decoder_;
  std::vector<char> scratch_;
  // Each entry keeps its address until it is sent: OpenSSL wants the same bytes again after it had to wait.
  std::deque<std::string> outbox_;
  std::size_t sent_of_first_ = 0;
  std::atomic<std::size_t> unsent_bytes_ = 0;
  std::optional<ApiError> send_failure_;
  bool goodbye_sent_ = false;
  bool closed_ = false;
  Clock::time_point last_heard_;
  Clock::time_point next_ping_;
};

}  // namespace stateproof::kube
