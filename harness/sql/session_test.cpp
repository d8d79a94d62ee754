#include "harness/sql/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace stateproof::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

using Packets = std::vector<std::string>;

std::string little_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string counted(std::string_view text) { return little_endian(text.size(), 1).append(text); }

std::string ok(unsigned affected = 0) {
  return std::string(1, '\0') + static_cast<char>(affected) + std::string(5, '\0');
}

std::string end_of_rows() { return std::string("\xfe\0\0\x02\0", 5); }

std::string refusal(unsigned code, std::string_view sqlstate, std::string_view message) {
  return "\xff" + little_endian(code, 2) + "#" + std::string(sqlstate) + std::string(message);
}

std::string column(std::string_view name) {
  return counted("def") + counted("") + counted("") + counted("") + counted(name) + counted(name) + "\x0c" +
         little_endian(45, 2) + little_endian(255, 4) + "\xfd" + std::string(5, '\0');
}

Packets table(const std::vector<std::string>& columns,
              const std::vector<std::vector<std::optional<std::string>>>& rows) {
  Packets packets{little_endian(columns.size(), 1)};
  for (const auto& name : columns) packets.push_back(column(name));
  packets.push_back(end_of_rows());
  for (const auto& row : rows) {
    std::string packet;
    for (const auto& field : row) packet += field ? counted(*field) : "\xfb";
    packets.push_back(packet);
  }
  packets.push_back(end_of_rows());
  return packets;
}

/// The answer to COM_STMT_PREPARE of a statement without a result set.
Packets prepared(unsigned parameters) {
  Packets packets{std::string(1, '\0') + little_endian(1, 4) + little_endian(0, 2) +
                  little_endian(parameters, 2) + std::string(3, '\0')};
  for (unsigned i = 0; i < parameters; ++i) packets.push_back(column("?"));
  if (parameters > 0) packets.push_back(end_of_rows());
  return packets;
}

std::string greeting() {
  constexpr std::uint32_t capabilities =
      0x0008A209;  // protocol 4.1, transactions, database, secure authentication, plugins
  return "\x0a" + std::string("11.8.3-MariaDB-test") + '\0' + little_endian(77, 4) + "abcdefgh" + '\0' +
         little_endian(capabilities & 0xFFFFU, 2) + "\x2d" + little_endian(2, 2) +
         little_endian(capabilities >> 16U, 2) + "\x15" + std::string(10, '\0') + "ijklmnopqrst" + '\0' +
         "mysql_native_password" + '\0';
}

/// One command as it came: its code and its text.
struct Command {
  char code;
  std::string text;
  [[nodiscard]] bool is_query(std::string_view sql) const { return code == 3 && text == sql; }
  [[nodiscard]] bool quits() const { return code == 1; }
  [[nodiscard]] bool closes_statement() const { return code == 0x19; }
  [[nodiscard]] bool prepares() const { return code == 0x16; }
  [[nodiscard]] bool executes() const { return code == 0x17; }
};

/// Answers a command with packets; none: hangs up.
using Script = std::function<Packets(const Command&)>;

/// Serves one client on a socket of its own with the server's half of the MariaDB protocol.
class FakeServer {
 public:
  using Serve = std::function<void(FakeServer&)>;

  explicit FakeServer(Serve serve) {
    std::string folder = ::testing::TempDir() + "sqlXXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    path_ = folder + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    thread_ = std::thread([this, serve = std::move(serve)] {
      client_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      serve(*this);
      ::close(client_);
    });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    std::filesystem::remove_all(std::filesystem::path(path_).parent_path());
  }

  [[nodiscard]] SessionOptions options() const {
    return {.unix_socket = path_, .user = "app", .password = Password("secret-word"), .database = "orders"};
  }

  void send(std::string_view bytes) const { ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void send_packet(std::string_view payload, int number) const {
    send(little_endian(payload.size(), 3) + little_endian(static_cast<unsigned>(number), 1) +
         std::string(payload));
  }
  [[nodiscard]] std::optional<std::string> read_packet() const {
    const std::string header = read(4);
    if (header.size() < 4) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(header[i]); };
    return read(byte(0) | static_cast<std::size_t>(byte(1)) << 8U | static_cast<std::size_t>(byte(2)) << 16U);
  }
  void await_hangup() const { std::ignore = read(1); }

 private:
  [[nodiscard]] std::string read(std::size_t count) const {
    std::string bytes(count, '\0');
    bytes.resize(
        static_cast<std::size_t>(std::max<ssize_t>(0, ::recv(client_, bytes.data(), count, MSG_WAITALL))));
    return bytes;
  }

  std::string path_;
  int listener_ = -1;
  int client_ = -1;
  std::thread thread_;
};

