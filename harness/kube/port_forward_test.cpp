#include "harness/kube/port_forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include "harness/kube/file_descriptor.h"
#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/testing/websocket_peer.h"

namespace stateproof::kube {
namespace {

using testing::Connection;
using ::testing::HasSubstr;
using testing::ScriptedServer;
using testing::WebSocketPeer;

constexpr const char* kRoute = "GET /api/v1/namespaces/shop/pods/db-0/portforward";
constexpr std::string_view kV4 = "v4.channel.k8s.io";
constexpr std::string_view kPort{"\xea\x0c", 2};  // 3306

/// The runtime's end of a forwarded port.
class Port {
 public:
  explicit Port(Connection& connection) : peer_(connection, kV4) {
    peer_.send(std::string(1, '\0').append(kPort));
    peer_.send(std::string(1, '\1').append(kPort));
  }
  void send(std::string_view bytes) { peer_.send(std::string(1, '\0').append(bytes)); }
  void fail(std::string_view text) { peer_.send(std::string(1, '\1').append(text)); }
  std::optional<std::string> receive() {
    auto message = peer_.receive();
    if (message) message->erase(0, 1);
    return message;
  }
  WebSocketPeer& peer() { return peer_; }

 private:
  WebSocketPeer peer_;
};

class LocalClient {
 public:
  explicit LocalClient(const PortForward& forward)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    forward.socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  [[nodiscard]] std::string read(std::size_t count) const {
    std::string bytes(count, '\0');
    const auto n = ::recv(socket_.get(), bytes.data(), count, MSG_WAITALL);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
  [[nodiscard]] std::string read_to_end() const { return read(1U << 20U); }

 private:
  FileDescriptor socket_;
};

class PortForwardTest : public ::testing::Test {
 protected:
  std::unique_ptr<PortForward> forward() {
    return PortForward::open(Client::create(server_.config()).value(), {"shop", "db-0"}, 3306).value();
  }

