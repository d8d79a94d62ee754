#include "harness/kube/websocket_connection.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>
#include <utility>

namespace stateproof::kube {
namespace {

using std::chrono::milliseconds;
using Clock = WebSocketConnection::Clock;

constexpr std::size_t kReadBytes = 64U << 10U;

/// OpenSSL writes with write(2): without this a peer that is gone would end the process.
class BrokenPipeBlocked {
 public:
  BrokenPipeBlocked() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  BrokenPipeBlocked(const BrokenPipeBlocked&) = delete;
  BrokenPipeBlocked& operator=(const BrokenPipeBlocked&) = delete;
  ~BrokenPipeBlocked() {
    constexpr timespec kAtOnce{};
    if (!was_pending_) sigtimedwait(&signal_, nullptr, &kAtOnce);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t signal_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(N));
  return bytes;
}

void ring(int event_fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(event_fd, &one, sizeof one);
}

/// Rounded up, so that poll does not return just before the time.
int milliseconds_until(Clock::time_point time) {
  const auto left = std::chrono::ceil<milliseconds>(time - Clock::now()).count();
  return static_cast<int>(std::clamp<milliseconds::rep>(left, 0, std::numeric_limits<int>::max()));
}

/// What curl asks while it connects: whether to give up.
using GiveUp = std::function<bool()>;

int on_progress(void* give_up, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<GiveUp*>(give_up))() ? 1 : 0;
}

HttpResponse answer_of(const websocket::Refusal& refusal) {
  HttpResponse answer;
  answer.status = refusal.http_status;
  for (const auto& [name, value] : refusal.headers) answer.headers.emplace(name, value);
  answer.body = refusal.body;
  return answer;
}

}  // namespace

WebSocketConnection::WebSocketConnection(std::shared_ptr<Transport> transport, WebSocketRequest request,
                                         std::stop_token stop, WebSocketOptions options)
    : transport_(std::move(transport)),
      request_(std::move(request)),
      options_(options),
      stop_(std::move(stop)),
      client_stop_(transport_->options().stop),
      handle_(std::in_place),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      on_stop_(stop_, [fd = wake_.get()] { ring(fd); }),
      on_client_stop_(client_stop_, [fd = wake_.get()] { ring(fd); }),
      decoder_(options_.max_message_bytes),
      scratch_(kReadBytes) {}

WebSocketConnection::~WebSocketConnection() {
  const BrokenPipeBlocked no_signal;
  if (!closed_ && !goodbye_sent_ && socket_ != CURL_SOCKET_BAD && outbox_.empty()) {
    enqueue(websocket::Opcode::kClose, websocket::close_payload(websocket::kNormalClosure, {}));
    flush();
  }
  handle_.reset();
}

Result<std::unique_ptr<WebSocketConnection>> WebSocketConnection::open(std::shared_ptr<Transport> transport,
                                                                       WebSocketRequest request,
                                                                       std::optional<Clock::time_point> until,
                                                                       std::stop_token stop,
                                                                       WebSocketOptions options) {
  const BrokenPipeBlocked no_signal;
  for (bool may_renew = true;; may_renew = false) {
    std::unique_ptr<WebSocketConnection> connection(
        new WebSocketConnection(transport, request, stop, options));
    auto opened =
        connection->connect(until).and_then([&] { return pass(request.fence, request.shown); }).and_then([&] {
          return connection->upgrade(until);
        });
    if (opened) return connection;
    const bool refused = opened.error().http_status == 401;
    if (!refused || !transport->credentials_refused(*connection->handle_) || !may_renew) {
      return tl::unexpected(std::move(opened.error()));
    }
  }
}

Result<void> WebSocketConnection::connect(std::optional<Clock::time_point> until) {
  if (stopped()) return tl::unexpected(cancelled());
  if (auto prepared = transport_->prepare_connect_only(*handle_, stop_); !prepared) return prepared;
  GiveUp give_up = [&] { return stopped() || (until && Clock::now() >= *until); };
  curl_easy_setopt(handle_->get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle_->get(), CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle_->get(), CURLOPT_XFERINFODATA, &give_up);
  transport_->count(request_.counted_as);
  const CURLcode code = curl_easy_perform(handle_->get());
  curl_easy_setopt(handle_->get(), CURLOPT_NOPROGRESS, 1L);
  if (stopped()) return tl::unexpected(cancelled());
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return tl::unexpected(error(ApiError::Kind::kTimeout, "no connection within the limit of the call"));
  }
  if (code != CURLE_OK) return tl::unexpected(transport_->failure(*handle_, code, request_.shown));
  curl_easy_getinfo(handle_->get(), CURLINFO_ACTIVESOCKET, &socket_);
  return {};
}

