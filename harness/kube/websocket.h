#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

/// The client's half of RFC 6455, over bytes: no socket, no clock, no random numbers of its own.
namespace stateproof::kube::websocket {

using Key = std::array<std::uint8_t, 16>;
using Mask = std::array<std::uint8_t, 4>;

enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

/// Codes of a close frame that this client sends or asks for (RFC 6455, 7.4.1).
inline constexpr std::uint16_t kNormalClosure = 1000;
inline constexpr std::uint16_t kProtocolViolation = 1002;
inline constexpr std::uint16_t kMessageTooBig = 1009;

/// The peer broke the protocol: what to tell it, and what to tell people.
struct Violation {
  std::uint16_t close_code = kProtocolViolation;
  std::string what;
};

// ---------------------------------------------------------------------------------------------- Handshake

/// Value of Sec-WebSocket-Accept that belongs to the value of a Sec-WebSocket-Key.
std::string accept_value(std::string_view key_value);

struct UpgradeRequest {
  std::string target;                     ///< path and query as sent
  std::vector<std::string> headers;       ///< "Name: value": Host, Authorization and the like
  std::vector<std::string> subprotocols;  ///< in order of preference
  Key key{};                              ///< 16 random bytes
};

/// An HTTP answer other than 101.
struct Refusal {
  int http_status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
};

/// Reads the answer to an UpgradeRequest, whatever the pieces it arrives in.
class Handshake {
 public:
  enum class State {
    kReading,   ///< needs more bytes
    kUpgraded,  ///< subprotocol() and rest() are valid
    kRefused,   ///< refusal() is valid
    kBroken,    ///< violation() is valid
  };

  explicit Handshake(UpgradeRequest request);

  /// The bytes to send first.
  [[nodiscard]] std::string request_bytes() const;

  State feed(std::string_view bytes);
  /// The connection ended. Completes a refusal whose body has no other end; anything else is broken.
  State end_of_stream();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& subprotocol() const { return subprotocol_; }
  /// What came behind the header block: the first bytes for the Decoder.
  [[nodiscard]] const std::string& rest() const { return buffer_; }
  [[nodiscard]] const Refusal& refusal() const { return answer_; }
  [[nodiscard]] const Violation& violation() const { return violation_; }

 private:
  State read_header_block();
  State read_refusal_body();
  State accept_upgrade();
  State broken(std::string what);
  [[nodiscard]] std::string key_value() const;
  [[nodiscard]] const std::string* header(std::string_view lower_case_name) const;

  UpgradeRequest request_;
  State state_ = State::kReading;
  bool header_complete_ = false;
  std::string buffer_;
  std::string subprotocol_;
  Refusal answer_;
  Violation violation_;
};

// ------------------------------------------------------------------------------------------------- Frames

/// One message in one frame, masked as a client must. Messages are never fragmented: servers built on
/// golang.org/x/net/websocket take each fragment for a message of its own and lose data silently.
std::string encode_frame(Opcode opcode, std::string_view payload, Mask mask);
/// Payload of a close frame; the reason is cut to what a control frame holds.
std::string close_payload(std::uint16_t code, std::string_view reason);

struct Close {
  std::optional<std::uint16_t> code;  ///< nullopt: the peer gave none
  std::string reason;
};
tl::expected<Close, Violation> parse_close(std::string_view payload);

/// A whole message (kText, kBinary; fragments joined) or a control frame.
struct Message {
  Opcode opcode = Opcode::kBinary;
  std::string payload;
};

/// Cuts what a server sends into messages. After a violation every call gives that violation again.
class Decoder {
 public:
  explicit Decoder(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  void feed(std::string_view bytes);
  /// The next complete message; nullopt when more bytes are needed.
  tl::expected<std::optional<Message>, Violation> next();

 private:
  struct Header {
    Opcode opcode;
    bool final;
    std::size_t size;          ///< of this header
    std::size_t payload_size;  ///< at most max_message_bytes_
  };
  /// The header of the frame at the front; nullopt when it is incomplete or, then told by violation_, wrong.
  std::optional<Header> read_header();
  /// What is wrong with this frame behind those before it; empty when nothing is.
  [[nodiscard]] std::string_view misplaced(const Header& header) const;
  std::optional<Message> take(const Header& header);
  std::nullopt_t violate(std::string_view what, std::uint16_t close_code = kProtocolViolation);
  [[nodiscard]] std::string_view unread() const { return std::string_view(buffer_).substr(consumed_); }

  std::size_t max_message_bytes_;
  std::string buffer_;
  std::size_t consumed_ = 0;           ///< of buffer_; moved away in large steps, not per frame
  std::optional<Message> unfinished_;  ///< fragments so far
  std::optional<Violation> violation_;
};

}  // namespace stateproof::kube::websocket
