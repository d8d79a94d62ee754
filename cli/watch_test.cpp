// `stateproof watch` as a person at a terminal and a script meet it, against an API server that answers on
// order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "cli/testing/child.h"
#include "harness/monitor/testing/served_set.h"

namespace stateproof::cli {
namespace {

// NOLINTNEXTLINE(google-build-using-namespace): its words are those of the tests
using namespace monitor::served;
using ::testing::AllOf;
using testing::Child;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::kubeconfig_for;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kEnter = "\x1B[?1049h";
const std::string kLeave = "\x1B[?7h\x1B[?25h\x1B[?1049l";

class WatchTest : public ::testing::Test {
 protected:
  std::vector<std::string> arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> all{
        "watch", "-n", "shop", "statefulset/web", "--kubeconfig", kubeconfig_for(served_.server(), folder_)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  kube::testing::TemporaryFolder folder_;
  ServedSet served_;
};

TEST_F(WatchTest, OnATerminalItDrawsAndGivesTheTerminalBack) {
  Child child(arguments(), true);
  ASSERT_TRUE(child.await(kEnter)) << child.output();
  ASSERT_TRUE(child.await("web-0"));
  child.press('q');
  const std::string& output = child.output();
  EXPECT_EQ(child.code(), 0);
  const auto left = output.find(kLeave);
  ASSERT_NE(left, std::string::npos);
  EXPECT_THAT(output.substr(left + kLeave.size()), AllOf(HasSubstr("web-0"), Not(HasSubstr("\x1B[?"))));
}

TEST_F(WatchTest, WhateverEndsItTheTerminalIsGivenBack) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT}) {
    Child child(arguments(), true);
    ASSERT_TRUE(child.await("web-0")) << child.output();
    child.signal(number);
    EXPECT_THAT(child.output(), HasSubstr(kLeave)) << number;
    EXPECT_EQ(child.code(), number == SIGSEGV || number == SIGABRT ? -number : 0);
  }
}

TEST_F(WatchTest, ItFollowsTheSizeOfTheWindow) {
  Child child(arguments(), true);
  ASSERT_TRUE(child.await("1 at the updat\x1B[0m...")) << child.output();
  child.resize(100);
  EXPECT_TRUE(child.await("1 at the update revision")) << child.output();
}

TEST_F(WatchTest, ATerminalThatCannotBeDrawnOnGetsLines) {
  Child child(arguments(), true, "dumb");
  ASSERT_TRUE(child.await("pod web-0  Pending")) << child.output();
  child.press('\x03');  // Ctrl-C, which the terminal turns into a signal
  EXPECT_THAT(child.output(), Not(HasSubstr("\x1B[")));
  EXPECT_EQ(child.code(), 0);
}

TEST_F(WatchTest, WithoutATerminalThereAreLinesWithATime) {
  Child child(arguments(), false);
  ASSERT_TRUE(child.await("pod web-0  Pending, not Ready, 0/1\n")) << child.output();
  child.signal(SIGTERM);
  const std::string& output = child.output();
  EXPECT_EQ(child.code(), 0);
  EXPECT_THAT(output.substr(0, 2), "20");
  EXPECT_THAT(output, AllOf(HasSubstr("Z  statefulset web  1 wanted, 1 created, 0 Ready"),
                            Not(HasSubstr("\x1B")), Not(HasSubstr("very-secret-token"))));
}

TEST_F(WatchTest, ASetThatIsNotThereEndsIt) {
  served_.serve(kSets, {});
  Child child(arguments(), false);
  EXPECT_THAT(child.output(), StartsWith("stateproof: There is no StatefulSet web in namespace shop"));
  EXPECT_EQ(child.code(), 2);
}

TEST_F(WatchTest, ASetThatIsNotThereIsNotDrawn) {
  served_.serve(kSets, {});
  Child child(arguments(), true);
  EXPECT_THAT(child.output(), Not(HasSubstr(kEnter)));
  EXPECT_EQ(child.code(), 2);
}

TEST_F(WatchTest, ASetThatIsAwaitedMayComeAndBecomeReady) {
  served_.server().always("GET " + kSets, list({}));
  served_.server().always("WATCH " + kSets,
                          stream({{"ADDED", web_set(11, 0)}, {"MODIFIED", web_set(12, 1)}}));
  Child child(arguments({"--await", "--until", "ready"}), false);
  EXPECT_THAT(child.output(), EndsWith("StatefulSet shop/web is ready.\n"));
  EXPECT_EQ(child.code(), 0);
}

