#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "harness/model/steps.h"
#include "suites/catalogue.h"
#include "suites/replay/harmless.h"
#include "suites/replay/recordings.h"
#include "suites/replay/script.h"
#include "suites/watched/promises.h"

namespace stateproof::replay {
namespace {

constexpr std::uint64_t kSeed = 1;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Each requirement that is judged on this scenario.
std::vector<const Promise*> promises_on(std::string_view scenario) {
  std::vector<const Promise*> promises;
  for (const Promise& promise : catalogue())
    if (promise.scenario == scenario) promises.push_back(&promise);
  return promises;
}

/// Judged by what the API server answered, which stands in the step.
const std::set<std::string_view> kOfAnswers{"STO-08a"};

std::set<std::string> resources_of(const Timeline& timeline) {
  std::set<std::string> resources;
  for (const Observation& seen : timeline)
    if (const auto watch = watch_of(seen.what)) resources.insert(watch->resource());
  return resources;
}

struct Failure {
  std::uint64_t count = 0;
  std::string first;
};

class Harmless : public testing::TestWithParam<std::string> {};

TEST_P(Harmless, IsNeverCalledBroken) {
  const Timeline good = load_named(GetParam());
  const auto promises = promises_on(good.header.scenario);
  const std::uint64_t count = share_of(from_environment("STATEPROOF_HARMLESS", 20'000), GetParam());
  const std::uint64_t seed = from_environment("STATEPROOF_SEED", kSeed) * 1'000'003;
  std::map<std::string, Failure> failures;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{0};
  const auto work = [&] {
    for (std::uint64_t i = next++; i < count; i = next++) {
      const HarmlessHistory history = harmless(good, seed + i);
      for (const Promise* promise : promises)
        for (const RequirementVerdict& judged : judge(*promise, history.timeline).requirements) {
          if (judged.verdict.outcome != Outcome::kNonconformant) continue;
          const std::scoped_lock lock(mutex);
          Failure& failure = failures[std::string{judged.requirement->id}];
          if (failure.count++ == 0)
            failure.first = fmt::format("seed {}: {}\n    {}\n    {}", seed + i, history.told,
                                        judged.verdict.findings.front().expected, judged.verdict.reason);
        }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
    work();
  }
  RecordProperty("histories", std::to_string(count));
  for (const auto& [requirement, failure] : failures)
    ADD_FAILURE() << requirement << " condemned " << failure.count << " of " << count
                  << " harmless histories, first " << failure.first;
}

/// The recording without the entries for which `unwanted` holds.
template <class Unwanted>
Timeline without(const Timeline& good, Unwanted unwanted) {
  Timeline rest;
  rest.header = good.header;
  rest.finish = good.finish;
  for (const Observation& seen : good)
    if (!unwanted(seen)) rest.observations.push_back({rest.size() + 1, seen.at, seen.what});
  return rest;
}

/// The recording in which the watch of that resource loses something just before the clean-up.
Timeline with_hole(const Timeline& good, const std::string& resource) {
  Timeline holed;
  holed.header = good.header;
  holed.finish = good.finish;
  bool told = false;
  const auto tell = [&](const Observation& seen) {
    const Step* step = seen.as<Step>();
    if (told || step == nullptr || !step->is<steps::Cleanup>()) return;
    holed.observations.push_back({holed.size() + 1, seen.at, Gap{resource, "too old resource version"}});
    told = true;
  };
  for (const Observation& seen : good) {
    tell(seen);
    holed.observations.push_back({holed.size() + 1, seen.at, seen.what});
  }
  return holed;
}

std::map<std::string_view, Verdict> verdicts(const Timeline& timeline) {
  std::map<std::string_view, Verdict> verdicts;
  for (const Promise* promise : promises_on(timeline.header.scenario))
    for (RequirementVerdict& judged : judge(*promise, timeline).requirements)
      verdicts.emplace(judged.requirement->id, std::move(judged.verdict));
  return verdicts;
}

TEST_P(Harmless, NothingIsProvedWithoutWhatARequirementSpeaksOf) {
  const Timeline good = load_named(GetParam());
  const auto whole = verdicts(good);
  for (const auto& [requirement, verdict] :
       verdicts(without(good, [](const Observation& seen) { return seen.as<Step>() == nullptr; })))
    EXPECT_TRUE(verdict.outcome != Outcome::kConformant || kOfAnswers.contains(requirement))
        << requirement << " by steps alone: " << verdict.reason;
  for (const std::string& resource : resources_of(good)) {
    const auto holed = verdicts(with_hole(good, resource));
    const auto rest = verdicts(without(good, [&](const Observation& seen) {
      return watch_of(seen.what) && watch_of(seen.what)->resource() == resource;
    }));
    for (const auto& [requirement, verdict] : rest) {
      const bool needs_it = whole.at(requirement).outcome == Outcome::kConformant &&
                            holed.at(requirement).outcome != Outcome::kConformant;
      EXPECT_FALSE(needs_it && verdict.outcome == Outcome::kConformant)
          << requirement << " needs the watch of " << resource << ", but not its objects: " << verdict.reason;
    }
  }
}

std::string named(const testing::TestParamInfo<std::string>& info) {
  std::string name{info.param};
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Harmless, testing::ValuesIn(names_of_good_recordings()), named);

}  // namespace
}  // namespace stateproof::replay