Result<void> WebSocketConnection::upgrade(std::optional<Clock::time_point> until) {
  auto headers = transport_->auth_headers(stop_);
  if (!headers) return tl::unexpected(std::move(headers.error()));
  headers->insert(headers->begin(), "Host: " + transport_->host_header());
  websocket::Handshake handshake({transport_->request_target(request_.path), std::move(*headers),
                                  request_.subprotocols, random_bytes<std::tuple_size_v<websocket::Key>>()});
  enqueue_raw(handshake.request_bytes());

  using State = websocket::Handshake::State;
  while (handshake.state() == State::kReading) {
    flush();
    std::size_t size = 0;
    const CURLcode code = curl_easy_recv(handle_->get(), scratch_.data(), scratch_.size(), &size);
    if (code == CURLE_AGAIN) {
      if (send_failure_) return tl::unexpected(*send_failure_);
      if (auto ready = await_socket(until); !ready) return ready;
    } else if (code != CURLE_OK) {
      return tl::unexpected(lost("while the upgrade was awaited", code));
    } else if (size == 0) {
      handshake.end_of_stream();
    } else {
      handshake.feed({scratch_.data(), size});
    }
  }
  if (handshake.state() == State::kRefused) {
    return tl::unexpected(error_from_answer(answer_of(handshake.refusal()), request_.shown));
  }
  if (handshake.state() == State::kBroken) {
    return tl::unexpected(error(ApiError::Kind::kProtocol, "no WebSocket: " + handshake.violation().what));
  }
  subprotocol_ = handshake.subprotocol();
  decoder_.feed(handshake.rest());
  last_heard_ = Clock::now();
  next_ping_ = last_heard_ + options_.ping_interval;
  return {};
}

