#include "harness/check/upgrade/upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/check/testing/matchers.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

/// What happened while a cluster was upgraded; one second passes with each entry.
class History {
 public:
  History() {
    timeline_.header.subject.ns = "gate";
    timeline_.header.subject.set = "mariadb";
    timeline_.header.subject.replicas = {2};
    node("one");
    node("two");
    pod("mariadb-0", "one");
    pod("mariadb-1", "two");
    set({{"template", {{"image", "a"}}}, {"replicas", 2}});
    step(Step::Phase::kBegin);
  }

  History& node(const std::string& name, bool cordoned = false, const std::string& boot = "1") {
    Node node;
    node.meta.ref = {"Node", "", name, Uid{name}};
    node.ready = true;
    node.unschedulable = cordoned;
    node.boot = boot;
    return seen(Change::kModified, node);
  }
  History& node_removed(const std::string& name) {
    Node node;
    node.meta.ref = {"Node", "", name, Uid{name}};
    return seen(Change::kDeleted, node);
  }
  static Pod pod_of(const std::string& name, const std::string& node, const std::string& uid) {
    Pod pod;
    pod.meta.ref = {"Pod", "gate", name, Uid{uid}};
    pod.meta.owners = {{"StatefulSet", "mariadb", Uid{"set"}, true}};
    pod.meta.labels[kRevisionLabel] = "r1";
    pod.node = node;
    pod.ready = true;
    pod.containers.emplace_back().name = "mariadb";
    return pod;
  }
  History& pod(const std::string& name, const std::string& node, const std::string& uid = "",
               const std::function<void(Pod&)>& change = {}) {
    Pod pod = pod_of(name, node, uid.empty() ? name : uid);
    if (change) change(pod);
    return seen(Change::kModified, pod);
  }
  History& gone(const std::string& name, const std::string& node, const std::string& disruption = "",
                bool synthesized = false) {
    Pod pod = pod_of(name, node, name);
    pod.disruption = disruption;
    return seen(Change::kDeleted, pod, json::object(), synthesized);
  }
  History& set(const json& spec) {
    StatefulSet set;
    set.meta.ref = {"StatefulSet", "gate", "mariadb", Uid{"set"}};
    return seen(Change::kModified, set, {{"spec", spec}});
  }
  History& revision(const std::string& uid) {
    ControllerRevision revision;
    revision.meta.ref = {"ControllerRevision", "gate", uid, Uid{uid}};
    return seen(Change::kAdded, revision);
  }
  History& writes(const std::string& ended) {
    LedgerWrites writes{0, 1, {}, {}, ended, {}};
    for (std::size_t i = 0; i < ended.size(); ++i) {
      writes.began.push_back(at_ + std::chrono::milliseconds(i));
      writes.took.push_back(1ms);
    }
    return add(std::move(writes));
  }
  History& reads(LedgerRead read) {
    read.began = at_;
    return add(std::move(read));
  }
  History& demands_availability(double per_cent) {
    timeline_.header.environment["budget"]["availability"] = per_cent;
    return *this;
  }
  History& pass(Elapsed time) {
    at_ += time;
    return *this;
  }
  [[nodiscard]] Timeline upgraded() {
    step(Step::Phase::kReached);
    timeline_.finish = End{};
    return timeline_;
  }

 private:
  void step(Step::Phase phase) { add(Step{steps::Upgrade{}, phase}); }
  History& seen(Change change, KubeObject object, json served = json::object(), bool synthesized = false) {
    return add(
        ObjectSeen{change, std::move(object), std::make_shared<const json>(std::move(served)), synthesized});
  }
  History& add(Entry entry) {
    at_ += 1s;
    timeline_.observations.push_back({timeline_.size() + 1, at_, std::move(entry)});
    return *this;
  }
  Timeline timeline_;
  Elapsed at_{0};
};

TEST(UnchangedPods, MayBeTakenByADrain) {
  EXPECT_THAT(unchanged_pods_are_left_alone(History{}
                                                .node("one", true)
                                                .gone("mariadb-0", "one", "EvictionByEvictionAPI")
                                                .pod("mariadb-0", "one", "successor")
                                                .upgraded()),
              IsConformant());
}

TEST(UnchangedPods, AreNotToBeDeletedOnANodeInService) {
  EXPECT_THAT(unchanged_pods_are_left_alone(History{}.gone("mariadb-0", "one").upgraded()),
              IsNonconformantAs(HasSubstr("it was not evicted")));
}

TEST(UnchangedPods, MayVanishInAGapWhenTheirNodeWasGivenUpAtAnyTime) {
  EXPECT_THAT(unchanged_pods_are_left_alone(
                  History{}.gone("mariadb-0", "one", "", true).node("one", true).node("one").upgraded()),
              IsConformant());
  EXPECT_THAT(unchanged_pods_are_left_alone(History{}.gone("mariadb-0", "one", "", true).upgraded()),
              IsNonconformantAs(HasSubstr("gap")));
}

TEST(UnchangedPods, AreNotToBeFollowedByAnotherRevision) {
  EXPECT_THAT(unchanged_pods_are_left_alone(History{}
                                                .node("one", true)
                                                .gone("mariadb-0", "one")
                                                .pod("mariadb-0", "one", "successor",
                                                     [](Pod& pod) { pod.meta.labels[kRevisionLabel] = "r2"; })
                                                .upgraded()),
              IsNonconformantAs(HasSubstr("r2")));
}

