#include "harness/lease/namespace_lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

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
using ::testing::SizeIs;
using testing::SmallCluster;

class NamespaceLeaseTest : public ::testing::Test {
 protected:
  using Lease = std::unique_ptr<NamespaceLease>;

  LeaseRequest request(const std::string& run = "r1") {
    LeaseRequest wanted;
    wanted.run = run;
    wanted.name = "a";
    wanted.more = {"client"};
    wanted.tell = [this](const std::string& line) { note(told, line); };
    wanted.lost = [this](const std::string& why) { note(losses, why); };
    return wanted;
  }

  /// Waits between attempts are the API server's time going on, and what else happens meanwhile.
  kube::Client client(std::function<void()> meanwhile = [] {}) {
    kube::ClientOptions options;
    options.pause = [this, meanwhile](std::chrono::milliseconds time) {
      cluster.advance(std::chrono::ceil<std::chrono::seconds>(time));
      meanwhile();
      return true;
    };
    return cluster.client(options);
  }

  Lease take(const std::string& run = "r1", std::chrono::milliseconds renew_every = kRenewEvery) {
    LeaseRequest wanted = request(run);
    wanted.renew_every = renew_every;
    auto lease = NamespaceLease::take(client(), wanted);
    EXPECT_TRUE(lease) << lease.error().sentence;
    return lease ? std::move(*lease) : nullptr;
  }

  void note(std::vector<std::string>& lines, const std::string& line) {
    const std::scoped_lock lock(mutex);
    lines.push_back(line);
  }

  SmallCluster cluster{{"a", "a-client", "shop"}};
  std::mutex mutex;
  std::vector<std::string> told;
  std::vector<std::string> losses;
};

TEST_F(NamespaceLeaseTest, ProvesItsNamespacesToBeItsOwn) {
  const auto lease = take();
  for (const Home& home : lease->homes()) {
    EXPECT_EQ(objection(*cluster.ns(home.name), cluster.lease(home.name)), "");
    EXPECT_EQ(home.uid, uid_of(*cluster.ns(home.name)));
  }
  EXPECT_THAT(lease->homes(), SizeIs(2));
  EXPECT_EQ(lease->objection(), std::nullopt);
  EXPECT_THAT(lease->release(), IsEmpty());
  EXPECT_THAT(cluster.names(), IsEmpty());
}

TEST_F(NamespaceLeaseTest, IsRenewedWhileTheProcessLives) {
  const auto lease = take("r1", 20ms);
  EXPECT_TRUE(cluster.await_writes("a", 3));
  EXPECT_TRUE(cluster.await_writes("a-client", 3));
  EXPECT_EQ(lease->objection(), std::nullopt);
}

TEST_F(NamespaceLeaseTest, ForeignNamespaceOfTheWantedNameIsLeftAlone) {
  cluster.make_namespace("a", {{"labels", {{"app.kubernetes.io/managed-by", "stateproof"}}}});
  cluster.advance(1h);
  const auto lease = NamespaceLease::take(client(), request());
  ASSERT_FALSE(lease);
  EXPECT_THAT(lease.error().sentence,
              AllOf(HasSubstr("not proved to be of this suite"), HasSubstr("--namespace")));
  EXPECT_THAT(cluster.server().requests("DELETE /api/v1/namespaces/a"), IsEmpty());
}

TEST_F(NamespaceLeaseTest, TakesOverWhatIsNotRenewedAnyMore) {
  const auto former = take();
  const auto successor = take("r2");  // the pauses of its client let the lease run out
  ASSERT_NE(successor, nullptr);
  EXPECT_THAT(told, Contains(HasSubstr("removing namespace a of the abandoned run r1")));
  EXPECT_EQ(run_of(*cluster.ns("a")), "r2");

  // Whom it was taken from must not touch what his successor has made under the same names.
  EXPECT_THAT(former->release(), ::testing::Each(::testing::Field(&Remnant::ours, false)));
  EXPECT_EQ(run_of(*cluster.ns("a")), "r2");
  EXPECT_EQ(run_of(*cluster.ns("a-client")), "r2");
  EXPECT_THAT(successor->release(), IsEmpty());
}

TEST_F(NamespaceLeaseTest, LeavesWhatIsRenewedToItsRun) {
  const auto former = take();
  const auto renewed = [&] {
    cluster.write_lease("a", {{"spec", {{"renewTime", micro_time(Timestamp{})}}}});
  };
  const auto successor = NamespaceLease::take(client(renewed), request("r2"));
  ASSERT_FALSE(successor);
  EXPECT_THAT(successor.error().sentence,
              AllOf(HasSubstr("is in use by process"), HasSubstr("wait for that run")));
  EXPECT_EQ(run_of(*cluster.ns("a")), "r1");
}

