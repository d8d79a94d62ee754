#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "harness/check/testing/matchers.h"
#include "harness/record/jsonl.h"
#include "suites/catalogue.h"
#include "suites/mutants/mutants.h"
#include "suites/mutants/wrong_histories.h"

namespace stateproof {
namespace {

namespace fs = std::filesystem;

Timeline load(const fs::path& path) {
  auto timeline = record::load_recording(path);
  if (!timeline) throw std::runtime_error(timeline.error().sentence);
  return std::move(*timeline);
}

std::vector<fs::path> histories() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(STATEPROOF_HISTORIES))
    if (entry.path().extension() == ".jsonl") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// The good recording of each scenario.
const std::map<std::string, Timeline>& good_recordings() {
  static const std::map<std::string, Timeline> recordings = [] {
    std::map<std::string, Timeline> good;
    for (const fs::path& path : histories())
      if (Timeline timeline = load(path); timeline.header.mutant.empty())
        good.emplace(timeline.header.scenario, std::move(timeline));
    return good;
  }();
  return recordings;
}

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

TEST(Histories, AGoodOneKeepsEveryPromise) {
  for (const Promise& promise : catalogue()) {
    const auto good = good_recordings().find(std::string{promise.scenario});
    if (good == good_recordings().end()) continue;
    for (const RequirementVerdict& judged : judge(promise, good->second).requirements)
      if (kNotApplicable.contains(judged.requirement->id))
        EXPECT_EQ(judged.verdict.outcome, Outcome::kNotApplicable) << judged.verdict.reason;
      else
        EXPECT_THAT(judged.verdict, check::IsConformant()) << judged.requirement->id;
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

class WrongHistory : public testing::TestWithParam<mutants::WrongHistory> {};

TEST_P(WrongHistory, BreaksItsRequirement) {
  const mutants::WrongHistory& wrong = GetParam();
  const Promise& promise = *find_promise(wrong.promise);
  Timeline timeline = good_recordings().at(std::string{promise.scenario});
  wrong.distort(timeline);
  const Verdict verdict = requirement_of(promise, wrong.requirement).checker(timeline);
  EXPECT_EQ(verdict.outcome, Outcome::kNonconformant) << verdict.reason;
}

std::string test_name(const testing::TestParamInfo<mutants::WrongHistory>& info) {
  std::string name{info.param.name};
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, WrongHistory, testing::ValuesIn(mutants::wrong_histories()), test_name);

}  // namespace
}  // namespace stateproof
