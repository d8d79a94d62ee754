#include "harness/kube/websocket.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/kube/text.h"

namespace stateproof::kube::websocket {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64U << 10U;
constexpr std::size_t kMaxRefusalBytes = 1U << 20U;
constexpr std::size_t kMaxControlPayload = 125;
constexpr std::string_view kHeaderEnd = "\r\n\r\n";
constexpr unsigned kFinalBit = 0x80;
constexpr unsigned kMaskedBit = 0x80;
constexpr unsigned kReservedBits = 0x70;
constexpr unsigned kOpcodeBits = 0x0F;

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');  // EVP_EncodeBlock also writes a terminating zero
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (lower(trim(list.substr(0, comma))) == token) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

std::optional<std::size_t> parse_size(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

struct StatusLine {
  int http_status = 0;
};

std::optional<StatusLine> parse_status_line(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return std::nullopt;
  if (line.size() > 12 && line[12] != ' ') return std::nullopt;
  const auto status = parse_size(line.substr(9, 3), 10);
  if (!status) return std::nullopt;
  return StatusLine{static_cast<int>(*status)};
}

/// The payload of a chunked body; nullopt while its end has not arrived.
struct Chunks {
  std::string body;
  bool complete = false;
  bool malformed = false;
};

Chunks join_chunks(std::string_view bytes) {
  Chunks out;
  while (true) {
    const auto line_end = bytes.find("\r\n");
    if (line_end == std::string_view::npos) return out;
    const auto line = bytes.substr(0, line_end);
    const auto size = parse_size(trim(line.substr(0, line.find(';'))), 16);
    if (!size || *size > kMaxRefusalBytes) {
      out.malformed = true;
      return out;
    }
    bytes.remove_prefix(line_end + 2);
    if (*size == 0) {
      out.complete = true;
      return out;
    }
    if (bytes.size() < *size + 2) return out;
    out.body.append(bytes.substr(0, *size));
    bytes.remove_prefix(*size + 2);
  }
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFFU);
}

bool is_control(Opcode opcode) { return opcode >= Opcode::kClose; }

bool is_known(unsigned opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA); }

bool may_be_sent(std::uint16_t close_code) {
  if (close_code >= 3000) return close_code <= 4999;
  return close_code >= 1000 && close_code <= 1014 && (close_code < 1004 || close_code > 1006);
}

tl::unexpected<Violation> violation(std::string what) {
  return tl::unexpected(Violation{kProtocolViolation, std::move(what)});
}

}  // namespace

// ---------------------------------------------------------------------------------------------- Handshake

std::string accept_value(std::string_view key_value) {
  const std::string text = std::string(key_value) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64(digest.data(), size);
}

Handshake::Handshake(UpgradeRequest request) : request_(std::move(request)) {}

std::string Handshake::key_value() const { return base64(request_.key.data(), request_.key.size()); }

std::string Handshake::request_bytes() const {
  std::string out = "GET " + request_.target + " HTTP/1.1\r\n";
  for (const auto& line : request_.headers) out += line + "\r\n";
  out += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
         key_value() + "\r\n";
  std::string offered;
  for (const auto& name : request_.subprotocols) offered += (offered.empty() ? "" : ", ") + name;
  if (!offered.empty()) out += "Sec-WebSocket-Protocol: " + offered + "\r\n";
  return out + "\r\n";
}

Handshake::State Handshake::broken(std::string what) {
  violation_.what = std::move(what);
  return state_ = State::kBroken;
}

const std::string* Handshake::header(std::string_view lower_case_name) const {
  const auto found = std::find_if(answer_.headers.begin(), answer_.headers.end(),
                                  [&](const auto& field) { return field.first == lower_case_name; });
  return found == answer_.headers.end() ? nullptr : &found->second;
}

Handshake::State Handshake::feed(std::string_view bytes) {
  if (state_ != State::kReading) return state_;
  buffer_ += bytes;
  if (!header_complete_) {
    const State state = read_header_block();
    if (state != State::kReading || !header_complete_) return state;
  }
  return read_refusal_body();
}

