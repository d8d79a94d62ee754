#include "harness/kube/testing/faulty_path.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

namespace stateproof::kube::testing {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = Fault::Kind;
using std::chrono::milliseconds;

Traffic traffic_of(const SeenRequest& request) {
  if (!request.header("upgrade").empty()) return Traffic::kSocket;
  if (request.method != "GET") return Traffic::kChange;
  const auto watch = request.query("watch");
  return watch == "1" || watch == "true" ? Traffic::kWatch : Traffic::kRead;
}

int milliseconds_until(const std::optional<Clock::time_point>& time) {
  if (!time) return -1;
  return static_cast<int>(
      std::max<milliseconds::rep>(std::chrono::ceil<milliseconds>(*time - Clock::now()).count(), 0));
}

/// The proxy's connection to the API server.
class Upstream {
 public:
  static std::optional<Upstream> open(Transport& transport) {
    Upstream upstream;
    if (!transport.prepare_connect_only(upstream.handle_)) return std::nullopt;
    if (curl_easy_perform(upstream.handle_.get()) != CURLE_OK) return std::nullopt;
    curl_easy_getinfo(upstream.handle_.get(), CURLINFO_ACTIVESOCKET, &upstream.socket_);
    return upstream;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t sent = 0;
      const CURLcode code = curl_easy_send(handle_.get(), bytes.data(), bytes.size(), &sent);
      bytes.remove_prefix(sent);
      if (code == CURLE_AGAIN) {
        pollfd writable{socket_, POLLOUT, 0};
        ::poll(&writable, 1, -1);
      } else if (code != CURLE_OK) {
        return false;
      }
    }
    return true;
  }

  enum class Read { kSome, kNothing, kEnd };
  /// Appends what has arrived; does not wait for it.
  Read read(std::string& buffer) {
    std::array<char, 65536> bytes;
    std::size_t size = 0;
    const CURLcode code = curl_easy_recv(handle_.get(), bytes.data(), bytes.size(), &size);
    if (code == CURLE_AGAIN) return Read::kNothing;
    if (code != CURLE_OK || size == 0) return Read::kEnd;
    buffer.append(bytes.data(), size);
    return Read::kSome;
  }

  [[nodiscard]] int descriptor() const { return socket_; }

 private:
  EasyHandle handle_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
};

/// Takes an HTTP answer apart as it arrives. What it gives out is as it came.
class Answer {
 public:
  struct Piece {
    enum class What { kHead, kBody, kEnd } what = What::kEnd;
    std::string bytes;
  };

  /// The next whole piece at the front of `buffer`; nullopt while it has not arrived.
  std::optional<Piece> take(std::string& buffer) {
    if (!head_read_) return take_head(buffer);
    if (length_ == 0 && !chunked_) return Piece{Piece::What::kEnd, {}};
    return chunked_ ? take_chunk(buffer) : take_rest(buffer);
  }
  [[nodiscard]] bool switches_protocols() const { return head_.starts_with("HTTP/1.1 101"); }
  [[nodiscard]] bool is_chunked() const { return chunked_; }
  [[nodiscard]] bool is_success() const { return head_.starts_with("HTTP/1.1 200"); }

 private:
  std::optional<Piece> take_head(std::string& buffer) {
    const auto end = buffer.find("\r\n\r\n");
    if (end == std::string::npos) return std::nullopt;
    head_ = buffer.substr(0, end + 4);
    buffer.erase(0, head_.size());
    head_read_ = true;
    std::string lower = head_;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    chunked_ = lower.find("\r\ntransfer-encoding: chunked\r\n") != std::string::npos;
    constexpr std::string_view kLength = "\r\ncontent-length: ";
    if (const auto found = lower.find(kLength); found != std::string::npos)
      length_ = std::stoul(lower.substr(found + kLength.size()));
    return Piece{Piece::What::kHead, head_};
  }

  std::optional<Piece> take_rest(std::string& buffer) {
    if (buffer.empty()) return std::nullopt;
    Piece piece{Piece::What::kBody, buffer.substr(0, length_)};
    buffer.erase(0, piece.bytes.size());
    length_ -= piece.bytes.size();
    return piece;
  }

  std::optional<Piece> take_chunk(std::string& buffer) {
    const auto line = buffer.find("\r\n");
    if (line == std::string::npos) return std::nullopt;
    const std::size_t size = std::stoul(buffer.substr(0, line), nullptr, 16);
    const std::size_t whole = line + 2 + size + 2;
    if (buffer.size() < whole) return std::nullopt;
    Piece piece{size == 0 ? Piece::What::kEnd : Piece::What::kBody, buffer.substr(0, whole)};
    buffer.erase(0, whole);
    return piece;
  }

  std::string head_;
  bool head_read_ = false;
  bool chunked_ = false;
  std::size_t length_ = 0;
};

