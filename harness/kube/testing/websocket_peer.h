#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/websocket.h"

namespace stateproof::kube::testing {

/// A server's end of a WebSocket on a scripted connection.
class WebSocketPeer {
 public:
  /// Accepts the upgrade that the client asked for.
  WebSocketPeer(Connection& connection, std::string_view subprotocol);

  void send(std::string_view payload, websocket::Opcode opcode = websocket::Opcode::kBinary);
  void close(std::uint16_t code = websocket::kNormalClosure, std::string_view reason = {});

  /// The client's next frame, whatever it is; nullopt at the end of the stream, or when the frame is not
  /// masked or not a whole message.
  std::optional<websocket::Message> receive_frame();
  /// The next message, with pings answered; nullopt once the client has closed or is gone.
  std::optional<std::string> receive();
  /// Until the client has closed or is gone.
  void await_end();

 private:
  Connection& connection_;
};

/// The head of an answer that accepts the upgrade of this request.
std::string upgrade_answer(const SeenRequest& request, std::string_view subprotocol);

/// A frame as a server sends it.
std::string server_frame(std::string_view payload, websocket::Opcode opcode = websocket::Opcode::kBinary);

}  // namespace stateproof::kube::testing
