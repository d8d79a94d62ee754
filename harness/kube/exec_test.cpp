#include "harness/kube/exec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/testing/websocket_peer.h"

namespace stateproof::kube {
namespace {

using namespace std::chrono_literals;
using testing::Connection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScriptedServer;
using testing::WebSocketPeer;

using Kind = ApiError::Kind;

constexpr const char* kExecRoute = "GET /api/v1/namespaces/shop/pods/db-0/exec";
constexpr std::string_view kExecV5 = "v5.channel.k8s.io";
constexpr std::string_view kExecV4 = "v4.channel.k8s.io";

Client client_of(const ScriptedServer& server) { return Client::create(server.config()).value(); }

ExecRequest request_of(std::vector<std::string> command) {
  return {.pod = {"shop", "db-0", "mariadb"}, .command = std::move(command)};
}

std::string out(std::string_view text) { return "\x01" + std::string(text); }
std::string err(std::string_view text) { return "\x02" + std::string(text); }
std::string success() { return "\x03" + std::string(R"({"metadata":{},"status":"Success"})"); }
std::string exit_code(int code) {
  return "\x03"
         R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":")" +
         std::to_string(code) + R"("}]}})";
}

/// What one call gives on a server that does this on its connection.
Result<ExecResult> exec_on(testing::Handler handler, const ExecRequest& request = request_of({"true"})) {
  ScriptedServer server;
  server.once(kExecRoute, std::move(handler));
  return exec(client_of(server), request);
}

TEST(Exec, GivesOutputAndExitCode) {
  ScriptedServer server;
  server.once(kExecRoute, [](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    for (const auto& message : {out(""), out("one "), err("oops\n"), out("two"), exit_code(7)})
      peer.send(message);
    peer.close();
  });
  const auto result = exec(client_of(server), request_of({"sh", "-c", "echo a b & c=1"}));
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->out, "one two");
  EXPECT_EQ(result->err, "oops\n");

  const auto seen = server.requests(kExecRoute).at(0);
  EXPECT_THAT(seen.target, HasSubstr("?container=mariadb&command=sh&command=-c&command=echo%20a%20b%20%26%"
                                     "20c%3D1&stdout=true&stderr=true"));
  EXPECT_EQ(seen.header("sec-websocket-protocol"), "v5.channel.k8s.io, v4.channel.k8s.io");
  EXPECT_EQ(seen.query("stdin"), std::nullopt);
}

TEST(Exec, CountsAsAConnectionToTheSubresource) {
  ScriptedServer server;
  server.once(kExecRoute, [](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    peer.send(success());
    peer.close();
  });
  const Client client = client_of(server);
  ASSERT_TRUE(exec(client, request_of({"true"})));
  EXPECT_EQ(client.request_counts().at("connect pods/exec"), 1U);
}

TEST(Exec, ReadsWhatArrivesByteByByte) {
  const auto result = exec_on([](Connection& connection) {
    const std::string all =
        testing::upgrade_answer(connection.request(), kExecV4) + testing::server_frame(out("")) +
        testing::server_frame(out(std::string(200, 'x'))) + testing::server_frame(exit_code(1)) +
        testing::server_frame("\x03\xe8", websocket::Opcode::kClose);
    for (const char byte : all) connection.write({&byte, 1});
  });
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_EQ(result->exit_code, 1);
  EXPECT_EQ(result->out, std::string(200, 'x'));
}

TEST(Exec, ReadsLargeFrames) {
  const std::string megabyte(1U << 20U, 'm');
  const auto result = exec_on([&](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    for (int i = 0; i < 4; ++i) peer.send(out(megabyte));
    peer.send(success());
    peer.close();
  });
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_EQ(result->out.size(), 4 * megabyte.size());
}

TEST(Exec, AnswersPings) {
  std::string pong;
  const auto result = exec_on([&](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    peer.send("are you there", websocket::Opcode::kPing);
    if (const auto frame = peer.receive_frame(); frame && frame->opcode == websocket::Opcode::kPong)
      pong = frame->payload;
    peer.send(success());
    peer.close();
  });
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_EQ(pong, "are you there");
}

TEST(Exec, DoesNotWaitForEverForACloseBehindTheStatus) {
  const auto result = exec_on([](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    peer.send(out("all"));
    peer.send(success());
    peer.await_end();
  });
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_EQ(result->out, "all");
}

// -------------------------------------------------------------------------------- Failures of the harness

struct FailureCase {
  const char* name;
  testing::Handler handler;
  ApiError::Kind kind;
  int http_status;
  const char* words;
};

class ExecFailure : public ::testing::TestWithParam<FailureCase> {};

