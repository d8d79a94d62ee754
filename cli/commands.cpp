#include "cli/commands.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <vector>

#include "cli/catalogue_text.h"
#include "cli/evidence.h"
#include "cli/interrupt.h"
#include "cli/recordings.h"
#include "cli/run.h"
#include "cli/upgrade_command.h"
#include "harness/check/identity/watched_set.h"
#include "harness/lease/sweep.h"
#include "harness/model/steps.h"
#include "harness/record/jsonl.h"
#include "harness/report/compare.h"
#include "harness/report/failure_text.h"
#include "harness/report/summary.h"
#include "suites/catalogue.h"
#include "suites/explore/promises.h"
#include "suites/mutants/mutants.h"
#include "suites/scenarios/engine/stage.h"
#include "suites/watched/promises.h"

namespace stateproof::cli {

namespace {

namespace fs = std::filesystem;

// Scenarios share it while they play and clean up; a report has it for itself, and so waits for their end.
class RunLock {
 public:
  enum class Holder { kScenario, kReport };
  RunLock(const fs::path& out, Holder holder)
      : descriptor_(::open((out / "run.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ >= 0) ::flock(descriptor_, holder == Holder::kReport ? LOCK_EX : LOCK_SH);
  }
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  ~RunLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  int descriptor_;
};

int exit_code_of(Outcome outcome, int not_applicable_code) {
  switch (outcome) {
    case Outcome::kConformant:
      return ExitCode::kConformant;
    case Outcome::kNotApplicable:
      return not_applicable_code;
    case Outcome::kNonconformant:
      return ExitCode::kBroken;
    case Outcome::kInconclusive:
      return ExitCode::kInconclusive;
  }
  return ExitCode::kInconclusive;
}

/// What a process that played this scenario of this run before us left of it.
enum class Left { kNothing, kUnfinished, kWhole };

Left left_of(const scenarios::Scenario& scenario, const std::string& run, const fs::path& recording) {
  const auto former = unfinished(recording);
  if (scenario.salvage == nullptr || !former || former->header.run != run) return Left::kNothing;
  const bool cleaned = std::any_of(former->begin(), former->end(), [](const Observation& seen) {
    const Step* step = seen.as<Step>();
    return step != nullptr && step->is<steps::Cleanup>();
  });
  return cleaned ? Left::kWhole : Left::kUnfinished;
}

std::string watched_text(const Timeline& timeline) {
  return fmt::format(
      "StatefulSet {}/{}, watched since {}. The recording does not say what was asked of the set, so only "
      "requirements that need no steps are judged. What did not happen while it was watched, or could not be "
      "seen, is inconclusive.\n\n",
      timeline.subject().ns, timeline.subject().set, format_rfc3339(timeline.header.started));
}

bool is_promise(const std::string& id) {
  const auto has = [&](const std::vector<Promise>& promises) {
    return std::any_of(promises.begin(), promises.end(), [&](const Promise& one) { return one.id == id; });
  };
  return has(catalogue()) || has(watched_promises()) || explore::seed_of(id);
}

// A mutant of an upgrade does its harm where the upgrade has its place.
std::function<void(scenarios::Stage&)> interference_of(const mutants::Mutant& mutant) {
  if (mutant.interfere == nullptr || mutant.killed_at) return {};
  return [&mutant](scenarios::Stage& stage) {
    stage.begin(steps::Upgrade{}, std::string{mutant.title});
    mutant.interfere(stage);
    stage.end(steps::Upgrade{}, Step::Phase::kReached, "done");
  };
}

}  // namespace

int begin(const BeginOptions& options) {
  const Profile profile = parse_profile(options.profile).value_or(Profile::kQuick);
  if (profile == Profile::kDisruptive && !options.disrupt_nodes) {
    std::cerr << "stateproof: the profile disruptive drains and stops nodes and restarts the control plane; "
                 "pass --disrupt-nodes to confirm that this cluster may be disrupted.\n";
    return ExitCode::kUsage;
  }
  if (profile == Profile::kUpgrade && upgrade_command().empty()) {
    std::cerr << "stateproof: set $" << kUpgradeCommand
              << " to the command that upgrades the cluster, or upgrade it yourself between stateproof gate "
                 "begin and stateproof gate end.\n";
    return ExitCode::kUsage;
  }
  report::Plan plan = plan_of(profile);
  return begin_plan(options, plan, scenarios::rights_of(profile));
}

int run(const RunOptions& options) {
  const Interrupt interrupt;
  const scenarios::Scenario* scenario = scenarios::find(options.scenario);
  if (scenario == nullptr) {
    std::string names;
    for (const scenarios::Scenario& known : scenarios::all()) names += fmt::format(" {}", known.name);
    return wrong_usage(fmt::format("There is no scenario {}; known scenarios:{}.", options.scenario, names));
  }
  const mutants::Mutant* mutant = nullptr;
  if (!options.mutant.empty()) {
    mutant = mutants::find(options.mutant);
    if (mutant == nullptr || find_promise(mutant->promise)->scenario != scenario->name)
      return wrong_usage(fmt::format("There is no mutant {} of scenario {}; docs/CONFORMANCE.md lists them.",
                                     options.mutant, options.scenario));
  }
  const auto started = report::load_run(options.out);
  if (!started) return harness_error(started.error().sentence);
  const RunLock lock(options.out, RunLock::Holder::kScenario);
  const report::RunFolder folder(options.out, recording_reader());
  const auto prepared = prepare(options.cluster, scenarios::rights_of(*scenario), interrupt);
  const ShownProgress shown(options.scenario);
  const Left left = left_of(*scenario, started->plan.run, folder.recording_of(options.scenario));

  scenarios::ScenarioEnd end;
  if (left == Left::kWhole) {
    std::cerr << "The run was killed during its clean-up: its recording is complete. The next run, or "
                 "stateproof sweep, removes what is left in the cluster.\n";
  } else if (prepared) {
    if (left == Left::kUnfinished)
      std::cerr << "The run was killed: what it left in the cluster is recorded and judged without further "
                   "disruptions.\n";
    scenarios::ScenarioRequest request =
        request_for(*prepared, options.cluster, started->plan.run, folder.recording_of(options.scenario),
                    shown.get(), interrupt);
    request.seed = started->plan.seed;
    request.salvages = left == Left::kUnfinished;
    request.upgrade = run_upgrade_command;
    if (mutant != nullptr) {
      request.mutant = options.mutant;
      request.mutation = mutant->mutate;
      request.only_disruption = std::string{mutant->disruption};
      request.until = mutant->until;
      request.upgrade = interference_of(*mutant);
    }
    end = scenarios::run(*scenario, request);
  } else {
    end.reason = End::Reason::kHarnessError;
    end.sentence = prepared.error().sentence;
  }
  return save_ended(options.out, started->plan.run, options.scenario, end);
}

int judge(const JudgeOptions& options) {
  if (!options.promise.empty() && !is_promise(options.promise))
    return wrong_usage(
        fmt::format("There is no promise {}; stateproof promises lists all promises.", options.promise));
  const std::vector<fs::path> recordings = recordings_in(options.folder);
  if (recordings.empty())
    return harness_error(fmt::format(
        "{} contains no recording; pass the folder of a run, its recordings folder, or one .jsonl file.",
        options.folder.string()));
  Outcome worst = Outcome::kNotApplicable;
  bool judged = false;
  for (const fs::path& path : recordings) {
    auto timeline = record::load_recording(path);
    if (!timeline) return harness_error(timeline.error().sentence);
    const bool watched = timeline->header.scenario == kWatchedScenario;
    if (watched) check::complete_subject(*timeline);
    if (watched) std::cout << watched_text(*timeline);
    for (const Promise& promise : promises_for(timeline->header.scenario)) {
      if (!options.promise.empty() && options.promise != promise.id) continue;
      const report::PromiseResult result = judge_one(promise, *timeline, options.folder);
      std::cout << report::text_of(result) << "\n";
      if (options.save)
        if (auto saved = report::RunFolder(options.folder, recording_reader()).save_verdict(result); !saved)
          return harness_error(saved.error().sentence);
      worst = std::max(worst, result.outcome);
      judged = true;
    }
  }
  if (!judged)
    return harness_error(
        fmt::format("{} contains no recording that {} can be judged on; stateproof promises lists all "
                    "promises and their scenarios.",
                    options.folder.string(), options.promise.empty() ? "any promise" : options.promise));
  return exit_code_of(worst, options.not_applicable_code);
}

int report(const fs::path& out, Summary summary) {
  const bool planned = fs::exists(out / "plan.json");
  if (!planned && recordings_in(out / "recordings").empty())
    return harness_error(
        fmt::format("{} contains no run; pass the folder that a run was given as --out.", out.string()));
  const RunLock lock(out, RunLock::Holder::kReport);
  if (!planned)
    if (auto made = make_run_of_recordings(out); !made) return harness_error(made.error().sentence);
  if (auto told = tell_killed_scenarios(out); !told) return harness_error(told.error().sentence);
  if (auto rendered = report::RunFolder(out, recording_reader()).render(); !rendered)
    return harness_error(rendered.error().sentence);
  const auto result = report::load_run(out);
  if (!result) return harness_error(result.error().sentence);
  if (summary == Summary::kElsewhere) return report::exit_code(*result);
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  report::SummaryStyle style;
  style.colour = terminal && std::getenv("NO_COLOR") == nullptr;
  style.unicode = terminal;
  std::cout << report::summary(*result, out.string(), style);
  return report::exit_code(*result);
}

int compare(const fs::path& before, const fs::path& after) {
  for (const fs::path& folder : {before, after})
    if (!fs::exists(folder / "plan.json"))
      return harness_error(
          fmt::format("{} contains no run; pass the folder that a run was given as --out.", folder.string()));
  const auto former = report::load_run(before);
  if (!former) return harness_error(former.error().sentence);
  const auto present = report::load_run(after);
  if (!present) return harness_error(present.error().sentence);
  const report::Comparison comparison = report::compare(*former, *present);
  std::cout << comparison.text;
  return comparison.worse ? ExitCode::kBroken : ExitCode::kConformant;
}

int mutant(const MutantOptions& options) {
  const mutants::Mutant* mutant = mutants::find(options.name);
  if (mutant == nullptr) {
    std::string names;
    for (const mutants::Mutant& known : mutants::all()) names += fmt::format(" {}", known.name);
    return wrong_usage(fmt::format("There is no mutant {}; known mutants:{}.", options.name, names));
  }
  const std::string run = new_run_id();
  const Promise& promise = *find_promise(mutant->promise);
  const fs::path recording =
      options.out / options.name / run / "recordings" / (std::string{promise.scenario} + ".jsonl");
  const auto timeline = play({.scenario = *scenarios::find(promise.scenario),
                              .name = options.name,
                              .run = run,
                              .recording = recording,
                              .mutation = mutant->mutate,
                              .only_disruption = std::string{mutant->disruption},
                              .until = mutant->until,
                              .upgrade = interference_of(*mutant),
                              .killed_at = mutant->killed_at,
                              .meanwhile = mutant->killed_at ? mutant->interfere : nullptr},
                             options.cluster);
  if (!timeline) return harness_error(timeline.error().sentence);
  const report::PromiseResult result = judge_one(promise, *timeline, recording);
  std::cout << report::text_of(result) << "\n";
  const bool caught =
      std::any_of(result.requirements.begin(), result.requirements.end(), [&](const auto& requirement) {
        return requirement.id == mutant->requirement && requirement.outcome == Outcome::kNonconformant;
      });
  std::cout << fmt::format("mutant {} ({}): {} by {} ({})\n", mutant->name, mutant->title,
                           caught ? "caught" : "NOT caught", mutant->promise, mutant->requirement);
  return caught ? ExitCode::kConformant : ExitCode::kBroken;
}

int images() {
  // One image does everything: the database, and the client pods that ask DNS.
  std::cout << kPublishedImage << "\n";
  return ExitCode::kConformant;
}

int promises(const std::string& format) {
  std::cout << (format == "json" ? catalogue_json().dump(2) + "\n" : catalogue_markdown());
  return ExitCode::kConformant;
}

int sweep(const ClusterOptions& cluster) {
  const Interrupt interrupt;
  const auto client = connect(cluster, interrupt.stop());
  if (!client) return harness_error(client.error().sentence);
  const auto swept = lease::sweep_abandoned(*client, lease::Spared::kGo,
                                            [](const std::string& line) { std::cout << line << "\n"; });
  if (!swept) return harness_error(swept.error().sentence);
  if (swept->removed.empty())
    std::cout << (swept->left_alone == 0 ? "nothing was left behind\n" : "nothing of ours was left behind\n");
  return ExitCode::kConformant;
}

}  // namespace stateproof::cli
