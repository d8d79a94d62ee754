#include <gtest/gtest.h>

#include "harness/check/rollout/rollout.h"
#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kReady{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

/// mariadb-2 is replaced and Ready; a second later, by the watch, mariadb-1 is deleted. The pods
/// themselves say that so much time lay in between.
Story min_ready(std::chrono::seconds told_in_pods) {
  Story story;
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  story.begins(steps::MinReady{.min_ready_seconds = 5}).terminating(2).deleted(2).created(2);
  story.modified(2, [](Pod& pod) {
    pod.phase = "Running";
    pod.ready = true;
    pod.ready_since = kReady;
  });
  story.modified(1, [&](Pod& pod) { pod.meta.deletion = kReady + told_in_pods + 20s; });
  story.rewrite([](Entry& entry) {
    if (auto* seen = std::get_if<ObjectSeen>(&entry); seen != nullptr)
      seen->served = std::make_shared<const nlohmann::json>(
          nlohmann::json{{"metadata", {{"deletionGracePeriodSeconds", 20}}}});
  });
  return story.deleted(1).created(1).ready(1).reaches<steps::MinReady>();
}

TEST(MinReadySeconds, AWatchThatTellsOfReadinessLateIsNoBreach) {
  EXPECT_THAT(min_ready_seconds_kept(min_ready(5s)), IsConformant());
}

TEST(MinReadySeconds, APodThatGoesTooEarlyByBothClocksIsABreach) {
  EXPECT_EQ(min_ready_seconds_kept(min_ready(1s)).outcome, Outcome::kNonconformant);
}

}  // namespace
}  // namespace stateproof::check
