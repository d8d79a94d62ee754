#include "suites/scenarios/engine/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::scenarios {
namespace {

using record::View;
using testing::ElementsAre;
using testing::HasSubstr;

class Conditions : public testing::Test {
 protected:
  Conditions() {
    subject_.ns = "database";
    subject_.set = "mariadb";
    subject_.service = "mariadb";
  }
  Pod& pod(int ordinal) {
    Pod& pod = view_.pods[subject_.pod_name({ordinal})];
    pod.meta.ref = {"Pod", "database", subject_.pod_name({ordinal}), Uid{"u" + std::to_string(ordinal)}};
    pod.phase = "Pending";
    return pod;
  }
  Pod& ready_pod(int ordinal, const std::string& address) {
    Pod& ready = pod(ordinal);
    ready.phase = "Running";
    ready.ready = true;
    ready.addresses = {address};
    return ready;
  }
  void answer(int ordinal, const std::string& vantage, std::vector<std::string> addresses,
              const std::string& type = "A") {
    const std::string name = subject_.dns_name({ordinal});
    view_.dns[{vantage, name, type}] = {
        vantage, name, type, "10.96.0.10", addresses.empty() ? "NXDOMAIN" : "NOERROR", std::move(addresses)};
  }

  Subject subject_;
  View view_;
};

TEST_F(Conditions, ReadyMeansEveryWantedPodAndNoneOnItsWayOut) {
  const auto condition = all_ready(subject_, ordinals({0}, {2}));
  ready_pod(0, "10.0.0.1");
  EXPECT_THAT(condition(view_).last_seen, HasSubstr("mariadb-0 Ready, mariadb-1 absent"));
  ready_pod(1, "10.0.0.2");
  EXPECT_TRUE(condition(view_).reached);
  pod(1).meta.deletion = Timestamp{};
  EXPECT_FALSE(condition(view_).reached);
}

TEST_F(Conditions, WhatTheStatusCountsMustHaveBeenSeen) {
  StatefulSet& set = view_.sets["mariadb"];
  set.ready_pods = {1};
  ready_pod(0, "10.0.0.1");
  ready_pod(1, "10.0.0.2");  // the watch of pods is behind: one is no longer Ready
  EXPECT_FALSE(counted_ready(subject_, {1})(view_).reached);
  pod(1).ready = false;
  EXPECT_TRUE(counted_ready(subject_, {1})(view_).reached);
}

TEST_F(Conditions, AnImageThatCannotBePulledIsHopeless) {
  pod(0).containers.push_back({});
  pod(0).containers[0].waiting_reason = "ImagePullBackOff";
  EXPECT_THAT(all_ready(subject_, ordinals({0}, {1}))(view_).impossible, HasSubstr("image of pod mariadb-0"));
  pod(0).containers[0].waiting_reason = "ErrImagePull";  // the first attempt: another may work
  EXPECT_EQ(all_ready(subject_, ordinals({0}, {1}))(view_).impossible, "");
}

TEST_F(Conditions, ReplacedMeansANewUidThatIsReady) {
  const auto condition = replaced(subject_, {0}, Uid{"u0"});
  ready_pod(0, "10.0.0.1");
  EXPECT_THAT(condition(view_).last_seen, HasSubstr("not replaced yet"));
  ready_pod(0, "10.0.0.1").meta.ref.uid = {"u0-next"};
  EXPECT_TRUE(condition(view_).reached);
}

TEST_F(Conditions, ScaledDownIgnoresStrangersAndLowerOrdinals) {
  ready_pod(1, "10.0.0.1");
  view_.pods["stateproof-client"] = {};
  EXPECT_TRUE(scaled_down(subject_, {2})(view_).reached);
  pod(4);
  EXPECT_FALSE(scaled_down(subject_, {2})(view_).reached);
}

TEST_F(Conditions, ResolvedNeedsExactlyThePodsAddressFromEveryVantage) {
  const auto condition = resolved(subject_, {{0}}, {"database/c", "other/c"});
  ready_pod(0, "10.0.0.1");
  answer(0, "database/c", {"10.0.0.1"});
  EXPECT_THAT(condition(view_).last_seen, HasSubstr("not answered yet in other/c"));
  answer(0, "other/c", {});
  EXPECT_THAT(condition(view_).last_seen, HasSubstr("resolves to NXDOMAIN"));
  answer(0, "other/c", {"10.0.0.1", "10.0.0.9"});
  EXPECT_FALSE(condition(view_).reached);
  answer(0, "other/c", {"10.0.0.1"});
  EXPECT_TRUE(condition(view_).reached);
}

TEST_F(Conditions, ResolvedGoesByTheFamiliesOfTheService) {
  const auto condition = resolved(subject_, {{0}}, {"database/c"});
  ready_pod(0, "10.0.0.1").addresses.push_back("fd00::1");
  answer(0, "database/c", {"10.0.0.1"});
  EXPECT_TRUE(condition(view_).reached);
  view_.services[subject_.service].ip_families = {"IPv4", "IPv6"};
  EXPECT_THAT(record_types(view_, subject_), ElementsAre("A", "AAAA"));
  EXPECT_THAT(condition(view_).last_seen, HasSubstr("not answered yet"));
  view_.services[subject_.service].ip_families = {"IPv6"};
  answer(0, "database/c", {"fd00::1"}, "AAAA");
  EXPECT_TRUE(condition(view_).reached);
  view_.pods[subject_.pod_name({0})].addresses = {"10.0.0.1"};
  EXPECT_FALSE(condition(view_).reached);
}

TEST_F(Conditions, ClientPodsOfBothNamespacesMustRun) {
  const auto condition = running(subject_, {"database/c", "other/c"});
  view_.pods["c"].phase = "Running";
  EXPECT_THAT(condition(view_).last_seen, HasSubstr("other/c absent"));
  view_.client_pods["other/c"].phase = "Running";
  EXPECT_TRUE(condition(view_).reached);
}

}  // namespace
}  // namespace stateproof::scenarios