FakeServer::Serve scripted(Script script) {
  return [script = std::move(script)](FakeServer& server) {
    server.send_packet(greeting(), 0);
    if (!server.read_packet()) return;
    server.send_packet(ok(), 2);
    while (const auto packet = server.read_packet()) {
      const Command command{packet->front(), packet->substr(1)};
      if (command.quits()) return;
      if (command.closes_statement()) continue;  // has no answer
      const Packets answer = script(command);
      if (answer.empty()) return;
      for (std::size_t i = 0; i < answer.size(); ++i) server.send_packet(answer[i], static_cast<int>(i) + 1);
    }
  };
}

static_assert(!std::is_copy_constructible_v<Session> && std::is_nothrow_move_constructible_v<Session>);

// ------------------------------------------------------------------------------------------- No connection

TEST(SqlConnect, MissingSocketIsALostConnectionWithoutTheSecret) {
  const auto session = Session::connect(
      {.unix_socket = "/nonexistent/socket", .user = "app", .password = Password("secret-word")});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, 2002U);
  EXPECT_TRUE(session.error().connection_lost);
  EXPECT_FALSE(session.error().outcome_unknown);
  EXPECT_THAT(session.error().sentence(), HasSubstr("/nonexistent/socket"));
  EXPECT_THAT(session.error().sentence(), Not(HasSubstr("secret-word")));
}

TEST(SqlConnect, ServerThatHangsUpIsALostConnection) {
  const FakeServer server([](FakeServer&) {});
  const auto session = Session::connect(server.options());
  ASSERT_FALSE(session);
  EXPECT_TRUE(session.error().connection_lost) << session.error().sentence();
}

