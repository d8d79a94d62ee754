#include "harness/lease/ownership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "harness/lease/holder.h"

namespace stateproof::lease {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Timestamp kNow = *parse_rfc3339("2026-03-01T10:01:00Z");

struct Pair {
  json ns;
  json lease;
};

Pair ours() {
  const Founding founding{"r1", Holder::this_process().identity()};
  Pair pair;
  pair.ns = namespace_of("stateproof-r1", founding);
  pair.ns["metadata"]["uid"] = "u1";
  pair.lease = lease_of(pair.ns, founding, {.spared = 600s}, kNow);
  return pair;
}

TEST(Objection, NoneToANamespaceAndItsOwnLease) {
  const Pair pair = ours();
  EXPECT_EQ(objection(pair.ns, pair.lease), "");
}

TEST(Objection, ToEachWayOfOnlyLookingLikeOurs) {
  struct Case {
    const char* why;
    std::function<void(Pair&)> forge;
  };
  const std::vector<Case> cases{
      {"label", [](Pair& p) { p.ns["metadata"]["labels"].erase("app.kubernetes.io/managed-by"); }},
      {"no run", [](Pair& p) { p.ns["metadata"]["labels"].erase("stateproof.dev/run"); }},
      {"nobody who made it", [](Pair& p) { p.ns["metadata"].erase("annotations"); }},
      {"nobody who made it",
       [](Pair& p) { p.ns["metadata"]["annotations"]["stateproof.dev/holder"] = "me"; }},
      {"no Lease", [](Pair& p) { p.lease = nullptr; }},
      {"no Lease", [](Pair& p) { p.lease = "a lease"; }},
      {"another namespace", [](Pair& p) { p.ns["metadata"]["uid"] = "u2"; }},
      {"another namespace", [](Pair& p) { p.ns["metadata"].erase("uid"); }},
      {"another namespace", [](Pair& p) { p.lease["metadata"].erase("annotations"); }},
      {"another run", [](Pair& p) { p.ns["metadata"]["labels"]["stateproof.dev/run"] = "r2"; }},
      {"another run", [](Pair& p) { p.lease["metadata"].erase("labels"); }},
      {"somebody else",
       [](Pair& p) { p.lease["metadata"]["annotations"]["stateproof.dev/holder"] = "h/1/other"; }},
      {"label", [](Pair& p) { p.ns["metadata"]["labels"] = 7; }},
      {"label", [](Pair& p) { p.ns = json::array(); }},
      {"another namespace",
       [](Pair& p) { p.lease["metadata"]["annotations"]["stateproof.dev/namespace-uid"] = 1; }},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Pair pair = ours();
    cases[i].forge(pair);
    EXPECT_THAT(objection(pair.ns, pair.lease), HasSubstr(cases[i].why)) << "case " << i;
  }
}

json written(const char* by_server, const char* by_holder = "2020-01-01T00:00:00.000000Z") {
  return {
      {"metadata",
       {{"annotations", {{"stateproof.dev/spared-seconds", "600"}}},
        {"managedFields", {{{"manager", "a"}, {"time", "2026-03-01T09:00:00Z"}}, {{"time", by_server}}}}}},
      {"spec", {{"renewTime", by_holder}, {"leaseDurationSeconds", 40}}}};
}

TEST(HoldOf, IsJudgedByWhenTheServerWroteItWhateverItsHolderSays) {
  EXPECT_EQ(hold_of(written("2026-03-01T10:00:30Z"), kNow), Hold::kHeld);
  EXPECT_EQ(hold_of(written("2026-03-01T10:00:10Z"), kNow), Hold::kAbandoned);
  EXPECT_EQ(hold_of(written("2026-03-01T10:00:10Z", "2030-01-01T00:00:00Z"), kNow), Hold::kAbandoned);
  EXPECT_EQ(hold_of(written("2026-03-01T09:50:00Z"), kNow), Hold::kGivenUp);
}

TEST(HoldOf, FallsBackToTheRenewTimeOnlyWhereTheServersStampsWereCutAway) {
  json lease = written("2026-03-01T10:00:59Z", "2026-03-01T10:00:00.000000Z");
  lease["metadata"].erase("managedFields");
  EXPECT_EQ(hold_of(lease, kNow), Hold::kAbandoned);
  lease["spec"]["renewTime"] = "2026-03-01T10:00:59.000000Z";
  EXPECT_EQ(hold_of(lease, kNow), Hold::kHeld);
}

TEST(HoldOf, IsHeldWhenNothingTellsItsAge) {
  EXPECT_EQ(hold_of({{"spec", {{"holderIdentity", "x"}}}}, kNow), Hold::kHeld);
  EXPECT_EQ(hold_of(nullptr, kNow), Hold::kHeld);
}

TEST(HoldOf, BearsWithNumbersThatAreNoDurations) {
  for (const json& odd : std::vector<json>{-1, 0, "many", 9223372036854775807LL, 1e300, json::array()}) {
    json lease = written("2026-03-01T10:00:50Z");
    lease["spec"]["leaseDurationSeconds"] = odd;
    lease["metadata"]["annotations"]["stateproof.dev/spared-seconds"] = odd;
    EXPECT_EQ(hold_of(lease, kNow), Hold::kHeld) << odd;
    EXPECT_GT(remaining(lease, kNow), 0s) << odd;
  }
}

TEST(Remaining, EndsWhenTheHoldDoes) {
  EXPECT_EQ(remaining(written("2026-03-01T10:00:30Z"), kNow), 11s);
  EXPECT_EQ(remaining(written("2026-03-01T09:00:30Z"), kNow), 0s);
}

}  // namespace
}  // namespace stateproof::lease