TEST(UnchangedPods, AreNotToBeRestartedUnlessTheirMachineIs) {
  const auto restarted = [](Pod& pod) { pod.containers[0].restarts = 1; };
  EXPECT_THAT(unchanged_pods_are_left_alone(History{}.pod("mariadb-0", "one", "", restarted).upgraded()),
              IsNonconformantAs(HasSubstr("restarted")));
  EXPECT_THAT(unchanged_pods_are_left_alone(
                  History{}.node("one", false, "2").pod("mariadb-0", "one", "", restarted).upgraded()),
              IsConformant());
}

TEST(UnchangedSets, MayGetNewDefaultsOutsideTheirTemplate) {
  EXPECT_THAT(unchanged_sets_keep_their_spec(
                  History{}.set({{"template", {{"image", "a"}}}, {"replicas", 2}, {"new", 1}}).upgraded()),
              IsConformant());
}

TEST(UnchangedSets, KeepEveryFieldOfTheirTemplate) {
  EXPECT_THAT(unchanged_sets_keep_their_spec(
                  History{}.set({{"template", {{"image", "a"}, {"new", 1}}}, {"replicas", 2}}).upgraded()),
              IsNonconformantAs(HasSubstr("/template/new")));
}

TEST(UnchangedSets, KeepTheFieldsThatTheyHad) {
  EXPECT_THAT(unchanged_sets_keep_their_spec(
                  History{}.set({{"template", {{"image", "a"}}}, {"replicas", 3}}).upgraded()),
              IsNonconformantAs(HasSubstr("/replicas")));
}

TEST(UnchangedSets, GetNoNewRevision) {
  EXPECT_THAT(unchanged_sets_keep_their_spec(History{}.revision("r2").upgraded()),
              IsNonconformantAs(HasSubstr("r2 was created")));
}

TEST(Budget, IsSmallerUntilTheFirstNodeIsCordoned) {
  EXPECT_THAT(service_stays_within_budget(History{}
                                              .demands_availability(0)
                                              .writes("o")
                                              .pass(12s)
                                              .writes("fo")
                                              .node("one", true)
                                              .writes("o")
                                              .upgraded()),
              IsNonconformantAs(HasSubstr("without")));
  EXPECT_THAT(service_stays_within_budget(History{}
                                              .demands_availability(0)
                                              .writes("o")
                                              .node("one", true)
                                              .writes("o")
                                              .pass(12s)
                                              .writes("fo")
                                              .upgraded()),
              IsConformant());
}

TEST(Budget, IsInconclusiveWhenNobodyTried) {
  EXPECT_THAT(service_stays_within_budget(
                  History{}.demands_availability(0).writes("o").pass(12s).writes("o").upgraded()),
              IsInconclusive(HasSubstr("did not try")));
}

TEST(Budget, IsForMembersAlone) {
  LedgerRead stranger;
  stranger.member = "mariadb-2";
  EXPECT_THAT(service_stays_within_budget(History{}
                                              .demands_availability(0)
                                              .writes("o")
                                              .node("one", true)
                                              .reads(stranger)
                                              .pass(12s)
                                              .writes("fo")
                                              .reads(stranger)
                                              .upgraded()),
              IsConformant());
}

TEST(Budget, DemandsAvailability) {
  EXPECT_THAT(service_stays_within_budget(History{}.writes("o").pass(5s).writes("o").upgraded()),
              IsNonconformantAs(HasSubstr("%")));
}

TEST(OneAtATime, RefusesAnEvictionWhileAnotherMemberIsAway) {
  const auto evicted = [](Pod& pod) { pod.disruption = "EvictionByEvictionAPI"; };
  const auto unready = [](Pod& pod) { pod.ready = false; };
  EXPECT_THAT(one_member_down_at_a_time(History{}.pod("mariadb-0", "one", "", evicted).upgraded()),
              IsConformant());
  EXPECT_THAT(
      one_member_down_at_a_time(
          History{}.pod("mariadb-1", "two", "", unready).pod("mariadb-0", "one", "", evicted).upgraded()),
      IsNonconformantAs(HasSubstr("mariadb-1 was not Ready")));
}

TEST(OneAtATime, DoesNotApplyWhenNobodyWasDrained) {
  EXPECT_EQ(one_member_down_at_a_time(History{}.upgraded()).outcome, Outcome::kNotApplicable);
}

TEST(Upgrade, ThatNeverBeganIsInconclusive) {
  EXPECT_EQ(unchanged_pods_are_left_alone(Timeline{}).outcome, Outcome::kInconclusive);
  EXPECT_EQ(service_stays_within_budget(Timeline{}).outcome, Outcome::kInconclusive);
}

TEST(NodesComeBack, WhenTheyAreUncordoned) {
  EXPECT_THAT(nodes_come_back(History{}.node("one", true).node("one").upgraded()), IsConformant());
  EXPECT_THAT(nodes_come_back(History{}.node("one", true).upgraded()),
              IsNonconformantAs(HasSubstr("cordoned")));
}

TEST(NodesComeBack, AMachineThatWasReplacedIsNotMissed) {
  EXPECT_THAT(nodes_come_back(History{}.node("one", true).node_removed("one").node("three").upgraded()),
              IsConformant());
}

}  // namespace
}  // namespace stateproof::check