TEST(SqlConnect, GarbageGreetingIsAnError) {
  const FakeServer server([](FakeServer& self) { self.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const auto session = Session::connect(server.options());
  ASSERT_FALSE(session);
  EXPECT_NE(session.error().code, 0U);
}

TEST(SqlConnect, SilentServerIsGivenUpAfterTheConnectTimeout) {
  const FakeServer server([](FakeServer& self) { self.await_hangup(); });
  auto options = server.options();
  options.connect_timeout = std::chrono::seconds{1};
  const auto session = Session::connect(options);
  ASSERT_FALSE(session);
  EXPECT_TRUE(session.error().connection_lost) << session.error().sentence();
}

TEST(SqlConnect, RefusedPasswordIsAnAnswer) {
  const FakeServer server([](FakeServer& self) {
    self.send_packet(greeting(), 0);
    std::ignore = self.read_packet();
    self.send_packet(refusal(1045, "28000", "Access denied for user 'app'"), 2);
  });
  const auto session = Session::connect(server.options());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, 1045U);
  EXPECT_EQ(session.error().sqlstate, "28000");
  EXPECT_FALSE(session.error().connection_lost);
}

// --------------------------------------------------------------------------------------------- Statements

TEST(SqlSession, KnowsItsServerAndSurvivesAMove) {
  const FakeServer server(scripted([](const Command&) { return Packets{ok(3)}; }));
  auto connected = Session::connect(server.options());
  ASSERT_TRUE(connected) << connected.error().sentence();
  Session session = std::move(*connected);
  EXPECT_EQ(session.connection_id(), 77U);
  EXPECT_EQ(session.server_version(), "11.8.3-MariaDB-test");
  const auto affected = session.execute("DELETE FROM t");
  ASSERT_TRUE(affected) << affected.error().sentence();
  EXPECT_EQ(*affected, 3U);
}

TEST(SqlSession, QueryGivesColumnsRowsAndNulls) {
  const FakeServer server(scripted([](const Command& command) -> Packets {
    if (!command.is_query("SHOW REPLICA STATUS")) return {};
    return table({"Slave_IO_State", "Last_IO_Error"},
                 {{"Waiting", std::nullopt}, {"", std::string("a\0b", 3)}});
  }));
  auto session = Session::connect(server.options());
  ASSERT_TRUE(session) << session.error().sentence();
  const auto result = session->query("SHOW REPLICA STATUS");
  ASSERT_TRUE(result) << result.error().sentence();
  EXPECT_THAT(result->columns, ElementsAre("Slave_IO_State", "Last_IO_Error"));
  EXPECT_THAT(result->rows, ElementsAre(ElementsAre(Optional(Eq("Waiting")), Eq(std::nullopt)),
                                        ElementsAre(Optional(Eq("")), Optional(Eq(std::string("a\0b", 3))))));
  EXPECT_THAT(result->field(0, "slave_io_state"), Optional(Eq("Waiting")));
  EXPECT_EQ(result->field(0, "last_io_error"), std::nullopt);
  EXPECT_EQ(result->field(2, "slave_io_state"), std::nullopt);
  EXPECT_EQ(result->field(0, "nothing"), std::nullopt);
}

TEST(SqlSession, RefusedStatementLeavesTheSessionUsable) {
  const FakeServer server(scripted([](const Command& command) {
    if (command.is_query("SELECT 1")) return table({"1"}, {{"1"}});
    return Packets{refusal(1146, "42S02", "Table 'orders.t' doesn't exist")};
  }));
  auto session = Session::connect(server.options());
  ASSERT_TRUE(session) << session.error().sentence();
  const auto refused = session->execute("INSERT INTO t VALUES (1)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 1146U);
  EXPECT_EQ(refused.error().sqlstate, "42S02");
  EXPECT_FALSE(refused.error().connection_lost);
  EXPECT_FALSE(refused.error().outcome_unknown);
  EXPECT_TRUE(session->query("SELECT 1"));
}

TEST(SqlSession, LosingTheConnectionLeavesTheOutcomeOpen) {
  const FakeServer server(scripted([](const Command&) { return Packets{}; }));
  auto session = Session::connect(server.options());
  ASSERT_TRUE(session) << session.error().sentence();
  const auto lost = session->execute("INSERT INTO t VALUES (1)");
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().connection_lost);
  EXPECT_TRUE(lost.error().outcome_unknown);
  EXPECT_TRUE(session->query("SELECT 1").error().connection_lost) << "no silent second connection";
}

TEST(SqlSession, ReplyThatNeverComesIsALostConnection) {
  const FakeServer server([](FakeServer& self) {
    self.send_packet(greeting(), 0);
    std::ignore = self.read_packet();
    self.send_packet(ok(), 2);
    std::ignore = self.read_packet();
    self.await_hangup();
  });
  auto options = server.options();
  options.read_timeout = std::chrono::seconds{1};
  auto session = Session::connect(options);
  ASSERT_TRUE(session) << session.error().sentence();
  const auto lost = session->execute("INSERT INTO t VALUES (1)");
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().connection_lost);
  EXPECT_TRUE(lost.error().outcome_unknown);
}

class SqlKilled : public ::testing::TestWithParam<unsigned> {};

TEST_P(SqlKilled, LeavesTheOutcomeOpen) {
  const FakeServer server(
      scripted([](const Command&) { return Packets{refusal(GetParam(), "70100", "stopped")}; }));
  auto session = Session::connect(server.options());
  ASSERT_TRUE(session) << session.error().sentence();
  EXPECT_TRUE(session->execute("COMMIT").error().outcome_unknown);
}

// Shutdown, interrupted, connection killed, error during commit.
INSTANTIATE_TEST_SUITE_P(All, SqlKilled, ::testing::Values(1053, 1317, 1927, 1180));

// ------------------------------------------------------------------------------------- Prepared statements

TEST(SqlPrepared, BindsNumbersTextAndNull) {
  std::string bound;
  {
    const FakeServer server(scripted([&bound](const Command& command) {
      if (command.prepares()) return prepared(3);
      bound = command.text;
      return Packets{ok(1)};
    }));
    auto session = Session::connect(server.options());
    ASSERT_TRUE(session) << session.error().sentence();
    const auto affected =
        session->execute("INSERT INTO t VALUES (?,?,?)", {std::int64_t{-2}, std::string("caf\xc3\xa9"), {}});
    ASSERT_TRUE(affected) << affected.error().sentence();
    EXPECT_EQ(*affected, 1U);
  }
  EXPECT_THAT(bound, HasSubstr(little_endian(static_cast<std::uint64_t>(-2), 8) + counted("caf\xc3\xa9")));
}

