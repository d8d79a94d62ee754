// How fast a recording is read and judged, and whether the time grows with the number of observations and no
// faster.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "harness/record/jsonl.h"
#include "suites/catalogue.h"

namespace stateproof {
namespace {

namespace fs = std::filesystem;

fs::path history(const std::string& scenario) {
  return fs::path{STATEPROOF_HISTORIES} / (scenario + ".jsonl");
}

Timeline load(const std::string& scenario) {
  auto timeline = record::load_recording(history(scenario));
  if (!timeline) throw std::runtime_error(timeline.error().sentence);
  return std::move(*timeline);
}

/// The good recording with each object told again and again where it was told once, as by a watch that is
/// re-established: the same cluster, in about `size` observations.
Timeline stretched(const Timeline& timeline, std::size_t size) {
  std::size_t objects = 0;
  for (const Observation& seen : timeline)
    if (seen.as<ObjectSeen>() != nullptr && !seen.is_deletion()) ++objects;
  const std::size_t times = size / objects;
  Timeline longer;
  longer.header = timeline.header;
  longer.finish = timeline.finish;
  longer.observations.reserve(size + timeline.size());
  const auto append = [&](Observation seen) {
    seen.index = longer.size() + 1;
    longer.observations.push_back(std::move(seen));
  };
  for (const Observation& seen : timeline) {
    append(seen);
    const ObjectSeen* object = seen.as<ObjectSeen>();
    if (object == nullptr || seen.is_deletion()) continue;
    Observation again = seen;
    std::get<ObjectSeen>(again.what).change = Change::kListed;
    for (std::size_t i = 1; i < times; ++i) append(again);
  }
  return longer;
}

/// All promises of one scenario; a verdict that is not the honest recording's is an error.
void judge_all(benchmark::State& state, const std::string& scenario) {
  const Timeline timeline = stretched(load(scenario), static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    for (const Promise& promise : catalogue()) {
      if (promise.scenario != scenario) continue;
      const PromiseVerdict verdict = judge(promise, timeline);
      if (verdict.outcome == Outcome::kNonconformant || verdict.outcome == Outcome::kInconclusive)
        state.SkipWithError(std::string{promise.id}.c_str());
    }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(timeline.size()));
  state.SetComplexityN(state.range(0));
}

void add_judging(const char* scenario) {
  benchmark::RegisterBenchmark(fmt::format("judge/{}", scenario).c_str(), judge_all, scenario)
      ->RangeMultiplier(10)
      ->Range(10'000, 1'000'000)
      ->Unit(benchmark::kMillisecond)
      ->Complexity(benchmark::oN);
}

const bool kJudging = [] {
  for (const char* scenario : {"lifecycle", "rollout", "replication"}) add_judging(scenario);
  return true;
}();

void load_history(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(load("replication"));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(fs::file_size(history("replication"))));
}
BENCHMARK(load_history)->Name("load/replication")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stateproof
