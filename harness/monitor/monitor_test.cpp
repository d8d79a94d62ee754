#include "harness/monitor/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>

#include "harness/kube/testing/temporary_folder.h"
#include "harness/monitor/testing/served_set.h"
#include "harness/record/jsonl.h"

namespace stateproof::monitor {
namespace {

// NOLINTNEXTLINE(google-build-using-namespace): its words are those of the tests
using namespace served;

using namespace std::chrono_literals;
using kube::testing::Connection;
using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MonitorTest : public testing::Test {
 protected:
  Monitor& start(MonitorOptions options = {}) {
    options.target = {"shop", "web"};
    options.tells = true;
    options.wake = [this] {
      const std::scoped_lock lock(mutex_);
      ++woken_;
      changed_.notify_all();
    };
    options.watcher.first_backoff = 1ms;
    options.watcher.max_backoff = 20ms;
    monitor_ = std::make_unique<Monitor>(kube::Client::create(served_.server().config()).value(),
                                         std::move(options));
    return *monitor_;
  }

  /// Waits until it is so; false after ten seconds, so that a test fails instead of hanging.
  template <class Condition>
  bool until(Condition condition) {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    for (;;) {
      std::size_t seen = 0;
      {
        const std::scoped_lock lock(mutex_);
        seen = woken_;
      }
      if (condition()) return true;
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, limit, [&] { return woken_ != seen; })) return false;
    }
  }

  bool await_whole() {
    return until([&] { return monitor_->scene().whole; });
  }

