#include "harness/kube/log_follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "harness/kube/testing/scripted_server.h"

namespace stateproof::kube {
namespace {

using testing::Connection;
using ::testing::ElementsAre;
using testing::ScriptedServer;

using Kind = ApiError::Kind;

constexpr const char* kLog = "GET /api/v1/namespaces/ci/pods/it/log";

class LogFollow : public ::testing::Test {
 protected:
  Result<void> follow(const std::stop_token& stop = {}) {
    return log.follow([this](std::string_view line) { lines.emplace_back(line); }, stop);
  }

  ScriptedServer server;
  LogFollower log{Client::create(server.config()).value(), {"ci", "it", "run"}};
  std::vector<std::string> lines;
};

TEST_F(LogFollow, GivesLinesAsTheyComeWithoutTheirTimes) {
  server.once(kLog, [](Connection& c) {
    c.begin_stream();
    c.chunk("2026-03-01T10:00:00.000000001Z one\n2026-03-01T10:00:00.000000002Z t");
    c.chunk("wo words\n2026-03-01T10:00:00.000000003Z \n");
    c.chunk("2026-03-01T10:00:00.000000004Z no line feed");
    c.end_stream();
  });
  ASSERT_TRUE(follow());
  EXPECT_THAT(lines, ElementsAre("one", "two words", "", "no line feed"));
  const auto seen = server.requests(kLog).at(0);
  EXPECT_EQ(seen.query("container"), "run");
  EXPECT_EQ(seen.query("follow"), "true");
  EXPECT_EQ(seen.query("sinceTime"), std::nullopt);
}

TEST_F(LogFollow, GoesOnWhereTheConnectionWasLost) {
  server.once(kLog, [](Connection& c) {
    c.begin_stream();
    c.chunk("2026-03-01T10:00:00.1Z one\n2026-03-01T10:00:00.2Z two\n");
    c.cut();
  });
  server.once(kLog, [](Connection& c) {
    c.begin_stream();
    c.chunk("2026-03-01T10:00:00.1Z one\n2026-03-01T10:00:00.2Z two\n2026-03-01T10:00:00.3Z three\n");
    c.end_stream();
  });
  EXPECT_FALSE(follow());
  EXPECT_TRUE(follow());
  EXPECT_THAT(lines, ElementsAre("one", "two", "three"));
  EXPECT_EQ(server.requests(kLog).at(1).query("sinceTime"), "2026-03-01T10:00:00.2Z");
}

TEST_F(LogFollow, TellsARefusal) {
  server.once(kLog, [](Connection& c) { c.respond_status(403, "Forbidden", "no logs for you"); });
  const auto refused = follow();
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is_forbidden());
  EXPECT_EQ(refused.error().message, "no logs for you");
}

TEST_F(LogFollow, EndsWhenAskedTo) {
  std::stop_source stop;
  std::promise<void> streaming;
  server.once(kLog, [&](Connection& c) {
    c.begin_stream();
    c.chunk("2026-03-01T10:00:00.1Z one\n");
    streaming.set_value();
    c.await_close();
  });
  auto ended = std::async(std::launch::async, [&] { return follow(stop.get_token()); });
  streaming.get_future().wait();
  stop.request_stop();
  const auto result = ended.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Kind::kCancelled);
}

TEST_F(LogFollow, IsBounded) {
  server.once(kLog, [](Connection& c) {
    c.begin_stream();
    for (int i = 0; i < 40; ++i)
      if (!c.chunk(std::string(64U << 10U, 'x'))) return;
    c.end_stream();
  });
  const auto endless = follow();
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().kind, Kind::kProtocol);
  EXPECT_TRUE(lines.empty());
}

}  // namespace
}  // namespace stateproof::kube
