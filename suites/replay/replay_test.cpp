#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "harness/check/identity/watched_set.h"
#include "harness/check/testing/matchers.h"
#include "suites/catalogue.h"
#include "suites/mutants/mutants.h"
#include "suites/mutants/wrong_histories.h"
#include "suites/replay/harmless.h"
#include "suites/replay/recordings.h"
#include "suites/watched/promises.h"

namespace stateproof {
namespace {

using replay::good_recordings;
using replay::histories;
using replay::load;
using replay::load_named;

namespace fs = std::filesystem;

const Requirement& requirement_of(const Promise& promise, std::string_view id) {
  return *std::find_if(promise.requirements.begin(), promise.requirements.end(),
                       [&](const Requirement& one) { return one.id == id; });
}

TEST(Histories, EveryScenarioHasAGoodOne) {
  std::set<std::string> scenarios;
  for (const Promise& promise : catalogue()) scenarios.emplace(promise.scenario);
  for (const std::string& scenario : scenarios) EXPECT_TRUE(good_recordings().contains(scenario)) << scenario;
}

/// What the cluster of the recordings cannot be judged on: its StorageClass does not allow expansion.
const std::set<std::string_view> kNotApplicable{"STO-08b"};

/// Judged on every scenario, also on those that have nothing of its kind; and on a workload of which only one
/// policy of several can be judged.
bool may_lack_its_kind(const Promise& promise) {
  return promise.group == "reference model" || promise.scenario == "workload";
}

TEST(Histories, AGoodOneKeepsEveryPromise) {
  for (const Promise& promise : catalogue()) {
    const auto good = good_recordings().find(std::string{promise.scenario});
    if (good == good_recordings().end()) continue;
    for (const RequirementVerdict& judged : judge(promise, good->second).requirements) {
      if (may_lack_its_kind(promise) && judged.verdict.outcome == Outcome::kNotApplicable) continue;
      if (kNotApplicable.contains(judged.requirement->id))
        EXPECT_EQ(judged.verdict.outcome, Outcome::kNotApplicable) << judged.verdict.reason;
      else
        EXPECT_THAT(judged.verdict, check::IsConformant())
            << judged.requirement->id << " " << promise.scenario;
    }
  }
}

TEST(Histories, AMutantsBreaksItsRequirement) {
  std::size_t judged = 0;
  for (const fs::path& path : histories()) {
    const Timeline timeline = load(path);
    if (timeline.header.mutant.empty()) continue;
    const mutants::Mutant* mutant = mutants::find(timeline.header.mutant);
    ASSERT_NE(mutant, nullptr) << path;
    const Requirement& requirement = requirement_of(*find_promise(mutant->promise), mutant->requirement);
    const Verdict verdict = requirement.checker(timeline);
    EXPECT_EQ(verdict.outcome, Outcome::kNonconformant) << path << ": " << verdict.reason;
    ++judged;
  }
  EXPECT_GT(judged, 0U);
}

/// The recording as somebody would have it who only watched: no steps, no clients, and nothing said of what
/// was wanted.
Timeline watched(Timeline timeline) {
  timeline.header.scenario = kWatchedScenario;
  Subject subject;
  subject.ns = timeline.subject().ns;
  subject.set = timeline.subject().set;
  timeline.header.subject = subject;
  std::erase_if(timeline.observations, [](const Observation& seen) {
    return seen.as<ObjectSeen>() == nullptr && seen.as<Gap>() == nullptr;
  });
  for (std::size_t i = 0; i < timeline.size(); ++i) timeline.observations[i].index = i + 1;
  check::complete_subject(timeline);
  return timeline;
}

std::map<std::string_view, Outcome> outcomes(const Timeline& timeline) {
  std::map<std::string_view, Outcome> outcomes;
  for (const Promise& promise : watched_promises())
    for (const RequirementVerdict& judged : judge(promise, timeline).requirements)
      outcomes[judged.requirement->id] = judged.verdict.outcome;
  return outcomes;
}

TEST(WatchedHistories, AGoodOneIsNeverCalledBroken) {
  for (const auto& [scenario, timeline] : good_recordings())
    for (const auto& [requirement, outcome] : outcomes(watched(timeline)))
      EXPECT_NE(outcome, Outcome::kNonconformant) << scenario << " " << requirement;
}

TEST(WatchedHistories, AWholeLifecycleProvesAllThatNeedsNoSteps) {
  const auto judged = outcomes(watched(good_recordings().at("lifecycle")));
  for (const char* requirement : {"ORD-01", "ID-01", "ID-05", "STO-01", "STO-02", "STO-03"})
    EXPECT_EQ(judged.at(requirement), Outcome::kConformant) << requirement;
  for (const char* requirement : {"ORD-03", "STO-06", "ID-04"})
    EXPECT_EQ(judged.at(requirement), Outcome::kNotApplicable) << requirement;
}

TEST(WatchedHistories, AWrongOneIsBrokenOrAtLeastNoProof) {
  for (const mutants::WrongHistory& wrong : mutants::wrong_histories()) {
    Timeline timeline = good_recordings().at(std::string{find_promise(wrong.promise)->scenario});
    wrong.distort(timeline);
    const auto judged = outcomes(watched(timeline));
    const auto found = judged.find(wrong.requirement);
    if (found == judged.end()) continue;
    EXPECT_NE(found->second, Outcome::kConformant) << wrong.name;
    const bool needs_no_steps = wrong.name == "one-too-many" || wrong.name == "two-of-one-name";
    EXPECT_TRUE(!needs_no_steps || found->second == Outcome::kNonconformant) << wrong.name;
  }
}

TEST(WatchedHistories, APodBeforeItsPredecessorIsFoundByWhatTheSetSays) {
  const auto parallel = [](const char* policy) {
    Timeline timeline = watched(load_named("mutant-parallel-creation"));
    for (Observation& seen : timeline.observations)
      if (auto* object = std::get_if<ObjectSeen>(&seen.what))
        if (auto* set = std::get_if<StatefulSet>(&object->object)) set->pod_management = policy;
    return outcomes(timeline).at("ORD-01");
  };
  EXPECT_EQ(parallel("Parallel"), Outcome::kNotApplicable);
  EXPECT_EQ(parallel("OrderedReady"), Outcome::kNonconformant);
}

/// Of a run that was killed during its second disruption and taken up twenty seconds later.
Timeline salvaged() { return load_named("salvaged-replication"); }

Verdict verdict_on(const Timeline& timeline, std::string_view promise, std::string_view id) {
  return requirement_of(*find_promise(promise), id).checker(timeline);
}

TEST(Histories, ASalvagedOneIsJudgedByItsJournalAndByNothingThatNobodyWatched) {
  const Timeline timeline = salvaged();
  const Verdict rows = verdict_on(timeline, "acknowledged-rows", "RPL-01");
  EXPECT_THAT(rows, check::IsConformant());
  EXPECT_THAT(rows.reason, testing::HasSubstr("2584 rows"));  // as many as the journal in the cluster had
  EXPECT_EQ(verdict_on(timeline, "service-recovers", "AVL-01").outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict_on(timeline, "rows-outlive-kills", "DIS-03").outcome, Outcome::kInconclusive);
  EXPECT_EQ(verdict_on(timeline, "new-replicas", "SCL-03").outcome, Outcome::kInconclusive);
}

TEST(Histories, ARowThatIsMissingInASalvagedOneIsFound) {
  Timeline timeline = salvaged();
  for (Observation& seen : timeline.observations)
    if (auto* rows = std::get_if<LedgerRows>(&seen.what); rows != nullptr && rows->member == "mariadb-2")
      rows->present.begin()->second.runs.back().second -= 1;
  EXPECT_EQ(verdict_on(timeline, "acknowledged-rows", "RPL-01").outcome, Outcome::kNonconformant);
}

class WrongHistory : public testing::TestWithParam<mutants::WrongHistory> {};

TEST_P(WrongHistory, BreaksItsRequirement) {
  const mutants::WrongHistory& wrong = GetParam();
  const Promise& promise = *find_promise(wrong.promise);
  Timeline timeline = load_named(std::string{promise.scenario});
  wrong.distort(timeline);
  const Verdict verdict = requirement_of(promise, wrong.requirement).checker(timeline);
  EXPECT_EQ(verdict.outcome, Outcome::kNonconformant) << verdict.reason;
}

TEST_P(WrongHistory, IsNeverProvedRightByWhatAHoleHides) {
  const mutants::WrongHistory& wrong = GetParam();
  const Promise& promise = *find_promise(wrong.promise);
  const Requirement& requirement = requirement_of(promise, wrong.requirement);
  Timeline timeline = load_named(std::string{promise.scenario});
  wrong.distort(timeline);
  const Verdict verdict = requirement.checker(timeline);
  ASSERT_EQ(verdict.outcome, Outcome::kNonconformant) << verdict.reason;
  const std::size_t breach = verdict.findings.front().evidence.back();
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const replay::HarmlessHistory holed = replay::with_hole_before(timeline, breach + seed % 3, seed);
    const Verdict hidden = requirement.checker(holed.timeline);
    EXPECT_NE(hidden.outcome, Outcome::kConformant) << holed.told << ": " << hidden.reason;
  }
}

std::string test_name(const testing::TestParamInfo<mutants::WrongHistory>& info) {
  std::string name{info.param.name};
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, WrongHistory, testing::ValuesIn(mutants::wrong_histories()), test_name);

}  // namespace
}  // namespace stateproof
