#include "harness/record/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "harness/model/steps.h"

namespace stateproof::record {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

const Within kSoon{5s, "a test that never comes here"};
const Within kAtOnce{0s, "nothing is waited for"};

Header header_of(const std::string& ns) {
  Header header;
  header.subject.ns = ns;
  return header;
}

kube::WatchEvent pod_event(kube::WatchEventType type, const std::string& ns, const std::string& name) {
  return {type,
          json{{"kind", "Pod"}, {"metadata", {{"namespace", ns}, {"name", name}, {"uid", name + "-uid"}}}},
          "1"};
}

Condition pod_exists(const std::string& name) {
  return [name](const View& view) { return Standing{view.pods.contains(name), "no " + name, {}}; };
}

TEST(Recorder, WakesAWaiterWhenTheWatchDelivers) {
  Recorder recorder(header_of("database"), std::nullopt);
  kube::WatchSink* pods = recorder.sink("pods");
  std::jthread cluster(
      [&] { pods->on_event(kube::kPods, pod_event(kube::WatchEventType::kAdded, "database", "mariadb-0")); });
  EXPECT_EQ(recorder.await(pod_exists("mariadb-0"), kSoon, {}).result, Waited::Result::kReached);
}

TEST(Recorder, KeepsTheSubjectsPodsApartFromOthers) {
  Recorder recorder(header_of("database"), std::nullopt);
  kube::WatchSink* pods = recorder.sink("pods");
  pods->on_event(kube::kPods, pod_event(kube::WatchEventType::kAdded, "elsewhere", "mariadb-0"));
  pods->on_event(kube::kPods, pod_event(kube::WatchEventType::kAdded, "database", "mariadb-1"));
  pods->on_event(kube::kPods, pod_event(kube::WatchEventType::kDeleted, "database", "mariadb-1"));
  recorder.look([](const View& view) {
    EXPECT_TRUE(view.pods.empty());
    EXPECT_TRUE(view.client_pods.contains("elsewhere/mariadb-0"));
    return 0;
  });
}

TEST(Recorder, BearsWithFieldsOfWrongTypes) {
  Recorder recorder(header_of("shop"), std::nullopt);
  kube::WatchSink* events = recorder.sink("events");
  for (const json& odd : std::vector<json>{5, nullptr, json::array(), json::object(), true, 1e300}) {
    json event{{"kind", "Event"}, {"metadata", {{"name", "e"}, {"namespace", "shop"}, {"uid", "e"}}}};
    for (const char* field : {"type", "reason", "message", "involvedObject", "count", "series", "metadata"}) {
      json served = event;
      served[field] = odd;
      EXPECT_NO_THROW(events->on_event(kube::kEvents, {kube::WatchEventType::kAdded, served, "1"})) << served;
    }
  }
}

TEST(Recorder, ATimeOutSaysWhatWasLastSeenAndWhyTheLimitIsAsLong) {
  Recorder recorder(header_of("database"), std::nullopt);
  const Waited waited = recorder.await(pod_exists("mariadb-0"), kAtOnce, {});
  EXPECT_EQ(waited.result, Waited::Result::kTimedOut);
  EXPECT_EQ(waited.text, "not reached within 0 s (nothing is waited for); last seen: no mariadb-0");
}

TEST(Recorder, WhoCouldNotHearTheClusterHasNoWordOnIt) {
  Recorder recorder(header_of("database"), std::nullopt);
  kube::WatchSink* pods = recorder.sink("pods");
  pods->on_synced(kube::kPods);
  kube::ApiError cut;
  cut.kind = kube::ApiError::Kind::kConnection;
  pods->on_trouble(kube::kPods, cut);
  EXPECT_EQ(recorder.await(pod_exists("mariadb-0"), kAtOnce, {}).result, Waited::Result::kBlind);
  // Heard again: a time-out is the cluster's.
  pods->on_event(kube::kPods, pod_event(kube::WatchEventType::kModified, "database", "mariadb-1"));
  EXPECT_EQ(recorder.await(pod_exists("mariadb-0"), kAtOnce, {}).result, Waited::Result::kTimedOut);
}

TEST(Recorder, AWatchThatEndedForGoodEndsTheWaiting) {
  Recorder recorder(header_of("database"), std::nullopt);
  kube::WatchSink* pods = recorder.sink("pods");
  std::jthread cluster([&] {
    kube::ApiError forbidden;
    forbidden.http_status = 403;
    pods->on_failed(kube::kPods, forbidden);
  });
  EXPECT_EQ(recorder.await(pod_exists("mariadb-0"), kSoon, {}).result, Waited::Result::kBlind);
}

TEST(Recorder, WaitingStopsWhenItIsAskedToAndWhenItIsHopeless) {
  Recorder recorder(header_of("database"), std::nullopt);
  std::stop_source stop;
  std::jthread user([&] { stop.request_stop(); });
  EXPECT_EQ(recorder.await(pod_exists("mariadb-0"), kSoon, stop.get_token()).result,
            Waited::Result::kStopped);

  const auto hopeless = [](const View&) { return Standing{false, "waiting", "the image does not exist"}; };
  const Waited waited = recorder.await(hopeless, kSoon, {});
  EXPECT_EQ(waited.result, Waited::Result::kImpossible);
  EXPECT_EQ(waited.text, "the image does not exist");
}

TEST(Recorder, IsSyncedOnlyWhenEveryWatchIs) {
  Recorder recorder(header_of("database"), std::nullopt);
  kube::WatchSink* pods = recorder.sink("pods");
  kube::WatchSink* client_pods = recorder.sink("pods of clients");
  pods->on_synced(kube::kPods);
  EXPECT_EQ(recorder.await_synced(kAtOnce, {}).result, Waited::Result::kBlind);
  client_pods->on_synced(kube::kPods);
  EXPECT_EQ(recorder.await_synced(kAtOnce, {}).result, Waited::Result::kReached);
}

TEST(Recorder, ADoubtedWatchMustBeHeardAgain) {
  Recorder recorder(header_of("database"), std::nullopt);
  kube::WatchSink* pods = recorder.sink("pods");
  pods->on_synced(kube::kPods);
  recorder.doubt_watches();
  EXPECT_EQ(recorder.await_synced(kAtOnce, {}).result, Waited::Result::kBlind);
  pods->on_synced(kube::kPods);
  EXPECT_EQ(recorder.await_synced(kAtOnce, {}).result, Waited::Result::kReached);
}

TEST(Recorder, WhatWasAddedIsInTheFileBeforeTheRecorderEnds) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("stateproof-recorder-" + std::to_string(::getpid()));
  const std::string path = folder / "lifecycle.jsonl";
  auto file = RecordingFile::create(path);
  ASSERT_TRUE(file) << file.error().sentence;
  EXPECT_THAT(RecordingFile::create(path).error().sentence, HasSubstr("File exists"));
  Recorder recorder(header_of("database"), std::move(*file));
  recorder.add(Step{steps::Create{}, Step::Phase::kBegin});
  const auto timeline = load_recording(path);
  ASSERT_TRUE(timeline) << timeline.error().sentence;
  EXPECT_EQ(timeline->size(), 1U);
  std::filesystem::remove_all(folder);
}

