#include "harness/monitor/picture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/report/text.h"

namespace stateproof::monitor {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Timestamp at(const char* text) { return parse_rfc3339(text).value(); }

Pod pod(int ordinal, bool ready = true) {
  Pod one;
  one.meta.ref = {"Pod", "shop", fmt::format("web-{}", ordinal), {fmt::format("uid-{}", ordinal)}};
  one.meta.owners.push_back({"StatefulSet", "web", {"web-uid"}, true});
  one.meta.labels[kRevisionLabel] = "web-aaa";
  one.meta.created = at("2026-03-01T10:00:00Z");
  one.phase = "Running";
  one.ready = ready;
  one.node = "worker";
  one.volume_claims = {{"data", fmt::format("data-web-{}", ordinal)}};
  return one;
}

Claim claim(int ordinal) {
  Claim one;
  one.meta.ref = {"PersistentVolumeClaim",
                  "shop",
                  fmt::format("data-web-{}", ordinal),
                  {fmt::format("claim-{}", ordinal)}};
  one.phase = "Bound";
  one.volume = fmt::format("pv-{}", ordinal);
  one.storage_class = "standard";
  return one;
}

/// A set whose pods are all Ready.
Scene scene_of_pods(int replicas, int first = 0) {
  Scene scene;
  scene.target = {"shop", "web"};
  scene.now = at("2026-03-01T10:04:05Z");
  scene.whole = true;
  StatefulSet set;
  set.meta.ref = {"StatefulSet", "shop", "web", {"web-uid"}};
  set.meta.generation = set.observed_generation = 1;
  set.service_name = "web";
  set.first = {first};
  set.replicas = set.current_pods = set.ready_pods = set.available_pods = set.updated_pods = {replicas};
  set.current_revision = set.update_revision = "web-aaa";
  set.claim_templates = {"data"};
  scene.set = set;
  for (int i = first; i < first + replicas; ++i) {
    scene.pods.push_back(pod(i));
    scene.claims.push_back(claim(i));
    scene.details[fmt::format("uid-{}", i)].ready_containers = "1/1";
    scene.details[fmt::format("claim-{}", i)].capacity = "250Mi";
    scene.endpoints.push_back({{fmt::format("10.0.0.{}", i)},
                               fmt::format("web-{}", i),
                               {"Pod", "shop", fmt::format("web-{}", i), {}},
                               true,
                               true,
                               false});
  }
  scene.service.emplace();
  scene.service->cluster_ip = "None";
  return scene;
}

SeenEvent event(int number) {
  return {fmt::format("e{}", number),
          at("2026-03-01T10:03:00Z"),
          "Normal",
          "Pulled",
          "Pod web-0",
          fmt::format("message {}", number),
          1};
}

std::string all(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Picture, OfASmallSetHoldsEverythingOnAnOrdinaryTerminal) {
  Scene scene = scene_of_pods(3);
  scene.events = {event(1)};
  EXPECT_EQ(
      all(picture(scene, {.columns = 80, .rows = 24})),
      "StatefulSet shop/web                                                   10:04:05Z\n3 wanted, 3 "
      "created, 3 Ready, 3 available, 3 at the update revision\nrevision aaa, RollingUpdate, "
      "OrderedReady\n\nPOD    STATUS   READY  RESTARTS  REVISION  AGE  NODE\nweb-0  Running  1/1    0        "
      " aaa       4m   worker\nweb-1  Running  1/1    0         aaa       4m   worker\nweb-2  Running  1/1   "
      " 0         aaa       4m   worker\n\nCLAIM       STATUS  CAPACITY  VOLUME  CLASS\ndata-web-0  Bound   "
      "250Mi     pv-0    standard\ndata-web-1  Bound   250Mi     pv-1    standard\ndata-web-2  Bound   250Mi "
      "    pv-2    standard\n\nENDPOINT  STATE  HOST NAME  POD    Service web, headless\n10.0.0.0  ready  "
      "web-0      web-0\n10.0.0.1  ready  web-1      web-1\n10.0.0.2  ready  web-2      web-2\n\nEVENTS, "
      "newest last\n10:03:00Z Normal Pulled Pod web-0: message 1\n");
}

class PictureOfWidth : public testing::TestWithParam<std::size_t> {};

TEST_P(PictureOfWidth, NoLineIsWiderAndThereAreNoMoreThanFit) {
  Scene scene = scene_of_pods(12);
  scene.pods[4].ready = false;
  scene.pods[4].unscheduled_message = std::string(300, 'x') + " größer als ein Schirm — 日本";
  for (int i = 0; i < 40; ++i) scene.events.push_back(event(i));
  scene.silence = Silence{scene.now, std::string(200, 'y')};
  scene.left_out = {"events"};
  for (const std::size_t rows : {1U, 2U, 8U, 24U, 40U, 200U}) {
    const auto lines = picture(scene, {.columns = GetParam(), .rows = rows});
    EXPECT_LE(lines.size(), rows);
    for (const std::string& line : lines) EXPECT_LE(report::columns(line), GetParam()) << line;
  }
}
INSTANTIATE_TEST_SUITE_P(Widths, PictureOfWidth, testing::Values(1U, 10U, 40U, 80U, 200U));

TEST(Picture, WhatIsCutSaysSo) {
  const auto lines = picture(scene_of_pods(1), {.columns = 40, .rows = 24});
  EXPECT_THAT(lines, Contains("3 wanted, 3 created, 3 Ready, 3 avail...").Times(0));
  EXPECT_THAT(lines, Contains("1 wanted, 1 created, 1 Ready, 1 avail..."));
}

TEST(Picture, WithoutRoomForAllPodsTheUnreadyOnesAreShown) {
  Scene scene = scene_of_pods(60);
  scene.pods[47].ready = false;
  const std::string text = all(picture(scene, {.columns = 80, .rows = 24}));
  EXPECT_THAT(text, AllOf(HasSubstr("\nweb-0 "), HasSubstr("\nweb-47 "), Not(HasSubstr("\nweb-46 "))));
  EXPECT_THAT(text, HasSubstr("more, Ready\n"));
  EXPECT_THAT(text, HasSubstr("more, Bound\n"));
}

TEST(Picture, UnreadyPodsThatAreNotShownAreNotCalledReady) {
  Scene scene = scene_of_pods(60);
  for (Pod& one : scene.pods) one.ready = false;
  const std::string text = all(picture(scene, {.columns = 80, .rows = 24}));
  EXPECT_THAT(text, AllOf(HasSubstr("more\n"), Not(HasSubstr("more, Ready"))));
}

TEST(Picture, PodsThatAreNotThereHaveARow) {
  Scene scene = scene_of_pods(3, 5);
  scene.pods.erase(scene.pods.begin() + 1);
  const std::string text = all(picture(scene, {.columns = 80, .rows = 40}));
  EXPECT_THAT(text,
              AllOf(HasSubstr("\nweb-6  missing"), Not(HasSubstr("web-0")), HasSubstr("ordinals from 5")));
}

TEST(Picture, ASetOfNoPodsHasNoTables) {
  Scene scene = scene_of_pods(0);
  const std::string text = all(picture(scene, {.columns = 80, .rows = 24}));
  EXPECT_THAT(text, AllOf(HasSubstr("0 wanted, 0 created"), Not(HasSubstr("CLAIM")),
                          Not(HasSubstr("POD    STATUS"))));
}

TEST(Picture, AMissingClaimAndAKeptOneAreTold) {
  Scene scene = scene_of_pods(1);
  scene.claims = {claim(7)};
  const std::string text = all(picture(scene, {.columns = 100, .rows = 24}));
  EXPECT_THAT(text, AllOf(HasSubstr("data-web-0  missing"), HasSubstr("kept, no pod wanted")));
}

TEST(Picture, AVolumeThatIsNotBoundIsTold) {
  Scene scene = scene_of_pods(1);
  scene.volumes["pv-0"].phase = "Released";
  scene.volumes["pv-0"].claim.uid = {"another"};
  EXPECT_THAT(all(picture(scene, {.columns = 120, .rows = 24})),
              HasSubstr("volume is Released, volume belongs to another claim"));
}

TEST(Picture, DuringARolloutOldPodsAreMarked) {
  Scene scene = scene_of_pods(2);
  scene.set->update_revision = "web-bbb";
  scene.pods[1].meta.labels[kRevisionLabel] = "web-bbb";
  const std::string text = all(picture(scene, {.columns = 100, .rows = 24}));
  EXPECT_THAT(text,
              AllOf(HasSubstr("revision aaa -> bbb"), HasSubstr("aaa (old)"), Not(HasSubstr("bbb (old)"))));
}

TEST(Picture, TwoPodsOfOneOrdinalAreBothShown) {
  Scene scene = scene_of_pods(1);
  scene.pods.push_back(pod(0));
  scene.pods.back().meta.deletion = scene.now;
  EXPECT_THAT(picture(scene, {.columns = 80, .rows = 24}), Contains(StartsWith("web-0  ")).Times(2));
}

TEST(Picture, AServiceThatIsNotThereAndOneWithAnAddressAreTold) {
  Scene scene = scene_of_pods(1);
  scene.service->cluster_ip = "10.96.0.1";
  EXPECT_THAT(all(picture(scene, {.columns = 100, .rows = 24})),
              HasSubstr("Service web, not headless: 10.96.0.1"));
  scene.service.reset();
  EXPECT_THAT(all(picture(scene, {.columns = 100, .rows = 24})), HasSubstr("Service web does not exist"));
}

TEST(Picture, WithoutAServiceThereIsNoTableOfEndpoints) {
  Scene scene = scene_of_pods(1);
  scene.set->service_name.clear();
  EXPECT_THAT(all(picture(scene, {.columns = 100, .rows = 24})), Not(HasSubstr("ENDPOINT")));
}

TEST(Picture, TheNewestEventsAreThoseThatAreShown) {
  Scene scene = scene_of_pods(3);
  for (int i = 0; i < 40; ++i) scene.events.push_back(event(i));
  const auto lines = picture(scene, {.columns = 80, .rows = 24});
  EXPECT_EQ(lines.size(), 24U);
  EXPECT_THAT(lines.back(), HasSubstr("message 39"));
}

TEST(Picture, TroubleAndWhatMayNotBeSeenStandAtTheTop) {
  Scene scene = scene_of_pods(1);
  scene.silence = Silence{at("2026-03-01T10:02:00Z"), "no connection"};
  scene.left_out = {"events, which needs a right"};
  const auto lines = picture(scene, {.columns = 80, .rows = 24});
  EXPECT_EQ(lines[1], "no answer since 10:02:00Z: no connection");
  EXPECT_EQ(lines[4], "not shown: events, which needs a right");
}

TEST(Picture, ASetThatIsNotThereIsNoError) {
  Scene scene;
  scene.target = {"shop", "web"};
  EXPECT_THAT(picture(scene, {}), Contains("reading ..."));
  scene.whole = true;
  EXPECT_THAT(picture(scene, {}), Contains("The StatefulSet does not exist."));
}

TEST(Picture, ColourIsNeverTheOnlyDifferenceAndNeverThereUnasked) {
  Scene scene = scene_of_pods(2);
  scene.pods[1].ready = false;
  const auto plain = picture(scene, {.columns = 80, .rows = 24});
  EXPECT_THAT(plain, Each(Not(HasSubstr("\x1B"))));
  auto coloured = picture(scene, {.columns = 80, .rows = 24, .colour = true});
  EXPECT_THAT(coloured, Contains(HasSubstr("\x1B[")));
  for (std::string& line : coloured) line = report::valid_text(line);
  EXPECT_EQ(coloured, plain);
}

}  // namespace
}  // namespace stateproof::monitor