Handshake::State Handshake::read_header_block() {
  const auto end = buffer_.find(kHeaderEnd);
  if (std::min(end, buffer_.size()) > kMaxHeaderBytes) return broken("the header of the answer is too large");
  if (end == std::string::npos) return state_;

  std::string_view block = std::string_view(buffer_).substr(0, end);
  const auto status = parse_status_line(block.substr(0, block.find("\r\n")));
  if (!status) return broken("the answer to the upgrade is not HTTP/1.1");
  answer_.http_status = status->http_status;
  for (auto line_end = block.find("\r\n"); line_end != std::string_view::npos;
       line_end = block.find("\r\n")) {
    block.remove_prefix(line_end + 2);
    const auto line = block.substr(0, block.find("\r\n"));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return broken("the answer has a malformed header line");
    answer_.headers.emplace_back(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  buffer_.erase(0, end + kHeaderEnd.size());

  const bool interim = answer_.http_status >= 100 && answer_.http_status < 200 && answer_.http_status != 101;
  if (interim) {
    answer_ = {};
    return read_header_block();
  }
  header_complete_ = true;
  return answer_.http_status == 101 ? accept_upgrade() : state_;
}

Handshake::State Handshake::accept_upgrade() {
  const std::string* upgrade = header("upgrade");
  const std::string* connection = header("connection");
  const std::string* accept = header("sec-websocket-accept");
  const std::string* chosen = header("sec-websocket-protocol");
  if (upgrade == nullptr || lower(*upgrade) != "websocket")
    return broken("101 without \"Upgrade: websocket\"");
  if (connection == nullptr || !has_token(*connection, "upgrade"))
    return broken("101 without \"Connection: Upgrade\"");
  if (accept == nullptr || *accept != accept_value(key_value()))
    return broken("Sec-WebSocket-Accept does not match the key");
  if (header("sec-websocket-extensions") != nullptr)
    return broken("the server uses an extension that was not offered");
  const auto& offered = request_.subprotocols;
  if (chosen == nullptr) {
    if (!offered.empty()) return broken("the server chose none of the offered subprotocols");
    return state_ = State::kUpgraded;
  }
  if (std::find(offered.begin(), offered.end(), *chosen) == offered.end()) {
    return broken("the server chose the subprotocol \"" + *chosen + "\", which was not offered");
  }
  subprotocol_ = *chosen;
  return state_ = State::kUpgraded;
}

Handshake::State Handshake::read_refusal_body() {
  if (buffer_.size() > kMaxRefusalBytes) return broken("the body of the refusal is too large");
  const std::string* encoding = header("transfer-encoding");
  if (encoding != nullptr && has_token(*encoding, "chunked")) {
    Chunks chunks = join_chunks(buffer_);
    if (chunks.malformed) return broken("the body of the refusal is malformed");
    answer_.body = std::move(chunks.body);
    return state_ = chunks.complete ? State::kRefused : State::kReading;
  }
  if (const std::string* length = header("content-length")) {
    const auto size = parse_size(*length, 10);
    if (!size) return broken("the refusal has a malformed Content-Length");
    answer_.body = buffer_.substr(0, *size);
    return state_ = buffer_.size() >= *size ? State::kRefused : State::kReading;
  }
  answer_.body = buffer_;
  return state_;
}

Handshake::State Handshake::end_of_stream() {
  if (state_ != State::kReading) return state_;
  // A body that was cut short still says more than "connection lost".
  if (header_complete_) return state_ = State::kRefused;
  return broken(buffer_.empty() ? "the server closed the connection without an answer"
                                : "the server closed the connection within the header of its answer");
}

// ------------------------------------------------------------------------------------------------- Frames

std::string encode_frame(Opcode opcode, std::string_view payload, Mask mask) {
  std::string out;
  out.reserve(payload.size() + 14);
  out += static_cast<char>(kFinalBit | static_cast<unsigned>(opcode));
  if (payload.size() <= 125) {
    out += static_cast<char>(kMaskedBit | payload.size());
  } else if (payload.size() <= 0xFFFF) {
    out += static_cast<char>(kMaskedBit | 126U);
    append_big_endian(out, payload.size(), 2);
  } else {
    out += static_cast<char>(kMaskedBit | 127U);
    append_big_endian(out, payload.size(), 8);
  }
  for (const std::uint8_t byte : mask) out += static_cast<char>(byte);
  const std::size_t begin = out.size();
  out += payload;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out[begin + i] = static_cast<char>(static_cast<unsigned char>(out[begin + i]) ^ mask[i % mask.size()]);
  }
  return out;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string out;
  append_big_endian(out, code, 2);
  return out.append(reason.substr(0, kMaxControlPayload - 2));
}

tl::expected<Close, Violation> parse_close(std::string_view payload) {
  if (payload.empty()) return Close{};
  if (payload.size() == 1) return violation("a close frame with half a code");
  const auto code = static_cast<std::uint16_t>(big_endian(payload.substr(0, 2)));
  if (!may_be_sent(code)) return violation("a close frame with the forbidden code " + std::to_string(code));
  return Close{code, std::string(payload.substr(2))};
}

void Decoder::feed(std::string_view bytes) {
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  } else if (consumed_ >= buffer_.size() / 2) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_ += bytes;
}