  ScriptedServer server_;
};

void echo(Connection& connection) {
  Port port(connection);
  while (const auto bytes = port.receive()) port.send(*bytes);
}

TEST_F(PortForwardTest, CarriesBytesBothWays) {
  server_.always(kRoute, echo);
  const auto forward = this->forward();
  const LocalClient client(*forward);
  client.send("hello");
  EXPECT_EQ(client.read(5), "hello");
  const auto seen = server_.requests(kRoute).at(0);
  EXPECT_EQ(seen.query("ports"), "3306");
  EXPECT_EQ(seen.header("sec-websocket-protocol"), kV4);
}

TEST_F(PortForwardTest, GivesEachConnectionAWebSocketOfItsOwn) {
  server_.always(kRoute, echo);
  const auto forward = this->forward();
  const LocalClient first(*forward);
  const LocalClient second(*forward);
  second.send("two");
  first.send("one");
  EXPECT_EQ(first.read(3), "one");
  EXPECT_EQ(second.read(3), "two");
  EXPECT_EQ(server_.connection_count(), 2);
}

TEST_F(PortForwardTest, CarriesMuch) {
  server_.always(kRoute, echo);
  const auto forward = this->forward();
  const LocalClient client(*forward);
  std::string bytes;
  for (int i = 0; bytes.size() < 6'000'000; ++i) bytes += std::to_string(i);
  std::thread writer([&] { client.send(bytes); });
  const std::string echoed = client.read(bytes.size());
  writer.join();
  EXPECT_TRUE(echoed == bytes) << echoed.size() << " of " << bytes.size() << " bytes, or others";
}

TEST_F(PortForwardTest, GoesOnReadingAClientThatWasTooFast) {
  constexpr std::size_t size = 8'000'000;
  server_.once(kRoute, [](Connection& connection) {
    Port port(connection);
    std::size_t received = 0;
    while (received < size) {
      const auto bytes = port.receive();
      if (!bytes) return;
      received += bytes->size();
    }
    port.send("all");
    port.peer().await_end();
  });
  const auto forward = this->forward();
  const LocalClient client(*forward);
  client.send(std::string(size, 'x'));
  EXPECT_EQ(client.read(3), "all");
}

TEST_F(PortForwardTest, EndsTheClientsStreamWhenThePodCloses) {
  server_.once(kRoute, [](Connection& connection) {
    Port port(connection);
    port.send("goodbye");
    port.peer().close();
  });
  const auto forward = this->forward();
  EXPECT_EQ(LocalClient(*forward).read_to_end(), "goodbye");
  EXPECT_EQ(forward->last_error(), "");
}

TEST_F(PortForwardTest, SendsAllThatTheClientWroteBeforeItClosed) {
  std::promise<std::string> received;
  server_.once(kRoute, [&](Connection& connection) {
    Port port(connection);
    std::string all;
    while (const auto bytes = port.receive()) all += *bytes;
    received.set_value(all);
  });
  const auto forward = this->forward();
  const std::string bytes(8'000'000, 'x');
  LocalClient(*forward).send(bytes);
  EXPECT_TRUE(received.get_future().get() == bytes);
}

TEST_F(PortForwardTest, NamesARefusedPort) {
  server_.once(kRoute, [](Connection& connection) {
    Port port(connection);
    port.fail("error forwarding port 3306: dial tcp4 127.0.0.1:3306: connect: connection refused\n");
    port.peer().close();
  });
  const auto forward = this->forward();
  EXPECT_EQ(LocalClient(*forward).read_to_end(), "");
  EXPECT_EQ(forward->last_error(),
            "port 3306 of pod shop/db-0: error forwarding port 3306: dial tcp4 127.0.0.1:3306: connect: "
            "connection refused");
}

TEST_F(PortForwardTest, NamesARefusedUpgrade) {
  server_.once(kRoute, [](Connection& c) { c.respond_status(404, "NotFound", "pods \"db-0\" not found"); });
  const auto forward = this->forward();
  EXPECT_EQ(LocalClient(*forward).read_to_end(), "");
  EXPECT_THAT(forward->last_error(), HasSubstr("pods \"db-0\" not found"));
}

TEST_F(PortForwardTest, EndsTheClientsStreamWhenTheServerVanishes) {
  server_.once(kRoute, [](Connection& connection) {
    Port(connection).send("some");
    connection.cut();
  });
  const auto forward = this->forward();
  const std::string seen = LocalClient(*forward).read_to_end();  // the reset may overtake the bytes
  EXPECT_TRUE(seen.empty() || seen == "some") << seen;
  EXPECT_THAT(forward->last_error(), HasSubstr("port 3306 of pod shop/db-0: the connection was lost"));
}

TEST_F(PortForwardTest, RefusesAnotherPort) {
  server_.once(kRoute, [](Connection& connection) {
    WebSocketPeer peer(connection, kV4);
    peer.send(std::string("\0\x50\x00", 3));
    peer.await_end();
  });
  const auto forward = this->forward();
  EXPECT_EQ(LocalClient(*forward).read_to_end(), "");
  EXPECT_THAT(forward->last_error(), HasSubstr("does not start with the requested port"));
}

TEST_F(PortForwardTest, IsPrivateAndLeavesNothingBehind) {
  auto forward = this->forward();
  const auto folder = std::filesystem::path(forward->socket_path()).parent_path();
  struct stat status{};
  ASSERT_EQ(::stat(folder.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  EXPECT_LT(forward->socket_path().size(), sizeof(sockaddr_un::sun_path));
  forward.reset();
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(PortForwardTest, DestructionEndsOpenConnections) {
  server_.always(kRoute, echo);
  auto forward = this->forward();
  const LocalClient client(*forward);
  client.send("x");
  ASSERT_EQ(client.read(1), "x");
  forward.reset();
  EXPECT_EQ(client.read_to_end(), "");
}

}  // namespace
}  // namespace stateproof::kube
