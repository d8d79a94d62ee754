#include "suites/watched/promises.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "suites/catalogue.h"

namespace stateproof {
namespace {

using testing::ElementsAre;

TEST(WatchedPromises, AreThoseOfTheCatalogueThatCanBeJudgedWithoutSteps) {
  std::set<std::string_view> judged;
  for (const Promise& promise : watched_promises()) {
    EXPECT_NE(find_promise(promise.id), nullptr) << promise.id;
    EXPECT_EQ(promise.scenario, kWatchedScenario);
    for (const RequirementVerdict& one : judge(promise, Timeline{}).requirements) {
      EXPECT_NE(one.verdict.outcome, Outcome::kConformant) << one.requirement->id;
      if (one.verdict.outcome == Outcome::kInconclusive) judged.insert(one.requirement->id);
    }
  }
  EXPECT_THAT(judged, ElementsAre("ID-01", "ID-05", "MOD-01", "MOD-02", "MOD-03", "MOD-04", "MOD-06",
                                  "ORD-01", "STO-01", "STO-02", "STO-03"));
}

}  // namespace
}  // namespace stateproof
