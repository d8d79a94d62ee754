#include "cli/histories.h"

#include <fmt/format.h>

#include <iostream>
#include <stdexcept>
#include <vector>

#include "cli/commands.h"
#include "cli/run.h"
#include "harness/record/jsonl.h"
#include "suites/catalogue.h"
#include "suites/mutants/mutants.h"
#include "suites/mutants/wrong_histories.h"
#include "suites/replay/harmless.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;

/// Harmless histories of the good recording: enough to meet each kind of harm often, in a second or two.
constexpr std::uint64_t kHarmless = 200;

/// A requirement with the promise that it belongs to.
struct Judge {
  const Promise* promise = nullptr;
  const Requirement* requirement = nullptr;
};

/// One for each scenario on which it is judged.
std::vector<Judge> find_judges(const std::string& id) {
  std::vector<Judge> judges;
  for (const Promise& promise : catalogue())
    for (const Requirement& requirement : promise.requirements)
      if (requirement.id == id) judges.push_back({&promise, &requirement});
  return judges;
}

/// Counts what was judged and what was not as it has to be.
class Account {
 public:
  explicit Account(const Requirement& requirement) : requirement_(requirement) {}

  void good(const std::string& name, const Timeline& timeline) {
    const Verdict verdict = requirement_.checker(timeline);
    const bool kept = verdict.outcome == Outcome::kConformant || verdict.outcome == Outcome::kNotApplicable;
    tell(kept, "good", name, verdict);
  }
  /// What a conforming cluster might have left, too, as seeds 1 to `count` make it of a good recording.
  void harmless(const Timeline& good, std::uint64_t count) {
    std::uint64_t condemned = 0;
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
      const replay::HarmlessHistory history = replay::harmless(good, seed);
      const Verdict verdict = requirement_.checker(history.timeline);
      if (verdict.outcome != Outcome::kNonconformant) {
        ++judged_;
        continue;
      }
      ++condemned;
      tell(false, "harmless", fmt::format("seed {}: {}", seed, history.told), verdict);
    }
    if (condemned == 0)
      std::cout << fmt::format("{:10} {:8} seeds 1 to {}: none is nonconformant\n", "expected", "harmless",
                               count);
  }
  void wrong(const std::string& name, const Timeline& timeline) {
    ++wrong_;
    const Verdict verdict = requirement_.checker(timeline);
    tell(verdict.outcome == Outcome::kNonconformant, "wrong", name, verdict);
  }

  [[nodiscard]] int code() const {
    if (wrong_ == 0) {
      std::cout << fmt::format("no wrong history belongs to {}: add one in suites/mutants\n",
                               requirement_.id);
      return ExitCode::kBroken;
    }
    std::cout << fmt::format("{} histories judged by {}, {} not as expected\n", judged_, requirement_.id,
                             missed_);
    return missed_ == 0 ? ExitCode::kConformant : ExitCode::kBroken;
  }

 private:
  void tell(bool expected, std::string_view kind, const std::string& name, const Verdict& verdict) {
    ++judged_;
    if (!expected) ++missed_;
    std::cout << fmt::format("{:10} {:8} {:28} {}: {}\n", expected ? "expected" : "UNEXPECTED", kind, name,
                             to_text(verdict.outcome), verdict.reason);
    if (expected) return;
    for (const Finding& finding : verdict.findings)
      std::cout << fmt::format("{:20} {} {}: expected {}, but {}\n", "", finding.object.kind,
                               finding.object.name, finding.expected, finding.observed);
  }

  const Requirement& requirement_;
  std::uint64_t judged_ = 0;
  int wrong_ = 0;
  int missed_ = 0;
};

tl::expected<Timeline, HarnessError> load(const fs::path& folder, std::string_view name) {
  auto timeline = record::load_recording(folder / fmt::format("{}.jsonl", name));
  if (!timeline) return tl::make_unexpected(HarnessError{timeline.error().sentence});
  return std::move(*timeline);
}

/// The good recording of the scenario, and what each wrong history makes of it.
tl::expected<void, HarnessError> judge_scenario(const Judge& judge, const fs::path& folder,
                                                Account& account) {
  const auto good = load(folder, judge.promise->scenario);
  if (!good) return tl::make_unexpected(good.error());
  account.good(std::string{judge.promise->scenario}, *good);
  account.harmless(*good, kHarmless);
  for (const mutants::WrongHistory& wrong : mutants::wrong_histories()) {
    if (wrong.requirement != judge.requirement->id || wrong.promise != judge.promise->id) continue;
    Timeline timeline = *good;
    try {
      wrong.distort(timeline);
    } catch (const std::logic_error& error) {
      return tl::make_unexpected(HarnessError{
          fmt::format("The wrong history {} cannot be generated: {}.", wrong.name, error.what())});
    }
    account.wrong(std::string{wrong.name}, timeline);
  }
  return {};
}

/// Recordings of deployments that the requirement has to condemn, as far as there are any.
tl::expected<void, HarnessError> judge_mutants(const Judge& judge, const fs::path& folder, Account& account) {
  for (const mutants::Mutant& mutant : mutants::all()) {
    const std::string name = fmt::format("mutant-{}", mutant.name);
    if (mutant.requirement != judge.requirement->id || !fs::exists(folder / (name + ".jsonl"))) continue;
    const auto timeline = load(folder, name);
    if (!timeline) return tl::make_unexpected(timeline.error());
    account.wrong(name, *timeline);
  }
  return {};
}

}  // namespace

int judge_histories(const HistoriesOptions& options) {
  const fs::path folder = options.folder.empty() ? fs::path{STATEPROOF_HISTORIES} : options.folder;
  const auto judges = find_judges(options.requirement);
  if (judges.empty())
    return wrong_usage(
        fmt::format("There is no requirement {}; stateproof promises lists them.", options.requirement));
  Account account(*judges.front().requirement);
  for (const Judge& judge : judges)
    if (const auto judged = judge_scenario(judge, folder, account); !judged)
      return harness_error(judged.error().sentence);
  if (const auto judged = judge_mutants(judges.front(), folder, account); !judged)
    return harness_error(judged.error().sentence);
  return account.code();
}

}  // namespace stateproof::cli