Result<void> WebSocketConnection::await_socket(std::optional<Clock::time_point> until) {
  std::array<pollfd, 2> fds{{{socket_, POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  if (!outbox_.empty()) fds[0].events |= POLLOUT;
  ::poll(fds.data(), fds.size(), until ? milliseconds_until(*until) : -1);
  if (stopped()) return tl::unexpected(cancelled());
  if (until && Clock::now() >= *until) {
    return tl::unexpected(
        error(ApiError::Kind::kTimeout, "no answer to the upgrade within the limit of the call"));
  }
  return {};
}

void WebSocketConnection::send(std::string_view payload) { enqueue(websocket::Opcode::kBinary, payload); }

void WebSocketConnection::wake() { ring(wake_.get()); }

Result<WebSocketConnection::Event> WebSocketConnection::wait(const Wait& wait) {
  const BrokenPipeBlocked no_signal;
  while (true) {
    if (stopped()) return tl::unexpected(cancelled());
    if (wait.until && Clock::now() >= *wait.until) return Event{Event::Kind::kDeadline, {}, {}};
    if (wait.receive) {
      auto event = next_event();
      if (!event) return tl::unexpected(std::move(event.error()));
      if (*event) return std::move(**event);
    } else {
      last_heard_ = Clock::now();
    }
    ping_when_due();
    flush();
    if (unsent_bytes_ < wait.unsent_below) return Event{Event::Kind::kSent, {}, {}};
    if (wait.receive) {
      const auto received = receive_some();
      if (!received) return tl::unexpected(received.error());
      if (*received == Received::kBytes) continue;
    }
    // Only now: what the server said before it left is worth more than the failure to write to it.
    if (send_failure_) return tl::unexpected(*send_failure_);
    if (Clock::now() - last_heard_ >= options_.silence_limit) return tl::unexpected(silent());
    if (auto event = poll_once(wait)) return std::move(*event);
  }
}

void WebSocketConnection::close(Clock::time_point until) {
  if (closed_) return;
  enqueue(websocket::Opcode::kClose, websocket::close_payload(websocket::kNormalClosure, {}));
  goodbye_sent_ = true;
  while (true) {
    const auto event = wait({.until = until});
    if (!event || event->kind == Event::Kind::kClosed || event->kind == Event::Kind::kDeadline) break;
  }
  closed_ = true;
}

Result<std::optional<WebSocketConnection::Event>> WebSocketConnection::next_event() {
  while (true) {
    auto message = decoder_.next();
    if (!message) {
      const auto& violation = message.error();
      enqueue(websocket::Opcode::kClose, websocket::close_payload(violation.close_code, violation.what));
      goodbye_sent_ = true;
      flush();
      return tl::unexpected(error(ApiError::Kind::kProtocol, "the server sent " + violation.what));
    }
    if (!*message) return std::nullopt;
    if (auto event = handle(std::move(**message))) return event;
  }
}

std::optional<WebSocketConnection::Event> WebSocketConnection::handle(websocket::Message message) {
  using websocket::Opcode;
  if (message.opcode == Opcode::kPing) enqueue(Opcode::kPong, message.payload);
  if (message.opcode == Opcode::kText || message.opcode == Opcode::kBinary) {
    return Event{Event::Kind::kMessage, std::move(message.payload), {}};
  }
  if (message.opcode != Opcode::kClose) return std::nullopt;
  closed_ = true;
  if (!goodbye_sent_) enqueue(Opcode::kClose, message.payload.substr(0, 2));
  flush();
  auto close = websocket::parse_close(message.payload);
  return Event{Event::Kind::kClosed, {}, close ? std::move(*close) : websocket::Close{}};
}

Result<WebSocketConnection::Received> WebSocketConnection::receive_some() {
  std::size_t size = 0;
  const CURLcode code = curl_easy_recv(handle_->get(), scratch_.data(), scratch_.size(), &size);
  if (code == CURLE_AGAIN) return Received::kNothing;
  if (code != CURLE_OK) return tl::unexpected(lost("without a close frame", code));
  if (size == 0) {
    return tl::unexpected(error(ApiError::Kind::kConnection, "the connection ended without a close frame"));
  }
  last_heard_ = Clock::now();
  decoder_.feed({scratch_.data(), size});
  return Received::kBytes;
}

void WebSocketConnection::enqueue(websocket::Opcode opcode, std::string_view payload) {
  enqueue_raw(websocket::encode_frame(opcode, payload, random_bytes<std::tuple_size_v<websocket::Mask>>()));
}

void WebSocketConnection::enqueue_raw(std::string bytes) {
  unsent_bytes_ += bytes.size();
  outbox_.push_back(std::move(bytes));
}

void WebSocketConnection::flush() {
  while (!outbox_.empty() && !send_failure_) {
    const std::string& first = outbox_.front();
    std::size_t sent = 0;
    const CURLcode code =
        curl_easy_send(handle_->get(), first.data() + sent_of_first_, first.size() - sent_of_first_, &sent);
    if (code == CURLE_AGAIN) return;
    if (code != CURLE_OK) {
      send_failure_ = lost("while writing", code);
      return;
    }
    sent_of_first_ += sent;
    unsent_bytes_ -= sent;
    if (sent_of_first_ < first.size()) continue;
    outbox_.pop_front();
    sent_of_first_ = 0;
  }
}

void WebSocketConnection::ping_when_due() {
  const auto now = Clock::now();
  if (now < next_ping_) return;
  if (!goodbye_sent_) enqueue(websocket::Opcode::kPing, {});
  next_ping_ = now + options_.ping_interval;
}

int WebSocketConnection::poll_timeout(const Wait& wait) const {
  Clock::time_point next = std::min(next_ping_, last_heard_ + options_.silence_limit);
  if (wait.until) next = std::min(next, *wait.until);
  return milliseconds_until(next);
}

std::optional<WebSocketConnection::Event> WebSocketConnection::poll_once(const Wait& wait) {
  std::array<pollfd, 3> fds{{{socket_, 0, 0}, {wake_.get(), POLLIN, 0}, {-1, 0, 0}}};
  if (wait.receive) fds[0].events |= POLLIN;
  if (!outbox_.empty()) fds[0].events |= POLLOUT;
  if (fds[0].events == 0) fds[0].fd = -1;  // a hangup alone would make poll spin
  if (wait.local != nullptr) fds[2] = *wait.local;
  ::poll(fds.data(), fds.size(), poll_timeout(wait));

  if (fds[1].revents != 0) {
    std::uint64_t rings = 0;
    [[maybe_unused]] const auto n = ::read(wake_.get(), &rings, sizeof rings);
    if (!stopped()) return Event{Event::Kind::kWoken, {}, {}};
  }
  if (wait.local != nullptr && fds[2].revents != 0) {
    wait.local->revents = fds[2].revents;
    return Event{Event::Kind::kLocal, {}, {}};
  }
  return std::nullopt;
}

bool WebSocketConnection::stopped() const { return stop_.stop_requested() || client_stop_.stop_requested(); }

ApiError WebSocketConnection::cancelled() const {
  return error(ApiError::Kind::kCancelled, "stopped by the caller");
}

ApiError WebSocketConnection::silent() const {
  const auto limit = std::chrono::duration<double>(options_.silence_limit).count();
  return error(ApiError::Kind::kConnection, fmt::format("the server answered no ping for {} s", limit));
}

ApiError WebSocketConnection::error(ApiError::Kind kind, std::string message) const {
  ApiError error;
  error.kind = kind;
  error.message = std::move(message);
  error.request = request_.shown;
  return error;
}

ApiError WebSocketConnection::lost(std::string_view doing, CURLcode code) const {
  return error(ApiError::Kind::kConnection,
               fmt::format("the connection was lost {} ({})", doing, curl_easy_strerror(code)));
}

}  // namespace stateproof::kube
