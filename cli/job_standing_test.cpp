#include "cli/job_standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::cli {
namespace {

using nlohmann::json;
using Stage = JobStanding::Stage;
using ::testing::AllOf;
using ::testing::HasSubstr;

SeenJob with_state(const json& state, const char* phase = "Pending") {
  SeenJob seen;
  seen.pod = {
      {"metadata", {{"name", "stateproof-x"}}},
      {"status",
       {{"phase", phase},
        {"containerStatuses", json::array({{{"name", "results"}, {"state", {{"running", json::object()}}}},
                                           {{"name", "run"}, {"state", state}}})}}}};
  return seen;
}

json waiting(const char* reason) {
  return {{"waiting", {{"reason", reason}, {"message", "no\x1b[1m such"}}}};
}
json terminated(const char* reason, int code) {
  return {{"terminated", {{"reason", reason}, {"exitCode", code}}}};
}

TEST(JobStanding, IsThatOfTheRun) {
  EXPECT_EQ(standing_of({}).stage, Stage::kWaiting);
  EXPECT_EQ(standing_of(with_state({{"running", json::object()}})).stage, Stage::kRunning);
  EXPECT_EQ(standing_of(with_state(waiting("ContainerCreating"))).stage, Stage::kWaiting);
  for (const int code : {0, 1, 2, 64}) {
    const JobStanding ended =
        standing_of(with_state(terminated(code == 0 ? "Completed" : "Error", code), "Running"));
    EXPECT_EQ(ended.stage, Stage::kEnded);
    EXPECT_EQ(ended.exit_code, code);
  }
}

TEST(JobStanding, KeepsTheExitCodeOfAPodThatIsGone) {
  SeenJob seen = with_state(terminated("Error", 1), "Failed");
  seen.pod_is_gone = true;
  EXPECT_EQ(standing_of(seen).stage, Stage::kEnded);
  EXPECT_EQ(standing_of(seen).exit_code, 1);
}

TEST(JobStanding, SaysWhatIsInTheWayOfTheImage) {
  for (const char* reason : {"ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}) {
    const JobStanding standing = standing_of(with_state(waiting(reason)));
    EXPECT_EQ(standing.stage, Stage::kLost);
    EXPECT_THAT(standing.sentence, AllOf(HasSubstr(reason), HasSubstr("no such"), HasSubstr("--image")));
  }
  EXPECT_EQ(standing_of(with_state(waiting("ErrImagePull"))).stage, Stage::kWaiting)
      << "the next try may succeed";
  EXPECT_THAT(standing_of(with_state(terminated("StartError", 128))).sentence, HasSubstr("--database-image"));
  EXPECT_THAT(standing_of(with_state(terminated("OOMKilled", 137))).sentence, HasSubstr("memory"));
}

TEST(JobStanding, SaysWhyThereIsNoPod) {
  SeenJob seen;
  seen.refusal = "pods \"stateproof-x\" is forbidden: exceeded quota: small";
  EXPECT_EQ(standing_of(seen).stage, Stage::kWaiting);
  EXPECT_THAT(standing_of(seen).sentence, AllOf(HasSubstr("exceeded quota"), HasSubstr("ask for the quota")));
}

TEST(JobStanding, EndsWithAPodThatIsEvictedDeletedOrOverdue) {
  SeenJob evicted;
  evicted.pod = {{"status", {{"phase", "Failed"}, {"reason", "Evicted"}, {"message", "low on memory"}}}};
  EXPECT_EQ(standing_of(evicted).stage, Stage::kLost);
  EXPECT_THAT(standing_of(evicted).sentence, HasSubstr("Evicted: low on memory"));

  SeenJob deleted = with_state({{"running", json::object()}});
  deleted.pod_is_gone = true;
  EXPECT_EQ(standing_of(deleted).stage, Stage::kLost);

  deleted.job = {{"status",
                  {{"conditions", json::array({{{"type", "Failed"},
                                                {"status", "True"},
                                                {"reason", "DeadlineExceeded"},
                                                {"message", "too long"}}})}}}};
  EXPECT_THAT(standing_of(deleted).sentence, HasSubstr("DeadlineExceeded"));
}

TEST(JobStanding, WaitsForANode) {
  SeenJob seen;
  seen.pod = {{"status",
               {{"phase", "Pending"},
                {"conditions", json::array({{{"type", "PodScheduled"},
                                             {"status", "False"},
                                             {"reason", "Unschedulable"},
                                             {"message", "0/3 nodes are available"}}})}}}};
  EXPECT_EQ(standing_of(seen).stage, Stage::kWaiting);
  EXPECT_THAT(standing_of(seen).sentence, AllOf(HasSubstr("0/3 nodes"), HasSubstr("--node-selector")));
}

}  // namespace
}  // namespace stateproof::cli
