#include "suites/scenarios/plays/sole_user.h"

#include <algorithm>

#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kClaim = "sole";
constexpr const char* kFirst = "sole-first";
constexpr const char* kSecond = "sole-second";

const record::Within kFirstUser{60s, "a pod that starts within seconds, with a new volume"};
const record::Within kScheduled{30s, "the scheduler attempts to place a new pod within a second or two"};

/// A pod like those of the set, with the one claim.
json user(const json& set, const std::string& name) {
  json spec = set.at("spec").at("template").at("spec");
  spec["volumes"] = {
      {{"name", fixtures::Sleeper::kClaimTemplate}, {"persistentVolumeClaim", {{"claimName", kClaim}}}}};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", name}, {"labels", {{"app", kClaim}}}}},
          {"spec", spec}};
}

json sole_claim(const json& set) {
  json spec = set.at("spec").at("volumeClaimTemplates").at(0).at("spec");
  spec["accessModes"] = {"ReadWriteOncePod"};
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"metadata", {{"name", kClaim}, {"labels", {{"app", kClaim}}}}},
          {"spec", spec}};
}

record::Standing first_runs(const record::View& view) {
  const auto pod = view.pods.find(kFirst);
  const bool running = pod != view.pods.end() && pod->second.phase == "Running";
  return {running, running ? "it runs" : "it is not running yet", {}};
}

/// The scheduler has decided, one way or the other.
record::Standing second_tried(const record::View& view) {
  const auto pod = view.pods.find(kSecond);
  if (pod == view.pods.end()) return {false, "it does not exist yet", {}};
  const bool tried = !pod->second.node.empty() || !pod->second.unscheduled_message.empty();
  return {tried,
          tried ? "the scheduler has tried to place it" : "the scheduler has not tried to place it yet",
          {}};
}

}  // namespace

void let_two_want_one_claim(Stage& stage) {
  const auto objects = fixtures::sleeper_objects(stage.request().image);
  const auto set = std::find_if(objects.begin(), objects.end(),
                                [](const json& one) { return one.at("kind") == "StatefulSet"; });
  const bool runs = stage.attempt(
      steps::FirstUser{kClaim, kFirst, kSecond}, "a pod with a claim of access mode ReadWriteOncePod",
      [&] { stage.create({sole_claim(*set), user(*set, kFirst)}); }, first_runs, kFirstUser);
  if (!runs) return;  // not every provisioner gives such volumes
  stage.attempt(
      steps::SecondUser{kClaim, kFirst, kSecond}, "a second pod that uses the same claim",
      [&] { stage.create({user(*set, kSecond)}); }, second_tried, kScheduled);
}

}  // namespace stateproof::scenarios
