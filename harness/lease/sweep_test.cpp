#include "harness/lease/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/lease/holder.h"
#include "harness/lease/ownership.h"
#include "harness/lease/testing/small_cluster.h"

namespace stateproof::lease {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SmallCluster;

class SweepTest : public ::testing::Test {
 protected:
  /// What a run left that was killed.
  void leave(const std::string& name, const std::string& run, std::chrono::seconds spared = 0s) {
    const Founding founding{run, Holder{"ci-3", 12, "token"}.identity()};
    cluster.make_namespace(name, namespace_of(name, founding)["metadata"]);
    cluster.make_lease(name, lease_of(*cluster.ns(name), founding, {.spared = spared},
                                      *parse_rfc3339("2026-03-01T10:00:00Z")));
  }

  Swept sweep(Spared spared = Spared::kGo) {
    const auto swept =
        sweep_abandoned(cluster.client(), spared, [this](const std::string& line) { told.push_back(line); });
    EXPECT_TRUE(swept) << swept.error().sentence;
    return swept ? *swept : Swept{};
  }

  SmallCluster cluster{{"a", "b", "shop"}};
  std::vector<std::string> told;
};

TEST_F(SweepTest, RemovesWhatIsProvedToBeOursAndAbandonedAndSaysSo) {
  leave("a", "r1");
  cluster.advance(41s);
  EXPECT_THAT(sweep().removed, ::testing::SizeIs(1));
  EXPECT_THAT(cluster.names(), IsEmpty());
  EXPECT_THAT(told, ElementsAre(AllOf(HasSubstr("removing namespace a of run r1"), HasSubstr("41 s"))));
  EXPECT_EQ(cluster.server().requests("DELETE /api/v1/namespaces/a").front().json()["preconditions"]["uid"],
            "uid-101");
}

TEST_F(SweepTest, TakesAwayFinalizersOfOursAndNoOthers) {
  leave("a", "r1");
  cluster.advance(41s);
  const auto pod = [](const char* name, const json& finalizers) {
    return json{{"metadata", {{"name", name}, {"uid", name}, {"finalizers", finalizers}}}};
  };
  cluster.server().always("GET /api/v1/namespaces/a/pods", [&](kube::testing::Connection& c) {
    c.respond_json({{"kind", "PodList"},
                    {"metadata", {{"resourceVersion", "1"}}},
                    {"items", {pod("held", {"stateproof.dev/hold", "x/y"}), pod("foreign", {"x/y"})}}});
  });
  for (const char* verb : {"PATCH", "DELETE"})
    for (const char* name : {"held", "foreign"})
      cluster.server().always(std::string{verb} + " /api/v1/namespaces/a/pods/" + name,
                              [](kube::testing::Connection& c) { c.respond_json({}); });
  sweep();
  const auto patches = cluster.server().requests("PATCH /api/v1/namespaces/a/pods/held");
  ASSERT_THAT(patches, ::testing::SizeIs(1));
  EXPECT_EQ(patches.front().json(), (json{{"metadata", {{"uid", "held"}, {"finalizers", {"x/y"}}}}}));
  EXPECT_THAT(cluster.server().requests("PATCH /api/v1/namespaces/a/pods/foreign"), IsEmpty());
}

TEST_F(SweepTest, LeavesWhatIsRenewed) {
  leave("a", "r1");
  cluster.advance(39s);
  EXPECT_THAT(sweep().removed, IsEmpty());
  cluster.write_lease("a",
                      {{"spec", {{"renewTime", "2020-01-01T00:00:00.000000Z"}}}});  // by a clock that is off
  cluster.advance(39s);
  EXPECT_THAT(sweep().removed, IsEmpty());
  EXPECT_THAT(cluster.names(), ElementsAre("a"));
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(SweepTest, NeverTouchesWhatOnlyLooksLikeOursAndNamesIt) {
  cluster.make_namespace("shop", {{"labels", {{"app.kubernetes.io/managed-by", "stateproof"}}}});
  leave("a", "r1");
  const json copied = cluster.lease("a");
  cluster.make_namespace("b", (*cluster.ns("a"))["metadata"]);
  cluster.make_lease("b", copied);  // with everything but the UID
  cluster.advance(std::chrono::hours{24});
  EXPECT_EQ(sweep().left_alone, 2U);
  EXPECT_THAT(cluster.names(), ElementsAre("b", "shop"));
  EXPECT_THAT(cluster.server().requests("DELETE /api/v1/namespaces/b"), IsEmpty());
  EXPECT_THAT(told, Contains(AllOf(HasSubstr("namespace b looks like one of ours"),
                                   HasSubstr("another namespace"), HasSubstr("kubectl delete namespace b"))));
  EXPECT_THAT(told, Contains(AllOf(HasSubstr("namespace shop"), HasSubstr("no run"))));
}

TEST_F(SweepTest, IsNotAlarmedByANeighbourThatHasNoLeaseYet) {
  cluster.make_namespace("a", namespace_of("a", {"r1", Holder::this_process().identity()})["metadata"]);
  EXPECT_EQ(sweep().left_alone, 0U);
  EXPECT_THAT(told, IsEmpty());
  cluster.advance(41s);
  EXPECT_EQ(sweep().left_alone, 1U);
  EXPECT_THAT(cluster.names(), ElementsAre("a"));
}

TEST_F(SweepTest, SparesWhatMayBeTakenUpUnlessToldNotTo) {
  leave("a", "r1", 600s);
  cluster.advance(500s);
  EXPECT_THAT(sweep(Spared::kStay).removed, IsEmpty());
  EXPECT_THAT(sweep(Spared::kGo).removed, ::testing::SizeIs(1));
}

TEST_F(SweepTest, LeavesToItsHolderWhatIsRenewedInTheLastMoment) {
  leave("a", "r1");
  cluster.advance(41s);
  const auto found = find(cluster.client(), "a");
  ASSERT_TRUE(found && *found);
  cluster.write_lease("a", {{"spec", {{"renewTime", "2026-03-01T10:00:41.000000Z"}}}});
  EXPECT_EQ(seize(cluster.client(), **found, "me/1/x"), false);
  EXPECT_THAT(cluster.lease("a")["spec"]["holderIdentity"], "ci-3/12/token");
}

TEST_F(SweepTest, RemovesNoSuccessorOfTheSameName) {
  leave("a", "r1");
  const std::string former = uid_of(*cluster.ns("a"));
  cluster.drop_namespace("a");
  cluster.make_namespace("a", json::object());
  EXPECT_TRUE(remove_namespace(cluster.client(), "a", former));
  EXPECT_THAT(cluster.names(), ElementsAre("a"));
}

TEST_F(SweepTest, JudgesNothingWithoutTheServersTime) {
  leave("a", "r1");
  const json lease = cluster.lease("a");
  cluster.server().once("GET /apis/coordination.k8s.io/v1/namespaces/a/leases/stateproof",
                        [&](kube::testing::Connection& c) { c.respond_json(lease); });
  cluster.advance(std::chrono::hours{1});
  EXPECT_THAT(sweep().removed, IsEmpty());
  EXPECT_THAT(cluster.names(), ElementsAre("a"));
}

TEST_F(SweepTest, WaitsForWhatIsBeingDeletedAlready) {
  leave("a", "r1");
  cluster.linger("a");
  cluster.advance(41s);
  EXPECT_THAT(sweep().removed, ::testing::SizeIs(1));
  cluster.advance(41s);
  EXPECT_THAT(sweep().removed, ::testing::SizeIs(1));
  EXPECT_THAT(cluster.server().requests("DELETE /api/v1/namespaces/a"), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace stateproof::lease
