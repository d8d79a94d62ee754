#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/promise.h"
#include "harness/model/rfc3339.h"
#include "harness/model/served.h"
#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::report {

/// What a run set out to do, known before anything is done.
struct PlannedPromise {
  std::string id;
  std::string title;
  std::string group;
  std::string scenario;
  std::vector<std::string> requirements;  ///< ids
  Level level = Level::kBlocking;         ///< informing when no requirement of it blocks
  std::string file;                       ///< where it is written down, relative to the repository
  int line = 0;
  std::string type = {};      ///< "disruptive", "upgrade"; empty: of every run
  std::string compares = {};  ///< line of the table "StatefulSet and Deployment" that it judges; empty: none
};

struct PlannedScenario {
  std::string name;
  std::string title;
};

struct Plan {
  std::string run;  ///< id of the run; results that carry another one are not counted
  std::string profile;
  Timestamp started{};
  std::uint32_t seed = 1;  ///< of the order of disruptions
  std::vector<PlannedPromise> promises;
  std::vector<PlannedScenario> scenarios;
  std::map<std::string, std::string> properties;  ///< server version, nodes, StorageClass, images, ...
  /// Put before the paths of attachments in JUnit, for the reader that is used: GitLab wants them relative to
  /// the project ("reports/out/7"), Jenkins absolute. Empty: relative to the folder of the run.
  std::string attachment_root;
};

/// One action of a scenario and what it took.
struct StepResult {
  std::string name;
  std::string text;
  Step::Phase outcome = Step::Phase::kReached;
  double seconds = 0;
  /// The cluster's own part: from the first to the last change of an object of this scenario within the step,
  /// as the watches delivered them, for the cluster's stamps are whole seconds. None: it changed nothing.
  std::optional<double> cluster_seconds;
};

struct ScenarioResult {
  enum class Outcome { kComplete, kHarnessError, kInterrupted };
  std::string run;
  std::string name;
  Outcome outcome = Outcome::kComplete;
  std::string sentence;  ///< cause and next step; empty when complete
  double seconds = 0;
  std::vector<StepResult> steps;
  Served served = {};                         ///< of scenarios with clients of a replicated database
  std::string bundle = {};                    ///< as of a promise, when the harness was in trouble
  std::vector<std::string> left_behind = {};  ///< in the cluster: a command for each object that deletes it
};

struct FindingResult {
  Finding finding;
  std::vector<std::string> excerpt;  ///< lines of the timeline around the evidence
  std::string when = {};             ///< of the breach: since the begin, by the clock, and in which step
};

struct RequirementResult {
  std::string id;
  std::string title;
  std::string sentence;
  std::string source;
  std::string since;
  Level level = Level::kBlocking;
  Outcome outcome = Outcome::kInconclusive;
  std::string reason;
  std::vector<FindingResult> findings;
  std::vector<Measurement> measurements;
};

/// A PromiseVerdict with all its text in it, so that it is read without the program that judged.
struct PromiseResult {
  std::string run;
  std::string id;
  std::string title;
  std::string group;
  std::string scenario;
  std::string file;
  int line = 0;
  Outcome outcome = Outcome::kInconclusive;
  double seconds = 0;  ///< that judging took
  std::vector<RequirementResult> requirements;
  std::string
      bundle;  ///< page of the evidence bundle, relative to the folder of the run; empty: there is none
  std::string replay;  ///< command that judges the recording again
};

/// All that one run left on disk.
struct RunResult {
  Plan plan;
  std::vector<ScenarioResult> scenarios;
  std::vector<PromiseResult> verdicts;

  [[nodiscard]] const ScenarioResult* scenario(std::string_view name) const;
  [[nodiscard]] const PromiseResult* verdict(std::string_view promise) const;
};

PlannedPromise planned(const Promise& promise);

/// The verdict with the excerpts of the timeline that show its findings. `seconds` and `bundle` are left to
/// the caller.
PromiseResult result_of(const PromiseVerdict& verdict, const Timeline& timeline, std::string replay = {});

/// The steps that the recording holds, with the time between their begin and their end and the cluster's
/// part of it.
std::vector<StepResult> steps_of(const Timeline& timeline);

/// The sum of the steps' cluster_seconds: what the cluster itself needs for what the scenario asks of it.
double cluster_seconds(const ScenarioResult& scenario);

Level level_of(const PromiseResult& result);

/// "reached", "timed out", "failed", "unfinished"
std::string_view outcome_text(Step::Phase outcome);

/// Measurements of one name, summed up.
struct Figure {
  std::string name;
  std::size_t count = 0;
  double median = 0;  ///< the upper one of an even count
  double largest = 0;
  std::string unit;
  std::string of;  ///< what the largest belongs to
};

/// One for each name, sorted by it. What a checker derived from others ("LAG, median" beside "LAG") is left
/// out.
std::vector<Figure> figures_of(const std::vector<Measurement>& measurements);

/// What became of one planned promise, with the words for it.
struct Standing {
  enum class State { kConformant, kNotApplicable, kNotRun, kInconclusive, kNonconformant };
  const PlannedPromise* plan = nullptr;
  const PromiseResult* result = nullptr;  ///< null: not run
  State state = State::kNotRun;
  std::string sentence;  ///< what was judged, what broke, or why nothing was
};

Standing::State state_of(Outcome outcome);
const std::string& group_of(const Standing& standing);

/// "kept", "not applicable", "not run", "inconclusive", "broken"
std::string_view word_of(Standing::State state);

/// One for each planned promise in the order of the plan, then those that were judged without being planned.
/// `plan` of an unplanned one is null.
std::vector<Standing> standings(const RunResult& run);

/// 0: all planned promises are conformant or not applicable, and all scenarios complete. 1: one is
/// nonconformant, whatever else happened. 2: anything else, a run without promises too.
int exit_code(const RunResult& run);

}  // namespace stateproof::report