TEST_F(WatchTest, WhatDoesNotComeInTimeIsCodeTwo) {
  Child child(arguments({"--until", "ready", "--timeout", "1s"}), false);
  EXPECT_THAT(child.output(), HasSubstr("is not ready (0 of 1 pods Ready"));
  EXPECT_EQ(child.code(), 2);
}

TEST_F(WatchTest, WithoutAConditionTheTimeIsJustOver) {
  Child child(arguments({"--timeout", "1s"}), false);
  EXPECT_THAT(child.output(), HasSubstr("pod web-0"));
  EXPECT_EQ(child.code(), 0);
}

TEST_F(WatchTest, ASetThatIsGoneFromTheBeginningIsGone) {
  served_.serve(kSets, {});
  served_.serve(kCore + "pods", {});
  Child child(arguments({"--until", "gone"}), false);
  (void)child.output();
  EXPECT_EQ(child.code(), 0);
}

TEST_F(WatchTest, ASetThatIsAwaitedIsGoneWhenItHasBeenThere) {
  served_.server().always("GET " + kSets, list({}));
  served_.server().always("WATCH " + kSets, stream({{"ADDED", web_set(11, 0)}, {"DELETED", web_set(12, 0)}}));
  served_.serve(kCore + "pods", {});
  Child child(arguments({"--await", "--until", "gone"}), false);
  EXPECT_THAT(child.output(), EndsWith("StatefulSet shop/web is gone.\n"));
  EXPECT_EQ(child.code(), 0);
}

TEST_F(WatchTest, ASetThatIsAwaitedIsNotGoneBeforeItCame) {
  served_.serve(kSets, {});
  served_.serve(kCore + "pods", {});
  Child child(arguments({"--await", "--until", "gone", "--timeout", "1s"}), false);
  EXPECT_THAT(child.output(), HasSubstr("is not gone (it does not exist)"));
  EXPECT_EQ(child.code(), 2);
}

TEST_F(WatchTest, MissingRightsToThePodsAreNamed) {
  served_.server().always("GET " + kCore + "pods", refused("pods"));
  // Else the set may be told first.
  served_.server().always("GET " + kSets, [](Connection& c) { c.await_close(); });
  Child child(arguments(), false);
  EXPECT_THAT(child.output(), StartsWith("stateproof: user \"viewer\" may not list pods"));
  EXPECT_EQ(child.code(), 2);
}

TEST_F(WatchTest, MissingRightsToEventsLeaveThemOut) {
  served_.server().always("GET " + kCore + "events", refused("events"));
  Child child(arguments({"--timeout", "1s"}), false);
  EXPECT_THAT(child.output(), HasSubstr("not shown: events: needs the right to list and watch them"));
  EXPECT_EQ(child.code(), 0);
}

TEST_F(WatchTest, ARecordingIsKeptAndJudged) {
  const std::string folder = folder_.path() + "/recorded";
  Child child(arguments({"--timeout", "1s", "--record", folder}), false);
  EXPECT_THAT(child.output(), HasSubstr("stateproof judge " + folder));
  ASSERT_EQ(child.code(), 0);
  Child judge({"judge", folder}, false);
  EXPECT_THAT(judge.output(), AllOf(HasSubstr("StatefulSet shop/web, watched since"), HasSubstr("ID-05"),
                                    HasSubstr("no pod was created while it was watched")));
  EXPECT_EQ(judge.code(), 2);  // nothing was created: that proves nothing about the order
  Child other({"judge", folder, "--promise", "data-survival"}, false);
  (void)other.output();
  EXPECT_EQ(other.code(), 2);
}

TEST_F(WatchTest, WrongUsageIs64) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"watch"},
                                             {"watch", "pod/web-0"},
                                             {"watch", "sts/web", "--until", "tired"},
                                             {"watch", "sts/web", "--timeout", "soon"}}) {
    Child child(words, false);
    (void)child.output();
    EXPECT_EQ(child.code(), 64) << words.back();
  }
}

}  // namespace
}  // namespace stateproof::cli
