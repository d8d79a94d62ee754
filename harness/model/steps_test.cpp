#include "harness/model/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace stateproof::steps {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Steps, AreWrittenAsRecordingsHaveThem) {
  EXPECT_EQ(Task(ScaleDown{.from = 5, .to = 2}).name(), "scale-down");
  EXPECT_EQ(Task(ScaleDown{.from = 5, .to = 2}).args(), (json{{"from", 5}, {"to", 2}}));
  EXPECT_EQ(Task(MinReady{.min_ready_seconds = 5, .edition = 4}).args(),
            (json{{"minReadySeconds", 5}, {"edition", 4}}));
  EXPECT_EQ(Task(Resolve{}).args(), json::object());
  EXPECT_EQ(Task(Resolve{.ordinals = {{0, 2}}}).args(), (json{{"ordinals", {0, 2}}}));
  EXPECT_EQ(
      Task(Expand{.request = "5Gi", .answers = {{{"data-0", {200, ""}}, {"data-1", {403, "no"}}}}}).args(),
      json::parse(R"({"request": "5Gi", "answers": {"data-0": {"code": 200},
                                                          "data-1": {"code": 403, "message": "no"}}})"));
}

TEST(Steps, ComeBackAsTheyWereWritten) {
  const Task task = Evict{.ordinal = {2}, .code = 429, .message = "budget"};
  ASSERT_TRUE(task.is<Evict>());
  const auto evict = task.as<Evict>();
  ASSERT_TRUE(evict);
  EXPECT_EQ(evict->ordinal, Ordinal{2});
  EXPECT_EQ(evict->code, 429);
  EXPECT_EQ(evict->message, "budget");
  const auto clients = Task(Clients{.pods = {"a/b"}, .servers = {{"10.0.0.1"}}}).as<Clients>();
  EXPECT_THAT(clients->pods, ElementsAre("a/b"));
  EXPECT_THAT(*clients->servers, ElementsAre("10.0.0.1"));
  EXPECT_EQ(Task(Expand{.answers = {{{"data-1", {403, "no"}}}}}).as<Expand>()->answers->at("data-1").message,
            "no");
}

TEST(Steps, OneIsNotAnother) {
  const Task task = ScaleUp{.from = 3, .to = 5};
  EXPECT_FALSE(task.is<ScaleDown>());
  EXPECT_FALSE(task.as<ScaleDown>());
  EXPECT_TRUE((is_one_of<ScaleDown, ScaleUp>(task)));
  EXPECT_FALSE((is_one_of<ScaleDown, ScaleBack>(task)));
}

TEST(Steps, WhatThisProgramDoesNotKnowIsKept) {
  const json args{{"from", 5}, {"to", 2}, {"speed", "slow"}};
  const Task more = Task::recorded("scale-down", args);
  EXPECT_EQ(more.args(), args);
  EXPECT_EQ(more.as<ScaleDown>()->to, 2);
  EXPECT_THAT(unfit(more), IsEmpty());
  const Task stranger = Task::recorded("fly-to-the-moon", {{"to", "moon"}});
  EXPECT_EQ(stranger.args(), (json{{"to", "moon"}}));
  EXPECT_THAT(unfit(stranger), IsEmpty());
  EXPECT_FALSE(is_known(stranger.name()));
}

TEST(Steps, WhatDoesNotFitItsTypeIsNamed) {
  const auto why = [](const char* name, const json& args) { return unfit(Task::recorded(name, args)); };
  EXPECT_EQ(why("scale-down", {{"to", "two"}}),
            "step \"scale-down\": \"to\" is not a whole number from 0 to 1000000");
  for (const json& number :
       {json(-1), json(1.5), json(1e300), json(5'000'000'000), json(18446744073709551615U)})
    EXPECT_THAT(why("scale-down", {{"to", number}}), HasSubstr("\"to\" is not")) << number;
  EXPECT_THAT(why("verify", {{"ordinals", {0, "x"}}}), HasSubstr("\"ordinals\" is not a whole number"));
  EXPECT_THAT(why("clients", {{"pods", 1}}), HasSubstr("\"pods\" is not a list"));
  EXPECT_THAT(why("clients", {{"pods", json::array()}, {"servers", nullptr}}), HasSubstr("\"servers\""));
  EXPECT_THAT(why("expand", {{"answers", {{"data-0", 200}}}}), HasSubstr("\"answers\" is not an object"));
  EXPECT_THAT(why("expand", {{"answers", {{"data-0", {{"code", -3}}}}}}), HasSubstr("\"answers\""));
  EXPECT_THAT(why("disturb", {{"disruption", 7}}), HasSubstr("\"disruption\" is not text"));
}

TEST(Steps, AFieldThatIsMissingIsMissedByWhoAsksForIt) {
  const Task task = Task::recorded("scale-down", {{"to", 2}});
  EXPECT_THAT(unfit(task), IsEmpty());
  try {
    (void)task.as<ScaleDown>();
    FAIL() << "a step without \"from\" was taken for a whole one";
  } catch (const Unfit& why) {
    EXPECT_STREQ(why.what(), "step \"scale-down\" has no \"from\"");
  }
}

TEST(Steps, TellHowManyPodsTheyWantAndWhichPodTheyAreAbout) {
  EXPECT_EQ(wanted_by(Create{{3}}), Replicas{3});
  EXPECT_EQ(wanted_by(ScaleBack{.from = 2, .to = 3}), Replicas{3});
  EXPECT_EQ(wanted_by(HoldScaleDown{.ordinal = {1}, .from = 3, .to = 2}), Replicas{2});
  EXPECT_EQ(wanted_by(MakeReady{.to = 3}), Replicas{3});
  EXPECT_EQ(wanted_by(Release{{1}}), std::nullopt);
  EXPECT_EQ(ordinal_of(Release{{1}}), Ordinal{1});
  EXPECT_EQ(ordinal_of(Disturb{.disruption = "drain", .ordinal = {2}}), Ordinal{2});
  EXPECT_EQ(ordinal_of(Read{}), std::nullopt);
  EXPECT_EQ(ordinal_of(Create{{3}}), std::nullopt);
}

}  // namespace
}  // namespace stateproof::steps
