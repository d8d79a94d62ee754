#include "cli/explore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <set>

#include "cli/interrupt.h"
#include "cli/players.h"
#include "cli/run.h"
#include "harness/model/steps.h"
#include "harness/record/jsonl.h"
#include "suites/explore/play.h"
#include "suites/explore/promises.h"
#include "suites/explore/shrink.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;
using explore::Sequence;

/// Short enough to be typed again.
constexpr std::uint32_t kSeeds = 1'000'000;

Sequence sequence_of(const ExploreOptions& options, std::uint32_t seed) {
  int count = options.operations;
  for (const int number : options.only) count = std::max(count, number);
  const Sequence whole = explore::draw(seed, count, {.controller = options.begin.disrupt_nodes});
  return options.only.empty() ? whole : explore::only(whole, options.only);
}

std::string command_for(std::uint32_t seed, const std::vector<int>& numbers, const ExploreOptions& options) {
  return fmt::format("stateproof explore --seed {} --only {}{}", seed,
                     numbers.empty() ? "0" : fmt::format("{}", fmt::join(numbers, ",")),
                     options.begin.disrupt_nodes ? " --disrupt-nodes" : "");
}

int play_part(const ExploreOptions& options) {
  const Interrupt interrupt;
  const auto started = report::load_run(options.begin.out);
  if (!started) return harness_error(started.error().sentence);
  const report::RunFolder folder(options.begin.out, recording_reader());
  const scenarios::Scenario scenario =
      explore::scenario_of(sequence_of(options, *options.begin.seed), explore::kind_of(options.broken_at));
  const std::string name{scenario.name};
  const ShownProgress shown(name);
  const auto prepared = prepare(options.begin.cluster, scenarios::rights_of(scenario), interrupt);
  scenarios::ScenarioEnd end;
  end.reason = End::Reason::kHarnessError;
  if (prepared)
    end = scenarios::run(scenario, request_for(*prepared, options.begin.cluster, started->plan.run,
                                               folder.recording_of(name), shown.get(), interrupt));
  else
    end.sentence = prepared.error().sentence;
  return save_ended(options.begin.out, started->plan.run, name, end);
}

std::vector<std::string> arguments_for(const ExploreOptions& options, std::uint32_t seed, const fs::path& out,
                                       const std::vector<int>& only) {
  std::vector<std::string> arguments{
      "explore", "--part",     "--seed",       fmt::to_string(seed),
      "--out",   out.string(), "--operations", fmt::to_string(options.operations)};
  add_cluster_arguments(arguments, options.begin.cluster);
  if (!options.broken_at.empty()) arguments.insert(arguments.end(), {"--broken-at", options.broken_at});
  if (!only.empty()) arguments.insert(arguments.end(), {"--only", fmt::format("{}", fmt::join(only, ","))});
  if (options.begin.disrupt_nodes) arguments.emplace_back("--disrupt-nodes");
  return arguments;
}

std::set<std::string> broken_by(const report::PromiseResult& result) {
  std::set<std::string> ids;
  for (const report::RequirementResult& one : result.requirements)
    if (one.outcome == Outcome::kNonconformant) ids.insert(one.id);
  return ids;
}

/// Judges the sequence's recording in `out`; nullopt, and told, when there is none.
std::optional<report::PromiseResult> judge_sequence(std::uint32_t seed, const fs::path& out) {
  const Promise& promise = explore::promise_of(seed);
  const report::RunFolder folder(out, recording_reader());
  const auto timeline = record::load_recording(folder.recording_of(std::string{promise.scenario}));
  if (!timeline) {
    harness_error(timeline.error().sentence);
    return std::nullopt;
  }
  report::PromiseResult result = judge_one(promise, *timeline, out);
  if (auto saved = folder.save_verdict(result); !saved) {
    harness_error(saved.error().sentence);
    return std::nullopt;
  }
  return result;
}

/// The operations that had begun before the first breach: what came later has no part in it.
std::vector<int> begun_before(const report::PromiseResult& result, const Sequence& sequence,
                              const fs::path& recording) {
  std::size_t first = SIZE_MAX;
  for (const report::RequirementResult& one : result.requirements)
    for (const report::FindingResult& found : one.findings)
      if (!found.finding.evidence.empty()) first = std::min(first, found.finding.evidence.back());
  const auto timeline = record::load_recording(recording);
  if (!timeline) return explore::numbers_of(sequence);
  std::vector<int> numbers;
  for (const Observation& seen : *timeline) {
    if (seen.index >= first) break;
    const Step* step = seen.as<Step>();
    const auto operation = step == nullptr || !step->begins() ? std::nullopt : step->as<steps::Operation>();
    if (operation && operation->number > 0) numbers.push_back(operation->number);
  }
  return numbers;
}