std::nullopt_t Decoder::violate(std::string_view what, std::uint16_t close_code) {
  violation_ = Violation{close_code, std::string(what)};
  return std::nullopt;
}

std::optional<Decoder::Header> Decoder::read_header() {
  const std::string_view bytes = unread();
  if (bytes.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  if ((first & kReservedBits) != 0) return violate("a frame with reserved bits set");
  if (!is_known(first & kOpcodeBits)) {
    return violate("a frame with the reserved opcode " + std::to_string(first & kOpcodeBits));
  }
  if ((second & kMaskedBit) != 0) return violate("a masked frame from the server");

  const unsigned short_length = second & ~kMaskedBit;
  const std::size_t extra = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  if (bytes.size() < 2 + extra) return std::nullopt;
  const std::uint64_t length = extra == 0 ? short_length : big_endian(bytes.substr(2, extra));
  if ((extra == 2 && length <= 125) || (extra == 8 && length <= 0xFFFF)) {
    return violate("a frame length that is not in its shortest form");
  }
  const auto opcode = static_cast<Opcode>(first & kOpcodeBits);
  const std::size_t before = unfinished_ && !is_control(opcode) ? unfinished_->payload.size() : 0;
  if (length > max_message_bytes_ - before) {
    return violate("a message of more than " + std::to_string(max_message_bytes_) + " bytes", kMessageTooBig);
  }
  const Header header{opcode, (first & kFinalBit) != 0, 2 + extra, static_cast<std::size_t>(length)};
  if (const auto wrong = misplaced(header); !wrong.empty()) return violate(wrong);
  return header;
}

std::string_view Decoder::misplaced(const Header& header) const {
  if (is_control(header.opcode)) {
    if (!header.final) return "a fragmented control frame";
    return header.payload_size > kMaxControlPayload ? "an oversized control frame" : "";
  }
  const bool continues = header.opcode == Opcode::kContinuation;
  if (continues && !unfinished_) return "a continuation without a beginning";
  return !continues && unfinished_ ? "a new message within a fragmented one" : "";
}

std::optional<Message> Decoder::take(const Header& header) {
  const std::string_view payload = unread().substr(header.size, header.payload_size);
  consumed_ += header.size + header.payload_size;
  if (is_control(header.opcode)) return Message{header.opcode, std::string(payload)};
  if (!unfinished_) unfinished_ = Message{header.opcode, {}};
  unfinished_->payload += payload;
  if (!header.final) return std::nullopt;
  return std::exchange(unfinished_, std::nullopt);
}

tl::expected<std::optional<Message>, Violation> Decoder::next() {
  while (!violation_) {
    const auto header = read_header();
    if (!header || unread().size() < header->size + header->payload_size) break;
    if (auto message = take(*header)) return message;
  }
  if (violation_) return tl::unexpected(*violation_);
  return std::nullopt;
}

}  // namespace stateproof::kube::websocket