  std::vector<std::string> lines_until(const std::string& part) {
    std::vector<std::string> lines;
    until([&] {
      for (std::string& line : monitor_->take_lines()) lines.push_back(line.substr(26));  // after the time
      return std::any_of(lines.begin(), lines.end(),
                         [&](const std::string& line) { return line.find(part) != std::string::npos; });
    });
    return lines;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t woken_ = 0;
  ServedSet served_;
  std::unique_ptr<Monitor> monitor_;
};

TEST_F(MonitorTest, ShowsTheSetAndItsOwnPods) {
  start();
  ASSERT_TRUE(await_whole());
  const Scene scene = monitor_->scene();
  ASSERT_TRUE(scene.set);
  ASSERT_EQ(scene.pods.size(), 1U);
  EXPECT_EQ(scene.pods[0].meta.ref.name, "web-0");
  EXPECT_EQ(monitor_->failure(), "");
}

TEST_F(MonitorTest, WhatStandsIsToldFirstAndThenEachChange) {
  std::promise<void> go_on;
  served_.server().always("WATCH " + kCore + "pods", [&](Connection& c) {
    c.begin_stream();
    go_on.get_future().wait();
    c.event("MODIFIED", web_pod("web-0", 14, false));  // nothing of which anything is told
    c.event("MODIFIED", web_pod("web-0", 15, true));
    c.event("DELETED", web_pod("web-0", 16, true));
    c.event("ADDED", web_pod("other-1", 17, false));
    c.event("ADDED", web_pod("web-1", 18, false));
    c.await_close();
  });
  start();
  ASSERT_TRUE(await_whole());
  go_on.set_value();
  EXPECT_THAT(lines_until("pod web-1"),
              ElementsAre("statefulset web  1 wanted, 1 there, 0 Ready, 0 available, revision a",
                          "pod web-0  Pending, not Ready, 0/1", "pod web-0  Running, Ready, 0/1",
                          "pod web-0  gone", "pod web-1  Pending, not Ready, 0/1"));
}

TEST_F(MonitorTest, AnEventThatComesBeforeAllIsListedIsToldAllTheSame) {
  std::promise<void> go_on;
  served_.server().always("WATCH " + kCore + "events", stream({{"ADDED", event_about("web-0", 12)}}));
  served_.server().always("GET " + kCore + "pods", [&](Connection& c) {
    go_on.get_future().wait();
    list({web_pod("web-0", 2, false)})(c);
  });
  start();
  EXPECT_TRUE(until([&] { return !monitor_->scene().events.empty(); }));
  go_on.set_value();
  EXPECT_THAT(lines_until("event"), Contains("event  Normal Pulled Pod web-0: image is there").Times(1));
}

TEST_F(MonitorTest, EventsAreKeptByTimeAndRepeatedOnesOnce) {
  json first = event_about("web-0", 12);
  first["lastTimestamp"] = "2026-03-01T10:00:00Z";
  json second = event_about("web-0", 13);
  second["lastTimestamp"] = "2026-03-01T10:01:00Z";
  json first_again = first;
  first_again["lastTimestamp"] = "2026-03-01T10:02:00Z";
  first_again["count"] = 2;
  served_.server().always("GET " + kCore + "events", list({second, event_about("other-0", 14), first}));
  served_.server().once("WATCH " + kCore + "events", stream({{"MODIFIED", first_again}}));
  start();
  ASSERT_TRUE(until([&] {
    const Scene scene = monitor_->scene();
    return scene.events.size() == 2 && scene.events.back().count == 2;
  }));
  EXPECT_EQ(monitor_->scene().events.front().uid, "web-0.13-uid");
}

TEST_F(MonitorTest, OnlyTheLastEventsAreKept) {
  std::vector<json> events;
  for (int i = 0; i < 500; ++i) events.push_back(event_about("web-0", 100 + i));
  served_.server().always("GET " + kCore + "events", list(events));
  start();
  ASSERT_TRUE(await_whole());
  EXPECT_EQ(monitor_->scene().events.size(), 200U);
}

TEST_F(MonitorTest, RightsThatAreMissingLeaveOnlyTheirPartOut) {
  for (const std::string& path : {kCore + "events", kVolumes, kSlices})
    served_.server().always("GET " + path, refused("events"));
  start();
  ASSERT_TRUE(until([&] { return monitor_->scene().left_out.size() == 3; }));
  EXPECT_THAT(monitor_->scene().left_out,
              AllOf(Contains("events: needs the right to list and watch them in namespace shop"),
                    Contains("persistentvolumes: needs the right to list and watch them in the cluster"),
                    Contains(HasSubstr("endpointslices"))));
  ASSERT_TRUE(await_whole());
  EXPECT_EQ(monitor_->failure(), "");
  EXPECT_EQ(monitor_->scene().pods.size(), 1U);
}

TEST_F(MonitorTest, WithoutTheRightToTheSetOrItsPodsThereIsNothingToShow) {
  served_.server().always("GET " + kCore + "pods", refused("pods"));
  start();
  ASSERT_TRUE(until([&] { return !monitor_->failure().empty(); }));
  EXPECT_THAT(monitor_->failure(), HasSubstr("user \"viewer\" may not list pods in namespace \"shop\""));
}

TEST_F(MonitorTest, ASetThatIsNotThereIsKnownOnceEverythingIsListed) {
  served_.serve(kSets, {});
  start();
  ASSERT_TRUE(await_whole());
  EXPECT_FALSE(monitor_->scene().set);
}

TEST_F(MonitorTest, ASetThatComesLaterIsFollowedToItsService) {
  served_.server().always("GET " + kSets, list({}));
  served_.server().always("WATCH " + kSets, stream({{"ADDED", web_set(11, 0)}}));
  json slice = object("EndpointSlice", "web-x", 5);
  slice["metadata"]["labels"] = {{"kubernetes.io/service-name", "web"}};
  slice["endpoints"] = json::array({{{"addresses", {"10.0.0.1"}}, {"hostname", "web-0"}}});
  served_.serve(kSlices, {slice});
  start();
  ASSERT_TRUE(until([&] { return monitor_->scene().endpoints.size() == 1; }));
  EXPECT_TRUE(monitor_->scene().set);
}

TEST_F(MonitorTest, WhileNobodyAnswersTheLastPictureStands) {
  std::promise<void> cut;
  served_.server().once("WATCH " + kCore + "pods", [&](Connection& c) {
    c.begin_stream();
    cut.get_future().wait();
    c.event("MODIFIED", web_pod("web-0", 11, true));
    c.cut();
  });
  served_.server().once("WATCH " + kCore + "pods",
                        [](Connection& c) { c.respond_status(503, "ServiceUnavailable", "starting"); });
  start();
  ASSERT_TRUE(await_whole());
  cut.set_value();
  EXPECT_THAT(lines_until("answers again"), Contains(HasSubstr("watch  no answer: ")));
  const Scene scene = monitor_->scene();
  EXPECT_FALSE(scene.silence);
  ASSERT_EQ(scene.pods.size(), 1U);
  EXPECT_TRUE(scene.pods[0].ready);
  EXPECT_EQ(monitor_->failure(), "");
}

TEST_F(MonitorTest, AnApiServerThatNeverAnsweredIsAFailure) {
  kube::ClusterConfig config = served_.server().config();
  config.server = "https://127.0.0.1:9";
  MonitorOptions options;
  options.target = {"shop", "web"};
  options.wake = [this] {
    const std::scoped_lock lock(mutex_);
    ++woken_;
    changed_.notify_all();
  };
  monitor_ = std::make_unique<Monitor>(kube::Client::create(config).value(), std::move(options));
  ASSERT_TRUE(until([&] { return !monitor_->failure().empty(); }));
  EXPECT_THAT(monitor_->failure(), HasSubstr("127.0.0.1"));
}

TEST_F(MonitorTest, ARecordingHoldsTheSetAndNobodyElsesPods) {
  const kube::testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/watch.jsonl";
  MonitorOptions options;
  options.recording = record::RecordingFile::create(path).value();
  options.header.scenario = "watch";
  start(std::move(options));
  ASSERT_TRUE(await_whole());
  monitor_->finish({End::Reason::kComplete, "", {}});
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(text, AllOf(HasSubstr("GREETING"), Not(HasSubstr("hunter2"))));
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto recorded = record::load_recording(path);
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->subject().ns, "shop");
  EXPECT_EQ(recorded->subject().set, "web");
  std::vector<std::string> pods;
  for (const Observation& seen : *recorded)
    if (const Pod* pod = seen.object<Pod>()) pods.push_back(pod->meta.ref.name);
  EXPECT_THAT(pods, ElementsAre("web-0"));
  ASSERT_TRUE(recorded->finish);
  EXPECT_EQ(recorded->finish->requests.at("watch pods"), 1U);
}

}  // namespace
}  // namespace stateproof::monitor
