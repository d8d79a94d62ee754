#include "harness/lease/holder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stateproof::lease {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const Timestamp kNow = *parse_rfc3339("2026-03-01T10:01:00Z");

json lease_of(const std::string& identity, const char* renewed) {
  return {{"spec", {{"holderIdentity", identity}, {"renewTime", renewed}, {"leaseDurationSeconds", 40}}}};
}

TEST(Holder, IsReadBackFromItsIdentity) {
  const Holder holder = Holder::this_process();
  EXPECT_EQ(Holder::parse(holder.identity()), holder);
  EXPECT_EQ(Holder::parse("someone"), std::nullopt);
  EXPECT_EQ(Holder::parse("host/boot/x/1"), std::nullopt);
}

TEST(IsAbandoned, NotWhileTheProcessLivesHoweverOldTheLease) {
  EXPECT_FALSE(is_abandoned(lease_of(Holder::this_process().identity(), "2026-03-01T09:00:00Z"), kNow));
}

TEST(IsAbandoned, AtOnceWhenTheProcessOnThisMachineIsGone) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  Holder holder = Holder::this_process();
  holder.pid = child;
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(is_abandoned(lease_of(holder.identity(), "2026-03-01T10:00:59Z"), kNow));
}

TEST(IsAbandoned, APidThatIsUsedAgainIsAnotherProcess) {
  Holder holder = Holder::this_process();
  ++holder.started;
  EXPECT_TRUE(is_abandoned(lease_of(holder.identity(), "2026-03-01T10:00:59Z"), kNow));
}

TEST(IsAbandoned, ByTheRenewTimeWhenTheHolderIsOnAnotherMachine) {
  const std::string elsewhere = Holder{"other-host", "boot", 1, 1}.identity();
  EXPECT_FALSE(is_abandoned(lease_of(elsewhere, "2026-03-01T10:00:30.000000Z"), kNow));
  EXPECT_TRUE(is_abandoned(lease_of(elsewhere, "2026-03-01T10:00:10.000000Z"), kNow));
}

json spared(json lease, const char* seconds) {
  lease["metadata"]["annotations"][kSpared] = seconds;
  return lease;
}

TEST(IsGivenUp, NotWhileItsRunMayTakeItUp) {
  const json killed = lease_of(Holder{"other-host", "boot", 1, 1}.identity(), "2026-03-01T09:55:00Z");
  EXPECT_TRUE(is_abandoned(spared(killed, "600"), kNow));
  EXPECT_FALSE(is_given_up(spared(killed, "600"), kNow));
  EXPECT_TRUE(is_given_up(spared(killed, "300"), kNow));
  EXPECT_TRUE(is_given_up(spared(killed, "many"), kNow));
  EXPECT_TRUE(is_given_up(killed, kNow));
}

TEST(IsGivenUp, NotWhileItsProcessLives) {
  EXPECT_FALSE(is_given_up(lease_of(Holder::this_process().identity(), "2026-03-01T09:00:00Z"), kNow));
}

TEST(IsAbandoned, WithoutALease) { EXPECT_TRUE(is_abandoned(nullptr, kNow)); }

}  // namespace
}  // namespace stateproof::lease
