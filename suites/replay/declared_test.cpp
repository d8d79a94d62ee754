// What a scenario declares of itself, held against its good recording.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "harness/record/jsonl.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::scenarios {
namespace {

Timeline good_recording(const Scenario& scenario) {
  auto timeline = record::load_recording(std::filesystem::path{STATEPROOF_HISTORIES} /
                                         (std::string{scenario.name} + ".jsonl"));
  if (!timeline) throw std::runtime_error(timeline.error().sentence);
  return std::move(*timeline);
}

/// As the recording counts requests: "patch scale", "connect pods/exec".
std::string request_of(const Right& right) {
  const std::string plural{right.resource.plural};
  const std::string subresource{right.subresource};
  if (subresource == "exec" || subresource == "portforward") return "connect " + plural + "/" + subresource;
  return std::string{right.verb} + " " + (subresource.empty() ? plural : subresource);
}

/// What everybody may ask, and what is done without when it is refused: reading metrics, what may change
/// pods, the replicas of the DNS, and clearing a namespace before it is deleted.
const std::set<std::string> kNeedsNoRight{
    "get /version",
    "get /metrics",
    "get /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "get /apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies",
    "get /apis/admissionregistration.k8s.io/v1beta1/mutatingadmissionpolicies",
    "create selfsubjectaccessreviews",
    "list deployments",
    "list replicasets",
    "delete persistentvolumeclaims"};

class Declared : public testing::TestWithParam<Scenario> {};

TEST_P(Declared, RightsCoverEveryRequest) {
  std::set<std::string> covered = kNeedsNoRight;
  for (const Right& right : rights_of(GetParam())) covered.insert(request_of(right));
  const Timeline timeline = good_recording(GetParam());
  ASSERT_TRUE(timeline.finish);
  EXPECT_THAT(timeline.finish->requests, testing::Not(testing::IsEmpty()));
  for (const auto& [request, count] : timeline.finish->requests)
    EXPECT_TRUE(covered.contains(request))
        << request << ": declare it in suites/scenarios/engine/scenario.cpp";
}

TEST_P(Declared, SecondsAreWhatItTakes) {
  const Timeline timeline = good_recording(GetParam());
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(timeline.observations.back().at).count();
  EXPECT_GE(GetParam().seconds, took / 2);
  EXPECT_LE(GetParam().seconds, took * 2);
}

INSTANTIATE_TEST_SUITE_P(All, Declared, testing::ValuesIn(all()), [](const auto& tested) {
  std::string name{tested.param.name};
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace stateproof::scenarios