TEST_P(ExecFailure, IsNeverAnExitCode) {
  auto request = request_of({"true"});
  request.max_output_bytes = 100;
  const auto result = exec_on(GetParam().handler, request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, GetParam().kind) << result.error().sentence();
  EXPECT_EQ(result.error().http_status, GetParam().http_status);
  EXPECT_THAT(result.error().message, HasSubstr(GetParam().words));
  EXPECT_EQ(result.error().request, kExecRoute);
}

/// Upgrades to v5, sends these messages and closes in order.
testing::Handler sends(std::vector<std::string> messages) {
  return [messages = std::move(messages)](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    for (const auto& message : messages) peer.send(message);
    peer.close();
  };
}

std::vector<FailureCase> failure_cases() {
  return {
      {"Forbidden", [](Connection& c) { c.respond_status(403, "Forbidden", "cannot create pods/exec"); },
       Kind::kStatus, 403, "cannot create pods/exec"},
      {"NoSuchPod", [](Connection& c) { c.respond_status(404, "NotFound", "pods \"db-0\" not found"); },
       Kind::kStatus, 404, "not found"},
      {"BadGatewayWithoutStatus", [](Connection& c) { c.respond(502, "<html>bad gateway</html>"); },
       Kind::kStatus, 502, ""},
      {"NoUpgrade", [](Connection& c) { c.respond(200, "hello"); }, Kind::kProtocol, 0, "status 200"},
      {"HangsUp", [](Connection& c) { c.close(); }, Kind::kProtocol, 0, "without an answer"},
      {"BadAcceptKey",
       [](Connection& c) {
         c.write(
             "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n"
             "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n");
         c.await_close();
       },
       Kind::kProtocol, 0, "does not match the key"},
      {"OtherSubprotocol", [](Connection& c) { WebSocketPeer(c, "channel.k8s.io").await_end(); },
       Kind::kProtocol, 0, "\"channel.k8s.io\", which was not offered"},
      {"StatusOfTheRuntime",
       sends({out(""),
              "\x03"
              R"({"status":"Failure","reason":"InternalError","message":"container not found","code":500})"}),
       Kind::kStatus, 500, "container not found"},
      {"ClosedWithoutStatus", sends({out("all is well\n")}), Kind::kConnection, 0,
       "without reporting the command's exit status"},
      {"ClosedWithAReason", [](Connection& c) { WebSocketPeer(c, kExecV5).close(1011, "kubelet is gone"); },
       Kind::kConnection, 0, "1011, kubelet is gone"},
      {"CutWithoutStatus",
       [](Connection& c) {
         WebSocketPeer(c, kExecV5).send(out("some"));
         c.cut();
       },
       Kind::kConnection, 0, ""},
      {"EndOfStreamWithoutClose",
       [](Connection& c) {
         WebSocketPeer(c, kExecV5).send(out("some"));
         c.close();
       },
       Kind::kConnection, 0, "without a close frame"},
      {"HalfAStatus", sends({"\x03{\"status\":\"Succ"}), Kind::kProtocol, 0, "malformed"},
      {"TooMuchOutput", sends({out(std::string(60, 'x')), err(std::string(60, 'x')), success()}),
       Kind::kProtocol, 0, "more than 100 bytes"},
      {"UnknownChannel", sends({"\x04{}", success()}), Kind::kProtocol, 0, "channel 4"},
      {"MessageWithoutChannel", sends({"", success()}), Kind::kProtocol, 0, "without a channel"},
      {"MaskedFrame",
       [](Connection& c) {
         WebSocketPeer peer(c, kExecV5);
         c.write(websocket::encode_frame(websocket::Opcode::kBinary, out("x"), {1, 2, 3, 4}));
         peer.await_end();
       },
       Kind::kProtocol, 0, "masked"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, ExecFailure, ::testing::ValuesIn(failure_cases()),
                         [](const auto& instance) { return instance.param.name; });

TEST(ExecRefused, RenewsCredentialsOnce) {
  const auto token_file = std::filesystem::path(::testing::TempDir()) / "exec_test.token";
  std::ofstream(token_file) << "old";
  ScriptedServer server;
  server.once(kExecRoute, [&](Connection& connection) {
    std::ofstream(token_file) << "new";
    connection.respond_status(401, "Unauthorized", "Unauthorized");
  });
  server.once(kExecRoute, sends({success()}));
  ClusterConfig config = server.config();
  config.token_file = token_file;
  const auto result = exec(Client::create(config).value(), request_of({"true"}));
  ASSERT_TRUE(result) << result.error().sentence();
  const auto seen = server.requests(kExecRoute);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].header("authorization"), "Bearer old");
  EXPECT_EQ(seen[1].header("authorization"), "Bearer new");
  std::filesystem::remove(token_file);
}

