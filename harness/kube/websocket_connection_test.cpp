#include "harness/kube/websocket_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "harness/kube/client.h"
#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/testing/websocket_peer.h"

namespace stateproof::kube {
namespace {

using namespace std::chrono_literals;
using testing::Connection;
using ::testing::HasSubstr;
using testing::ScriptedServer;
using testing::WebSocketPeer;
using Event = WebSocketConnection::Event;

constexpr const char* kRoute = "GET /socket";
constexpr const char* kSubprotocol = "test";

std::unique_ptr<WebSocketConnection> open(const ScriptedServer& server, WebSocketOptions options = {}) {
  return WebSocketConnection::open(Client::create(server.config()).value().transport(),
                                   {"/socket", {kSubprotocol}, "connect socket", kRoute}, std::nullopt, {},
                                   options)
      .value();
}

TEST(WebSocketConnection, WakesAWaitingThread) {
  ScriptedServer server;
  server.once(kRoute, [](Connection& connection) { WebSocketPeer(connection, kSubprotocol).await_end(); });
  const auto connection = open(server);
  auto waiting = std::async(std::launch::async, [&] { return connection->wait({})->kind; });
  connection->wake();
  EXPECT_EQ(waiting.get(), Event::Kind::kWoken);
}

TEST(WebSocketConnection, TellsWhenTheTimeHasCome) {
  ScriptedServer server;
  server.once(kRoute, [](Connection& connection) { WebSocketPeer(connection, kSubprotocol).await_end(); });
  const auto connection = open(server);
  EXPECT_EQ(connection->wait({.until = WebSocketConnection::Clock::now() + 5ms})->kind,
            Event::Kind::kDeadline);
}

TEST(WebSocketConnection, PingsAServerThatAnswers) {
  ScriptedServer server;
  std::promise<int> pings;
  server.once(kRoute, [&](Connection& connection) {
    WebSocketPeer peer(connection, kSubprotocol);
    int count = 0;
    while (count < 5) {
      const auto frame = peer.receive_frame();
      if (!frame || frame->opcode != websocket::Opcode::kPing) break;
      peer.send(frame->payload, websocket::Opcode::kPong);
      ++count;
    }
    pings.set_value(count);
    peer.close();
  });
  const auto connection = open(server, {.ping_interval = 2ms, .silence_limit = 10s});
  EXPECT_EQ(connection->wait({})->kind, Event::Kind::kClosed);
  EXPECT_EQ(pings.get_future().get(), 5);
}

TEST(WebSocketConnection, GivesUpAServerThatIsSilent) {
  ScriptedServer server;
  server.once(kRoute, [](Connection& connection) {
    WebSocketPeer peer(connection, kSubprotocol);
    while (peer.receive_frame()) {
    }
  });
  const auto connection = open(server, {.ping_interval = 10ms, .silence_limit = 100ms});
  const auto event = connection->wait({});
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().kind, ApiError::Kind::kConnection);
  EXPECT_THAT(event.error().message, HasSubstr("0.1 s"));
}

TEST(WebSocketConnection, SaysGoodbyeBehindAllThatItSends) {
  ScriptedServer server;
  std::promise<std::size_t> received;
  server.once(kRoute, [&](Connection& connection) {
    WebSocketPeer peer(connection, kSubprotocol);
    std::size_t bytes = 0;
    while (const auto message = peer.receive()) bytes += message->size();
    received.set_value(bytes);
    peer.close();
  });
  const auto connection = open(server);
  for (int i = 0; i < 100; ++i) connection->send(std::string(64U << 10U, 'x'));
  connection->close(WebSocketConnection::Clock::now() + 10s);
  EXPECT_EQ(received.get_future().get(), 100 * (64U << 10U));
  EXPECT_EQ(connection->unsent_bytes(), 0U);
}

TEST(WebSocketConnection, HearsTheEndThoughItCanNoLongerWrite) {
  ScriptedServer server;
  server.once(kRoute, [](Connection& connection) {
    WebSocketPeer peer(connection, kSubprotocol);
    peer.send("last words");
    peer.close();
  });
  const auto connection = open(server);
  connection->send("too late");
  const auto message = connection->wait({});
  ASSERT_TRUE(message) << message.error().sentence();
  EXPECT_EQ(message->payload, "last words");
  EXPECT_EQ(connection->wait({})->kind, Event::Kind::kClosed);
}

}  // namespace
}  // namespace stateproof::kube
