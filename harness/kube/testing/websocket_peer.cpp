#include "harness/kube/testing/websocket_peer.h"

#include <fmt/format.h>

namespace stateproof::kube::testing {
namespace {

using websocket::Message;
using websocket::Opcode;

unsigned byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

}  // namespace

std::string upgrade_answer(const SeenRequest& request, std::string_view subprotocol) {
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: {}\r\n"
      "Sec-WebSocket-Protocol: {}\r\n\r\n",
      websocket::accept_value(request.header("sec-websocket-key")), subprotocol);
}

std::string server_frame(std::string_view payload, Opcode opcode) {
  std::string frame(1, static_cast<char>(0x80U | static_cast<unsigned>(opcode)));
  const std::size_t size = payload.size();
  const int length_bytes = size <= 125 ? 0 : size <= 0xFFFF ? 2 : 8;
  frame += static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127);
  for (int i = length_bytes - 1; i >= 0; --i)
    frame += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i));
  return frame.append(payload);
}

WebSocketPeer::WebSocketPeer(Connection& connection, std::string_view subprotocol) : connection_(connection) {
  connection_.write(upgrade_answer(connection_.request(), subprotocol));
}

void WebSocketPeer::send(std::string_view payload, Opcode opcode) {
  connection_.write(server_frame(payload, opcode));
}

void WebSocketPeer::close(std::uint16_t code, std::string_view reason) {
  send(websocket::close_payload(code, reason), Opcode::kClose);
  connection_.close();
}

std::optional<Message> WebSocketPeer::receive_frame() {
  const std::string head = connection_.read_exactly(2);
  if (head.size() < 2) return std::nullopt;
  const bool whole = (byte_at(head, 0) & 0x80U) != 0 && (byte_at(head, 0) & 0x0FU) != 0;
  const bool masked = (byte_at(head, 1) & 0x80U) != 0;
  if (!whole || !masked) return std::nullopt;
  std::size_t size = byte_at(head, 1) & 0x7FU;
  if (size >= 126) {
    const std::string length = connection_.read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (std::size_t i = 0; i < length.size(); ++i) size = size << 8U | byte_at(length, i);
  }
  const std::string mask = connection_.read_exactly(4);
  std::string payload = connection_.read_exactly(size);
  if (mask.size() < 4 || payload.size() < size) return std::nullopt;
  for (std::size_t i = 0; i < size; ++i)
    payload[i] = static_cast<char>(byte_at(payload, i) ^ byte_at(mask, i % 4));
  return Message{static_cast<Opcode>(byte_at(head, 0) & 0x0FU), std::move(payload)};
}

std::optional<std::string> WebSocketPeer::receive() {
  while (auto frame = receive_frame()) {
    if (frame->opcode == Opcode::kClose) break;
    if (frame->opcode == Opcode::kPing) send(frame->payload, Opcode::kPong);
    if (frame->opcode == Opcode::kBinary) return std::move(frame->payload);
  }
  return std::nullopt;
}

void WebSocketPeer::await_end() {
  while (receive()) {
  }
}

}  // namespace stateproof::kube::testing