/// Whether an event of a watch ends with this chunk.
bool ends_a_line(std::string_view chunk) { return chunk.ends_with("\n\r\n"); }

std::string base64(std::string_view text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return encoded;
}

}  // namespace

class FaultyPath::Impl {
 public:
  Impl(std::shared_ptr<Transport> server, FaultyPathOptions options)
      : server_(std::move(server)), options_(std::move(options)) {
    path_.otherwise([this](Connection& client) {
      std::optional<Upstream> upstream;
      do {
        pass(client, upstream);
      } while (client.next_request());
    });
  }

  [[nodiscard]] const ScriptedServer& path() const { return path_; }

 private:
  /// One request and its answer.
  struct Exchange {
    Connection& client;
    std::optional<Upstream>& upstream;  ///< kept for the next request of this client
    Fault fault;
    Answer answer = {};
    int pieces = 0;
  };

  void pass(Connection& client, std::optional<Upstream>& upstream) {
    const SeenRequest& request = client.request();
    const Traffic traffic = traffic_of(request);
    const std::uint64_t n = counts_.at(static_cast<std::size_t>(traffic))++;
    Exchange exchange{client, upstream, options_.fault(traffic, n)};
    if (is_out()) return client.cut();
    if (exchange.fault.kind != Kind::kNone)
      tell(fmt::format("{} {}: {} {}: {}", to_text(traffic), n, request.method, request.target,
                       to_text(exchange.fault)));
    if (!meets_before(exchange) && !forward(exchange)) client.cut();
  }

  /// What happens before the server hears of it; true when that was all.
  bool meets_before(Exchange& exchange) {
    const Fault& fault = exchange.fault;
    const bool is_expired = fault.kind == Kind::kExpired && fault.pieces == 0;
    if (fault.kind == Kind::kRefused || is_expired)
      refuse(exchange.client, is_expired ? 410 : fault.status);
    else if (fault.kind == Kind::kCut)
      exchange.client.cut();
    else if (fault.kind == Kind::kDelayed)
      return !hold(exchange.client, fault.time);
    else
      return false;
    return true;
  }

  static void refuse(Connection& client, int status) {
    HeaderList headers;
    if (status == 429) headers.emplace_back("Retry-After", "1");
    const std::string_view reason = status == 410   ? "Expired"
                                    : status == 429 ? "TooManyRequests"
                                    : status == 500 ? "InternalError"
                                    : status == 504 ? "Timeout"
                                                    : "ServiceUnavailable";
    client.respond_status(status, reason, "the path to the API server is faulty", headers);
  }

  /// Lets time pass; false when the client leaves meanwhile.
  static bool hold(const Connection& client, milliseconds time) {
    pollfd leaves{client.descriptor(), POLLIN, 0};
    return !client.has_bytes() && ::poll(&leaves, 1, static_cast<int>(time.count())) == 0;
  }

  /// False when the connection cannot be used any more.
  bool forward(Exchange& exchange) {
    auto& upstream = exchange.upstream;
    const std::string request = request_bytes(exchange.client.request());
    // One that was kept may have been closed by the server meanwhile.
    if (!upstream || !upstream->send(request)) {
      upstream = Upstream::open(*server_);
      if (!upstream || !upstream->send(request)) return false;
    }
    std::string buffer;
    while (true) {
      while (auto piece = exchange.answer.take(buffer)) {
        if (!give(exchange, *piece)) {
          upstream.reset();
          return false;
        }
        if (exchange.answer.switches_protocols()) return relay_socket(exchange, std::move(buffer));
        if (piece->what == Answer::Piece::What::kEnd) return exchange.fault.kind != Kind::kLost;
      }
      if (!await_more(exchange, buffer)) {
        upstream.reset();
        return false;
      }
    }
  }

  /// Waits until the server has said more; false when it, the client or the path is gone.
  bool await_more(Exchange& exchange, std::string& buffer) {
    while (true) {
      const auto read = exchange.upstream->read(buffer);
      if (read != Upstream::Read::kNothing) return read == Upstream::Read::kSome;
      std::array<pollfd, 2> ends{
          {{exchange.upstream->descriptor(), POLLIN, 0}, {exchange.client.descriptor(), POLLIN, 0}}};
      if (::poll(ends.data(), ends.size(), milliseconds_until(next_outage())) == 0) return false;
      if (ends[1].revents != 0) return false;  // who waits for an answer speaks only to leave
    }
  }