TEST(SqlPrepared, CountsItsParameters) {
  const FakeServer server(scripted([](const Command&) { return prepared(2); }));
  auto session = Session::connect(server.options());
  ASSERT_TRUE(session) << session.error().sentence();
  const auto refused = session->execute("INSERT INTO t VALUES (?,?)", {std::int64_t{1}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("1 values for 2 parameters"));
  EXPECT_FALSE(refused.error().outcome_unknown);
}

TEST(SqlPrepared, LosingTheConnectionWhilePreparingHasNoEffect) {
  const FakeServer server(scripted([](const Command&) { return Packets{}; }));
  auto session = Session::connect(server.options());
  ASSERT_TRUE(session) << session.error().sentence();
  const auto lost = session->execute("INSERT INTO t VALUES (?)", {std::int64_t{1}});
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().connection_lost);
  EXPECT_FALSE(lost.error().outcome_unknown);
}

struct Transcript {
  Result<std::uint64_t> affected{0};
  std::vector<std::string> commands;
};

/// A batch of three rows on a server that answers by `answer`, and what the server was told.
Transcript batch_of_three(const Script& answer) {
  Transcript transcript;
  const FakeServer server(scripted([&](const Command& command) {
    transcript.commands.push_back(command.prepares() ? "prepare" : command.executes() ? "row" : command.text);
    return answer(command);
  }));
  auto session = Session::connect(server.options());
  if (!session) {
    transcript.affected = tl::unexpected(session.error());
    return transcript;
  }
  transcript.affected = session->execute_batch("INSERT INTO t VALUES (?)",
                                               {{std::int64_t{1}}, {std::int64_t{2}}, {std::int64_t{3}}});
  std::ignore = session->query("SELECT 1");  // what is known to the server is complete with its answer
  return transcript;
}

TEST(SqlBatch, IsOneTransaction) {
  const auto transcript =
      batch_of_three([](const Command& c) { return c.prepares() ? prepared(1) : Packets{ok(1)}; });
  ASSERT_TRUE(transcript.affected) << transcript.affected.error().sentence();
  EXPECT_EQ(*transcript.affected, 3U);
  EXPECT_THAT(transcript.commands,
              ElementsAre("START TRANSACTION", "prepare", "row", "row", "row", "COMMIT", "SELECT 1"));
}

TEST(SqlBatch, IsRolledBackWhenARowIsRefused) {
  int rows = 0;
  const auto transcript = batch_of_three([&rows](const Command& c) {
    if (c.prepares()) return prepared(1);
    if (c.executes() && ++rows == 2) return Packets{refusal(1062, "23000", "Duplicate entry")};
    return Packets{ok(1)};
  });
  ASSERT_FALSE(transcript.affected);
  EXPECT_EQ(transcript.affected.error().code, 1062U);
  EXPECT_FALSE(transcript.affected.error().outcome_unknown);
  EXPECT_THAT(transcript.commands,
              ElementsAre("START TRANSACTION", "prepare", "row", "row", "ROLLBACK", "SELECT 1"));
}

TEST(SqlBatch, LostBeforeTheCommitHasNoEffect) {
  const auto transcript = batch_of_three([](const Command& c) {
    if (c.executes()) return Packets{};
    return c.prepares() ? prepared(1) : Packets{ok()};
  });
  ASSERT_FALSE(transcript.affected);
  EXPECT_TRUE(transcript.affected.error().connection_lost);
  EXPECT_FALSE(transcript.affected.error().outcome_unknown);
}

TEST(SqlBatch, LostInTheCommitLeavesTheOutcomeOpen) {
  const auto transcript = batch_of_three([](const Command& c) {
    if (c.is_query("COMMIT")) return Packets{};
    return c.prepares() ? prepared(1) : Packets{ok(1)};
  });
  ASSERT_FALSE(transcript.affected);
  EXPECT_TRUE(transcript.affected.error().connection_lost);
  EXPECT_TRUE(transcript.affected.error().outcome_unknown);
}

}  // namespace
}  // namespace stateproof::sql