TEST(ExecLimit, HoldsForASilentServer) {
  auto request = request_of({"sleep"});
  request.limit = 50ms;
  EXPECT_EQ(exec_on([](Connection& c) { c.await_close(); }, request).error().kind, ApiError::Kind::kTimeout);
}

TEST(ExecLimit, HoldsForACommandWithoutEnd) {
  auto request = request_of({"yes"});
  request.limit = 200ms;
  request.max_output_bytes = 1U << 30U;
  const auto result = exec_on(
      [](Connection& connection) {
        connection.write(testing::upgrade_answer(connection.request(), kExecV5));
        while (connection.write(testing::server_frame(out("y\n")))) {
        }
      },
      request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ApiError::Kind::kTimeout);
}

TEST(ExecStop, EndsAWaitingCall) {
  ScriptedServer server;
  std::promise<void> upgraded;
  server.once(kExecRoute, [&](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    upgraded.set_value();
    peer.await_end();
  });
  std::stop_source stop;
  auto request = request_of({"sleep", "infinity"});
  request.stop = stop.get_token();
  auto running = std::async(std::launch::async, [&] { return exec(client_of(server), request); });
  upgraded.get_future().wait();
  stop.request_stop();
  EXPECT_EQ(running.get().error().kind, ApiError::Kind::kCancelled);
}

TEST(ExecStop, OfTheClientHoldsToo) {
  ScriptedServer server;
  std::stop_source stop;
  server.once(kExecRoute, [&](Connection& connection) {
    stop.request_stop();  // while the upgrade is awaited
    connection.await_close();
  });
  ClientOptions options;
  options.stop = stop.get_token();
  const auto result = exec(Client::create(server.config(), options).value(), request_of({"true"}));
  EXPECT_EQ(result.error().kind, ApiError::Kind::kCancelled);
}

// -------------------------------------------------------------------------------------------------- Input

/// Gives all that it is sent back as stdout, once stdin is closed or `size` bytes came.
testing::Handler echoes(std::string_view subprotocol, std::size_t size = std::string::npos) {
  return [=](Connection& connection) {
    WebSocketPeer peer(connection, subprotocol);
    std::string input;
    while (input.size() < size) {
      const auto message = peer.receive();
      if (!message || *message == std::string("\xff\0", 2)) break;
      if (message->front() != 0) return connection.cut();
      input += message->substr(1);
    }
    peer.send(out(input));
    peer.send(success());
    peer.close();
  };
}

TEST(ExecInput, IsClosedByHalfWithV5) {
  auto request = request_of({"cat"});
  for (int i = 0; i < 100'000; ++i) request.input += std::to_string(i);
  const auto result = exec_on(echoes(kExecV5), request);
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_EQ(result->out, request.input);
}

TEST(ExecInput, MayBeEmpty) {
  auto request = request_of({"cat"});
  request.wants_input = true;
  const auto result = exec_on(echoes(kExecV5), request);
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_EQ(result->out, "");
}

TEST(ExecInput, WithoutAnEndIsRefusedWithV4) {
  auto request = request_of({"cat"});
  request.input = "text";
  std::vector<std::string> sent;
  const auto result = exec_on(
      [&](Connection& connection) {
        WebSocketPeer peer(connection, kExecV4);
        while (auto message = peer.receive()) sent.push_back(*message);
      },
      request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ApiError::Kind::kProtocol);
  EXPECT_THAT(result.error().message, HasSubstr("v4.channel.k8s.io"));
  EXPECT_THAT(sent, IsEmpty());
}

TEST(ExecInput, WithItsOwnEndWorksWithV4) {
  auto request = request_of({"head", "-c", "4"});
  request.input = "text";
  request.input_is_bounded = true;
  const auto result = exec_on(echoes(kExecV4, 4), request);
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_EQ(result->out, "text");
}

// ------------------------------------------------------------------------------------------------- Stream

/// Collects what a stream tells, for a thread that waits for it.
class Told {
 public:
  ExecStream::Callbacks callbacks() {
    return {[this](std::string line) {
              const std::lock_guard lock(mutex_);
              lines_.push_back(std::move(line));
              changed_.notify_all();
            },
            [this](const Result<ExecResult>& end) { end_.set_value(end); }};
  }
  std::vector<std::string> await_lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return lines_.size() >= count; });
    return lines_;
  }
  Result<ExecResult> await_end() { return end_.get_future().get(); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::promise<Result<ExecResult>> end_;
};

ExecRequest stream_request() {
  auto request = request_of({"probe"});
  request.wants_input = true;
  return request;
}

