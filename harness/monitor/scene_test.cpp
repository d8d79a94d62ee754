#include "harness/monitor/scene.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::monitor {
namespace {

using nlohmann::json;
using testing::ElementsAre;

const Target kWeb{"shop", "web"};

Pod pod(const std::string& name, const std::string& owner = "web") {
  Pod one;
  one.meta.ref = {"Pod", "shop", name, {name + "-uid"}};
  if (!owner.empty()) one.meta.owners.push_back({"StatefulSet", owner, {owner + "-uid"}, true});
  return one;
}

Claim claim(const std::string& name, const std::string& volume = {}) {
  Claim one;
  one.meta.ref = {"PersistentVolumeClaim", "shop", name, {name + "-uid"}};
  one.phase = volume.empty() ? "Pending" : "Bound";
  one.volume = volume;
  return one;
}

StatefulSet set_of(int replicas) {
  StatefulSet set;
  set.meta.ref = {"StatefulSet", "shop", "web", {"web-uid"}};
  set.meta.generation = set.observed_generation = 1;
  set.service_name = "web";
  set.replicas = set.current_pods = set.ready_pods = set.available_pods = set.updated_pods = {replicas};
  set.current_revision = set.update_revision = "web-1";
  set.claim_templates = {"data"};
  return set;
}

template <class Objects>
std::vector<std::string> names(const Objects& objects) {
  std::vector<std::string> found;
  for (const auto& object : objects) found.push_back(object.meta.ref.name);
  return found;
}

TEST(SceneOf, PodsStandInTheOrderOfTheirOrdinals) {
  record::View view;
  for (const char* name : {"web-10", "web-9", "web-0", "web-0-debug", "other-0"})
    view.pods[name] = pod(name, std::string_view{name} == "other-0" ? "other" : "web");
  EXPECT_THAT(names(scene_of(view, kWeb).pods), ElementsAre("web-0", "web-9", "web-10", "web-0-debug"));
}

TEST(SceneOf, APodThatBelongsToNobodyButHasTheNameIsShown) {
  record::View view;
  view.pods["web-1"] = pod("web-1", "");
  view.pods["helper"] = pod("helper", "");
  EXPECT_THAT(names(scene_of(view, kWeb).pods), ElementsAre("web-1"));
}

TEST(SceneOf, ClaimsAreThoseOfTheTemplatesAndThoseThatAreMounted) {
  record::View view;
  view.sets["web"] = set_of(1);
  view.pods["web-0"] = pod("web-0");
  view.pods["web-0"].volume_claims = {{"data", "data-web-0"}, {"shared", "shared"}};
  for (const char* name : {"data-web-10", "data-web-2", "data-web-0", "data-my-web-0", "shared", "unused"})
    view.claims[name] = claim(name);
  EXPECT_THAT(names(scene_of(view, kWeb).claims),
              ElementsAre("shared", "data-web-0", "data-web-2", "data-web-10"));
}

TEST(SceneOf, EndpointsAreThoseOfTheGoverningService) {
  record::View view;
  view.sets["web"] = set_of(1);
  const auto slice = [](const std::string& service, const std::string& address) {
    EndpointSlice one;
    one.service = service;
    one.endpoints.push_back({{address}, "", {}, true, true, false});
    return one;
  };
  view.slices["a"] = slice("web", "10.0.0.1");
  view.slices["b"] = slice("other", "10.0.0.2");
  const Scene scene = scene_of(view, kWeb);
  ASSERT_EQ(scene.endpoints.size(), 1U);
  EXPECT_THAT(scene.endpoints[0].addresses, ElementsAre("10.0.0.1"));
}

TEST(EventOf, IsAboutTheSetItsPodsAndTheirClaims) {
  const auto about = [](const char* kind, const char* name) {
    return event_of({{"involvedObject", {{"kind", kind}, {"name", name}}}}, kWeb).has_value();
  };
  EXPECT_TRUE(about("StatefulSet", "web"));
  EXPECT_TRUE(about("Pod", "web-12"));
  EXPECT_TRUE(about("PersistentVolumeClaim", "data-web-0"));
  EXPECT_FALSE(about("StatefulSet", "webby"));
  EXPECT_FALSE(about("Pod", "web-12-a"));
  EXPECT_FALSE(about("PersistentVolumeClaim", "web-0"));
  EXPECT_FALSE(about("Service", "web"));
  EXPECT_FALSE(event_of(json::array(), kWeb));
}

TEST(EventOf, ARepeatedEventHasItsNewestTimeAndItsCount) {
  const auto event = event_of({{"involvedObject", {{"kind", "Pod"}, {"name", "web-0"}}},
                               {"metadata", {{"uid", "e1"}, {"creationTimestamp", "2026-03-01T10:00:00Z"}}},
                               {"lastTimestamp", "2026-03-01T10:05:00Z"},
                               {"count", 7}},
                              kWeb);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->count, 7);
  EXPECT_EQ(event->at, parse_rfc3339("2026-03-01T10:05:00Z"));
  EXPECT_EQ(event->about, "Pod web-0");
}