TEST_F(NamespaceLeaseTest, IsLostToWhoeverWroteItWhileWeStalled) {
  const auto lease = take("r1", 20ms);
  cluster.write_lease("a", {{"spec", {{"holderIdentity", "ci-4/7/other"}}}});
  ASSERT_TRUE(cluster.await_round("a-client"));
  const auto objection = lease->objection();
  ASSERT_TRUE(objection);
  EXPECT_THAT(*objection, AllOf(HasSubstr("taken over by process 7 on ci-4"), HasSubstr("run it again")));
  EXPECT_THAT(losses, ElementsAre(*objection));

  EXPECT_THAT(lease->homes(), SizeIs(1));
  const auto left = lease->release();
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_FALSE(left.front().ours);
  EXPECT_THAT(cluster.names(), ElementsAre("a"));
}

TEST_F(NamespaceLeaseTest, IsLostWhenTheNamespaceIsDeletedUnderIt) {
  const auto lease = take("r1", 20ms);
  cluster.drop_namespace("a");
  cluster.make_namespace("a", json::object());
  ASSERT_TRUE(cluster.await_round("a-client"));
  EXPECT_THAT(lease->objection().value_or(""), HasSubstr("deleted by somebody else"));
  EXPECT_THAT(lease->release(), IsEmpty());
  EXPECT_THAT(cluster.names(), ElementsAre("a"));  // the other one of that name
}

TEST_F(NamespaceLeaseTest, IsNotLostByAnEditThatLeavesItsHolder) {
  const auto lease = take("r1", 20ms);
  cluster.write_lease("a", {{"metadata", {{"annotations", {{"note", "hello"}}}}}});
  ASSERT_TRUE(cluster.await_round("a-client"));
  EXPECT_EQ(lease->objection(), std::nullopt);
  EXPECT_THAT(lease->release(), IsEmpty());
}

TEST_F(NamespaceLeaseTest, TellsOnceThatItCannotBeRenewed) {
  const auto lease = take("r1", 20ms);
  cluster.refuse_renewals(403);
  ASSERT_TRUE(cluster.await_writes("a-client", 5));
  EXPECT_EQ(lease->objection(), std::nullopt);  // not run out yet
  cluster.refuse_renewals(0);
  EXPECT_THAT(lease->release(), IsEmpty());
  EXPECT_THAT(told, Contains(HasSubstr("the lease could not be renewed")).Times(1));
}

TEST_F(NamespaceLeaseTest, KeptOutlastsItsProcess) {
  auto lease = take();
  ASSERT_TRUE(lease->keep());
  cluster.advance(24h);
  const auto swept = sweep_abandoned(client(), Spared::kGo, {});
  ASSERT_TRUE(swept);
  EXPECT_THAT(swept->removed, IsEmpty());
  const auto other = NamespaceLease::take(client(), request("r2"));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().sentence, HasSubstr("in use by a gate that is open"));
  EXPECT_THAT(lease->release(), IsEmpty());
}

TEST_F(NamespaceLeaseTest, IsTakenUpByTheSameRunWhenItHasRunOut) {
  const auto killed = take();
  const auto other = NamespaceLease::take_up(client(), request("r2"));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().sentence, HasSubstr("start a new run"));
  auto salvaged = NamespaceLease::take_up(client(), request());
  ASSERT_TRUE(salvaged) << salvaged.error().sentence;
  EXPECT_THAT(killed->release(), ::testing::Each(::testing::Field(&Remnant::ours, false)));
  EXPECT_THAT(cluster.names(), ElementsAre("a", "a-client"));
  EXPECT_THAT((*salvaged)->release(), IsEmpty());
  EXPECT_THAT(cluster.names(), IsEmpty());
}

TEST_F(NamespaceLeaseTest, KnowsWhatItMadeAlthoughTheAnswerWasLost) {
  cluster.server().once("POST /api/v1/namespaces", [this](kube::testing::Connection& c) {
    cluster.make_namespace("a", c.request().json()["metadata"]);
    c.cut();
  });
  const auto lease = take();
  ASSERT_NE(lease, nullptr);
  EXPECT_THAT(lease->release(), IsEmpty());
  EXPECT_THAT(cluster.names(), IsEmpty());
}

TEST_F(NamespaceLeaseTest, LeavesNothingWhenItsLeaseIsRefused) {
  cluster.server().once("POST /apis/coordination.k8s.io/v1/namespaces/a-client/leases",
                        [](kube::testing::Connection& c) { c.respond_status(403, "Forbidden", "no"); });
  EXPECT_FALSE(NamespaceLease::take(client(), request()));
  EXPECT_THAT(cluster.names(), IsEmpty());
}

}  // namespace
}  // namespace stateproof::lease