TEST(Recorder, AFullDiskIsTroubleOfTheHarness) {
  // A file-size limit stands in for a full disk: write(2) fails in the same way.
  const auto path =
      std::filesystem::temp_directory_path() / ("stateproof-full-" + std::to_string(::getpid()));
  auto limited = RecordingFile::create(path);
  ASSERT_TRUE(limited);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit tiny{2000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tiny);
  Recorder recorder(header_of("database"), std::move(*limited));
  recorder.add(Trouble{std::string(4000, 'x')});
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(recorder.write_error(), HasSubstr("cannot be written (File too large)"));
  EXPECT_EQ(recorder.await(pod_exists("mariadb-0"), kSoon, {}).result, Waited::Result::kBlind);
  std::filesystem::remove(path);
}

class ResumedRecording : public testing::Test {
 protected:
  ResumedRecording() {
    std::string name = std::filesystem::temp_directory_path() / "stateproof-resumed-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    Header header = header_of("database");
    header.started =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()) - 60s;
    Recorder former(header, *RecordingFile::create(path()));
    kube::WatchSink* pods = former.sink("pods");
    pods->on_event(kube::kPods, pod_event(kube::WatchEventType::kAdded, "database", "mariadb-0"));
    pods->on_event(kube::kPods, pod_event(kube::WatchEventType::kAdded, "database", "mariadb-1"));
  }
  ~ResumedRecording() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ / "recording.jsonl"; }

  std::filesystem::path folder_;
};

TEST_F(ResumedRecording, TellsWhatVanishedMeanwhileAsDeleted) {
  {
    Recorder recorder(*load_recording(path()), *RecordingFile::reopen(path()));
    kube::WatchSink* pods = recorder.sink("pods");
    pods->on_event(kube::kPods, pod_event(kube::WatchEventType::kListed, "database", "mariadb-1"));
    recorder.tell_vanished();
    EXPECT_GE(recorder.elapsed(), 60s);
    recorder.look([](const View& view) {
      EXPECT_FALSE(view.pods.contains("mariadb-0"));
      EXPECT_TRUE(view.pods.contains("mariadb-1"));
      return 0;
    });
    recorder.finish({});
  }
  const auto whole = load_recording(path());
  ASSERT_TRUE(whole) << whole.error().sentence;
  ASSERT_TRUE(whole->finish);
  const Observation& last = whole->observations.back();
  EXPECT_TRUE(last.is_deletion());
  EXPECT_TRUE(last.as<ObjectSeen>()->synthesized);
  EXPECT_EQ(last.object<Pod>()->meta.ref.name, "mariadb-0");
  EXPECT_TRUE(std::any_of(whole->begin(), whole->end(), [](const Observation& seen) {
    return seen.as<Gap>() != nullptr && seen.as<Gap>()->resource == "pods";
  }));
}

TEST_F(ResumedRecording, CutsOffALineThatWasNotFinished) {
  std::ofstream(path(), std::ios::app) << "{\"kind\":\"st";
  RecordingFile::reopen(path())->append(end_line({}));
  const auto whole = load_recording(path());
  ASSERT_TRUE(whole) << whole.error().sentence;
  EXPECT_TRUE(whole->finish);
  EXPECT_EQ(whole->size(), 2U);
}

}  // namespace
}  // namespace stateproof::record