TEST(IsReady, WhenAllThatIsWantedIsThere) {
  EXPECT_TRUE(is_ready(set_of(3)));
  EXPECT_TRUE(is_ready(set_of(0)));
}

TEST(IsReady, NotWhileTheControllerHasNotSeenTheNewestSpec) {
  StatefulSet set = set_of(3);
  set.meta.generation = 2;
  EXPECT_FALSE(is_ready(set));
}

TEST(IsReady, NotWhilePodsAreMissingUnreadyUnavailableOrTooMany) {
  for (Replicas StatefulSet::* count :
       {&StatefulSet::current_pods, &StatefulSet::ready_pods, &StatefulSet::available_pods}) {
    StatefulSet set = set_of(3);
    set.*count = {2};
    EXPECT_FALSE(is_ready(set));
  }
  StatefulSet set = set_of(3);
  set.current_pods = {4};
  EXPECT_FALSE(is_ready(set));
}

TEST(IsReady, NotWhileARolloutIsUnderWayButForWhatAPartitionHoldsBack) {
  StatefulSet set = set_of(3);
  set.update_revision = "web-2";
  EXPECT_FALSE(is_ready(set));
  set.partition = 1;
  set.updated_pods = {1};
  EXPECT_FALSE(is_ready(set));
  set.updated_pods = {2};
  EXPECT_TRUE(is_ready(set));
}

TEST(IsReady, UnderOnDeleteOldPodsAreNobodysFault) {
  StatefulSet set = set_of(3);
  set.update_revision = "web-2";
  set.updated_pods = {0};
  set.update_strategy = "OnDelete";
  EXPECT_TRUE(is_ready(set));
}

TEST(IsGone, OnlyWhenItsPodsAreGoneToo) {
  Scene scene;
  EXPECT_TRUE(is_gone(scene));
  scene.pods = {pod("web-1", "")};
  EXPECT_TRUE(is_gone(scene));
  scene.pods = {pod("web-1")};
  EXPECT_FALSE(is_gone(scene));
  scene.pods.clear();
  scene.set = set_of(0);
  EXPECT_FALSE(is_gone(scene));
}

TEST(DetailsOf, CountsContainersWithoutInitContainers) {
  const auto pod = json::parse(R"({"spec": {"containers": [{}, {}], "initContainers": [{}]},
      "status": {"initContainerStatuses": [{"ready": true}], "containerStatuses": [{"ready": true}, {}]}})");
  EXPECT_EQ(details_of(pod).ready_containers, "1/2");
  EXPECT_EQ(details_of(json::parse(R"({"spec": {"containers": [{}]}})")).ready_containers, "0/1");
}

TEST(DetailsOf, AClaimHasTheSizeOfItsVolumeOrTheOneThatItAsksFor) {
  auto claim = json::parse(R"({"spec": {"resources": {"requests": {"storage": "1Gi"}}}})");
  EXPECT_EQ(details_of(claim).capacity, "1Gi");
  claim["status"]["capacity"]["storage"] = "2Gi";
  EXPECT_EQ(details_of(claim).capacity, "2Gi");
}

}  // namespace
}  // namespace stateproof::monitor