  /// Gives a piece of an answer to the client, or what the fault makes of it; false when that ends all.
  bool give(Exchange& exchange, const Answer::Piece& piece) {
    const Fault& fault = exchange.fault;
    const bool is_now = exchange.pieces >= fault.pieces;
    const bool is_head = piece.what == Answer::Piece::What::kHead;
    if (fault.kind == Kind::kLost) return true;
    if (fault.kind == Kind::kForgotten) {
      if (piece.what == Answer::Piece::What::kEnd) refuse(exchange.client, fault.status);
      return true;
    }
    if (!is_head && is_now) {
      if (fault.kind == Kind::kStalled && !hold_once(exchange)) return false;
      if (fault.kind == Kind::kBroken) {
        exchange.client.write(std::string_view{piece.bytes}.substr(0, piece.bytes.size() / 2));
        return false;
      }
    }
    if (!exchange.client.write(piece.bytes)) return false;
    if (is_head || !ends_a_line(piece.bytes)) return true;
    ++exchange.pieces;
    return exchange.pieces != fault.pieces || !exchange.answer.is_success() || !ends_here(exchange);
  }

  static bool hold_once(Exchange& exchange) {
    const bool held = hold(exchange.client, exchange.fault.time);
    exchange.fault = {};
    return held;
  }

  /// Whether a watch ends after the piece that was given last.
  static bool ends_here(const Exchange& exchange) {
    const Kind kind = exchange.fault.kind;
    if (kind != Kind::kEnded && kind != Kind::kExpired) return false;
    if (kind == Kind::kExpired)
      exchange.client.event("ERROR", status_object(410, "Expired", "too old resource version"));
    exchange.client.end_stream();
    return true;
  }

  /// After an upgrade: bytes both ways. False in the end, for nothing follows.
  bool relay_socket(Exchange& exchange, std::string buffer) {
    auto& [client, upstream, fault, answer, pieces] = exchange;
    while (true) {
      if (!buffer.empty()) {
        if (fault.kind == Kind::kStalled && pieces == fault.pieces) {
          pollfd gone{client.descriptor(), 0, 0};  // what the client says meanwhile waits, too
          if (::poll(&gone, 1, static_cast<int>(fault.time.count())) != 0) return false;
        }
        const bool breaks = fault.kind == Kind::kBroken && pieces == fault.pieces;
        if (!client.write(std::string_view{buffer}.substr(0, breaks ? buffer.size() / 2 : buffer.size())))
          return false;
        if (breaks) return false;
        ++pieces;
        buffer.clear();
      }
      const auto read = upstream->read(buffer);
      if (read == Upstream::Read::kEnd) return client.close(), true;
      if (read == Upstream::Read::kSome) continue;
      std::array<pollfd, 2> ends{{{upstream->descriptor(), POLLIN, 0}, {client.descriptor(), POLLIN, 0}}};
      if (!client.has_bytes() && ::poll(ends.data(), ends.size(), milliseconds_until(next_outage())) == 0)
        return false;
      if (!client.has_bytes() && ends[1].revents == 0) continue;
      const std::string bytes = client.read_some();
      if (bytes.empty() || !upstream->send(bytes)) return upstream.reset(), false;
    }
  }

  [[nodiscard]] std::string request_bytes(const SeenRequest& request) const {
    std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method,
                                    server_->request_target(request.target), server_->host_header());
    for (const auto& [name, value] : request.headers)
      if (name != "host" && name != "authorization" && name != "user-agent" && name != "expect")
        bytes += fmt::format("{}: {}\r\n", name, value);
    if (const auto headers = server_->auth_headers())
      for (const std::string& header : *headers) bytes += header + "\r\n";
    return bytes + "\r\n" + request.body;
  }

  [[nodiscard]] std::optional<Clock::time_point> next_outage() const {
    for (const Outage& outage : options_.outages)
      if (opened_ + outage.begin > Clock::now()) return opened_ + outage.begin;
    return std::nullopt;
  }
  [[nodiscard]] bool is_out() const {
    const auto now = Clock::now() - opened_;
    return std::ranges::any_of(options_.outages,
                               [&](const Outage& outage) { return outage.begin <= now && now < outage.end; });
  }

  void tell(const std::string& what) const {
    if (options_.tell) options_.tell(what);
  }

  const std::shared_ptr<Transport> server_;
  const FaultyPathOptions options_;
  const Clock::time_point opened_ = Clock::now();
  std::array<std::atomic<std::uint64_t>, kTraffics> counts_{};
  ScriptedServer path_;  // last: its threads use the rest
};

FaultyPath::FaultyPath(std::shared_ptr<Transport> server, FaultyPathOptions options)
    : impl_(std::make_unique<Impl>(std::move(server), std::move(options))) {}
FaultyPath::~FaultyPath() = default;

ClusterConfig FaultyPath::config() const { return impl_->path().config(); }

std::string FaultyPath::kubeconfig() const {
  const ClusterConfig config = this->config();
  return fmt::format(
      R"(apiVersion: v1
kind: Config
current-context: faulty-path
contexts: [{{name: faulty-path, context: {{cluster: faulty-path, user: faulty-path}}}}]
clusters: [{{name: faulty-path, cluster: {{server: "{}", certificate-authority-data: {}}}}}]
users: [{{name: faulty-path, user: {{}}}}]
)",
      config.server, base64(config.ca_pem));
}

}  // namespace stateproof::kube::testing