TEST(ExecStream, GivesWholeLinesAndTheEnd) {
  ScriptedServer server;
  server.once(kExecRoute, [](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    for (const auto& message :
         {out(""), out("on"), out("e\ntwo\n\nth"), err("warning"), out("ree"), exit_code(3)}) {
      peer.send(message);
    }
    peer.close();
  });
  Told told;
  const auto stream = ExecStream::start(client_of(server), stream_request(), told.callbacks());
  ASSERT_TRUE(stream) << stream.error().sentence();
  const auto end = told.await_end();
  ASSERT_TRUE(end) << end.error().sentence();
  EXPECT_THAT(told.await_lines(3), ElementsAre("one", "two", ""));
  EXPECT_EQ(end->exit_code, 3);
  EXPECT_EQ(end->out, "three");
  EXPECT_EQ(end->err, "warning");
}

TEST(ExecStream, WritesToTheCommand) {
  ScriptedServer server;
  server.once(kExecRoute, [](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    while (const auto message = peer.receive()) peer.send(out("got " + message->substr(1)));
  });
  Told told;
  auto request = stream_request();
  request.input = "first\n";
  const auto stream = ExecStream::start(client_of(server), request, told.callbacks());
  ASSERT_TRUE(stream) << stream.error().sentence();
  EXPECT_THAT(told.await_lines(1), ElementsAre("got first"));
  ASSERT_TRUE((*stream)->write("second\n"));
  EXPECT_THAT(told.await_lines(2), ElementsAre("got first", "got second"));
  (*stream)->close();
  EXPECT_EQ(told.await_end().error().kind, ApiError::Kind::kCancelled);
  EXPECT_FALSE((*stream)->write("third\n"));
}

TEST(ExecStream, EndsWhenTheServerVanishes) {
  ScriptedServer server;
  server.once(kExecRoute, [](Connection& connection) {
    WebSocketPeer(connection, kExecV5).send(out("half a line"));
    connection.cut();
  });
  Told told;
  const auto stream = ExecStream::start(client_of(server), stream_request(), told.callbacks());
  ASSERT_TRUE(stream) << stream.error().sentence();
  EXPECT_EQ(told.await_end().error().kind, ApiError::Kind::kConnection);
}

TEST(ExecStream, EndsWithTheStopTokenOfTheRequest) {
  ScriptedServer server;
  server.once(kExecRoute, [](Connection& connection) { WebSocketPeer(connection, kExecV5).await_end(); });
  Told told;
  std::stop_source stop;
  auto request = stream_request();
  request.stop = stop.get_token();
  const auto stream = ExecStream::start(client_of(server), request, told.callbacks());
  ASSERT_TRUE(stream) << stream.error().sentence();
  stop.request_stop();
  EXPECT_EQ(told.await_end().error().kind, ApiError::Kind::kCancelled);
}

TEST(ExecStream, RefusesALineWithoutEnd) {
  ScriptedServer server;
  server.once(kExecRoute, [](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    peer.send(out(std::string(101, 'x')));
    peer.await_end();
  });
  Told told;
  auto request = stream_request();
  request.max_output_bytes = 100;
  const auto stream = ExecStream::start(client_of(server), request, told.callbacks());
  ASSERT_TRUE(stream) << stream.error().sentence();
  EXPECT_EQ(told.await_end().error().kind, ApiError::Kind::kProtocol);
}

TEST(ExecStream, RefusesMoreInputThanIsRead) {
  ScriptedServer server;
  std::promise<void> done;
  server.once(kExecRoute, [&](Connection& connection) {
    WebSocketPeer peer(connection, kExecV5);
    done.get_future().wait();  // reads nothing meanwhile
  });
  Told told;
  const auto stream = ExecStream::start(client_of(server), stream_request(), told.callbacks());
  ASSERT_TRUE(stream) << stream.error().sentence();
  const std::string megabyte(1U << 20U, 'm');
  Result<void> written;
  for (int i = 0; i < 64 && written; ++i) written = (*stream)->write(megabyte);
  EXPECT_FALSE(written);
  done.set_value();
}

TEST(ExecStream, DestructionEndsIt) {
  ScriptedServer server;
  server.once(kExecRoute, [](Connection& connection) { WebSocketPeer(connection, kExecV5).await_end(); });
  Told told;
  {
    const auto stream = ExecStream::start(client_of(server), stream_request(), told.callbacks());
    ASSERT_TRUE(stream) << stream.error().sentence();
  }
  EXPECT_EQ(told.await_end().error().kind, ApiError::Kind::kCancelled);
}

}  // namespace
}  // namespace stateproof::kube