class Exploration {
 public:
  Exploration(const ExploreOptions& options, report::Plan plan)
      : options_(options),
        plan_(std::move(plan)),
        players_(options.begin.out / "run.log", interrupt_.stop(), interrupt_.hurry()),
        until_(std::chrono::steady_clock::now() +
               std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                   std::chrono::duration<double, std::ratio<60>>(options.minutes))) {}

  bool play() {
    std::uint32_t next = plan_.seed;
    while (true) {
      while (may_start(next)) start(next++);
      const auto ended = players_.await_one();
      if (!ended) break;
      const auto seed = explore::seed_of(ended->name);
      if (!seed || ended->code != ExitCode::kConformant) continue;
      const auto result = judge_sequence(*seed, options_.begin.out);
      whole_ = whole_ && result.has_value();
      if (result && result->outcome == Outcome::kNonconformant) breaches_.push_back(*result);
    }
    for (const report::PromiseResult& breach : breaches_) shrink_breach(breach);
    return whole_;
  }

 private:
  [[nodiscard]] bool may_start(std::uint32_t next) const {
    if (interrupt_.stop().stop_requested()) return false;
    const std::uint32_t played = next - plan_.seed;
    if (!options_.only.empty()) return played == 0;
    const bool in_time = played == 0 || std::chrono::steady_clock::now() < until_;
    return in_time && players_.running() < static_cast<std::size_t>(options_.sets);
  }

  void start(std::uint32_t seed) {
    const Promise& promise = explore::promise_of(seed);
    std::vector<std::string> told;
    for (const explore::Operation& one : sequence_of(options_, seed).operations)
      told.push_back(explore::text_of(one));
    plan_.scenarios.push_back({std::string{promise.scenario}, fmt::format("{}", fmt::join(told, ", "))});
    plan_.promises.push_back(report::planned(promise));
    const report::RunFolder folder(options_.begin.out, recording_reader());
    if (auto saved = folder.save_plan(plan_); !saved) harness_error(saved.error().sentence);
    if (players_.start(std::string{promise.scenario},
                       arguments_for(options_, seed, options_.begin.out, options_.only)))
      return;
    harness_error(fmt::format("No process can be started for {}.", promise.scenario));
    whole_ = false;
  }

  /// Whether these operations, played once more, break one of the same requirements.
  bool shows(std::uint32_t seed, const std::vector<int>& numbers, const std::set<std::string>& wanted) {
    const fs::path out =
        options_.begin.out / "shrunk" / fmt::format("explore-{}", seed) / fmt::to_string(++replayed_);
    report::Plan plan = plan_;
    plan.scenarios.clear();
    plan.promises = {report::planned(explore::promise_of(seed))};
    if (!report::RunFolder(out, recording_reader()).save_plan(plan)) return false;
    // An empty list would mean all.
    if (!players_.start(std::string{explore::promise_of(seed).scenario},
                        arguments_for(options_, seed, out, numbers.empty() ? std::vector{0} : numbers)))
      return false;
    const auto ended = players_.await_one();
    if (!ended || ended->code != ExitCode::kConformant) return false;
    const auto result = judge_sequence(seed, out);
    if (!result) return false;
    const std::set<std::string> broken = broken_by(*result);
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const std::string& id) { return broken.contains(id); });
  }

  void shrink_breach(const report::PromiseResult& breach) {
    const std::uint32_t seed = explore::seed_of(breach.scenario).value_or(0);
    const std::set<std::string> wanted = broken_by(breach);
    const Sequence sequence = sequence_of(options_, seed);
    const report::RunFolder folder(options_.begin.out);
    replayed_ = 0;
    std::vector<int> numbers = explore::numbers_of(sequence);
    const auto found_again = [&](const std::vector<int>& some) {
      return !interrupt_.stop().stop_requested() && shows(seed, some, wanted);
    };
    const std::vector<int> begun = begun_before(breach, sequence, folder.recording_of(breach.scenario));
    if (options_.replays > 0 && begun.size() < numbers.size() && found_again(begun)) numbers = begun;
    numbers = explore::shrink(std::move(numbers), found_again, options_.replays - replayed_);
    std::cout << fmt::format("{} broke {}; {} of {} operations show it ({} replays):\n", breach.scenario,
                             fmt::join(wanted, ", "), numbers.size(), sequence.operations.size(), replayed_);
    for (const explore::Operation& one : explore::only(sequence, numbers).operations)
      std::cout << fmt::format("  {:>3} {}\n", one.number, explore::text_of(one));
    std::cout << fmt::format("Repeat it: {}\n\n", command_for(seed, numbers, options_)) << std::flush;
  }

  const ExploreOptions& options_;
  const Interrupt interrupt_;
  report::Plan plan_;
  Players players_;
  std::chrono::steady_clock::time_point until_;
  std::vector<report::PromiseResult> breaches_;
  int replayed_ = 0;
  bool whole_ = true;
};

}  // namespace

int explore(const ExploreOptions& given) {
  if (given.is_part) return play_part(given);
  ExploreOptions options = given;
  options.begin.profile = "explore";
  if (!options.begin.seed) options.begin.seed = std::random_device{}() % kSeeds;
  report::Plan plan = plan_of(std::string_view{"explore"});
  if (const int code = begin_plan(options.begin, plan, scenarios::rights_of(explore::scenario_of({})));
      code != ExitCode::kConformant)
    return code;
  std::cerr << fmt::format("seed {}: {} sets side by side, {} operations each, {} min\n", plan.seed,
                           options.sets, options.operations, options.minutes);
  const bool whole = Exploration(options, plan).play();
  const int code = report(options.begin.out);
  return whole ? code : std::max(code, static_cast<int>(ExitCode::kInconclusive));
}

}  // namespace stateproof::cli
