#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "harness/report/progress.h"
#include "harness/report/run_folder.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::cli {

// What the commands that run or judge something have in common.

inline constexpr const char* kPreflight = "preflight";

/// Tells the sentence; the exit code that goes with it.
int harness_error(const std::string& sentence);
int wrong_usage(const std::string& sentence);
Timestamp now();
/// Sorts by time and fits into a namespace name: 20260301-1000-3fa9.
std::string new_run_id();

/// Progress on the terminal. ctest keeps the output of its tests to itself: $STATEPROOF_PROGRESS names a way
/// around it, on which `of`, the scenario for example, is printed with each step.
class ShownProgress {
 public:
  explicit ShownProgress(std::string of);
  [[nodiscard]] report::Progress* get() const { return progress_.get(); }

 private:
  std::ofstream file_;
  std::unique_ptr<report::Progress> progress_;
};

report::ReadRecording recording_reader();
/// An earlier run in the same folder is kept beside it: nothing that was recorded is lost.
void put_aside(const std::filesystem::path& out);
/// The recording of this scenario that a process left which was killed; nullopt when there is none, or when
/// it has its end.
std::optional<Timeline> unfinished(const std::filesystem::path& recording);
/// What the profile judges, and the scenarios that this takes.
report::Plan plan_of(Profile profile);
/// One of which only the look at the cluster is known yet.
report::Plan plan_of(std::string_view profile);
/// Saves the plan, so that junit.xml stands before anything is done, and looks at the cluster: the exit code.
int begin_plan(const BeginOptions& options, report::Plan& plan, const std::vector<scenarios::Right>& needed);
report::ScenarioResult scenario_result(const std::string& run, const std::string& name,
                                       const scenarios::ScenarioEnd& end);
/// Saves how a scenario of the run in `out` ended, with what its recording tells, and tells what is left in
/// the cluster; the exit code that goes with it.
int save_ended(const std::filesystem::path& out, const std::string& run, const std::string& name,
               const scenarios::ScenarioEnd& end);
/// Judges a scenario that came to its end, by the promises of the profile. The report says of any other why
/// it did not.
tl::expected<void, HarnessError> judge_scenario(const std::string& scenario, Profile profile,
                                                const std::filesystem::path& out);
/// The options with which another process of ours reaches the same cluster, and keeps to its terms.
void add_cluster_arguments(std::vector<std::string>& arguments, const ClusterOptions& cluster);
/// Tells what is left in the cluster, each with the command that removes it.
void tell_left_behind(const std::vector<std::string>& commands);
/// The command that judges a promise again, from its recording in this folder.
std::string replay_of(const std::string& promise, const std::filesystem::path& folder);
report::PromiseResult judge_one(const Promise& promise, const Timeline& timeline,
                                const std::filesystem::path& folder);

struct Prepared {
  kube::Client client;
  Environment environment;
};
/// The first Ctrl-C ends it, a login that hangs included. The client that it gives ends with the second:
/// after the first one a scenario must still clean up.
tl::expected<Prepared, HarnessError> prepare(const ClusterOptions& options,
                                             const std::vector<scenarios::Right>& needed,
                                             const Interrupt& interrupt);

/// What every scenario that a person waits for is played with: client, image, evidence, progress, interrupts.
scenarios::ScenarioRequest request_for(const Prepared& prepared, const ClusterOptions& cluster,
                                       const std::string& run, const std::filesystem::path& recording,
                                       report::Progress* progress, const Interrupt& interrupt);

/// A scenario that is played outside of a run, for a mutant or a fault.
struct Solo {
  const scenarios::Scenario& scenario;
  std::string name;  ///< of the mutant or the fault
  std::string run;
  std::filesystem::path recording;
  scenarios::Mutation mutation = {};
  std::string only_disruption = {};
  std::optional<StepName> until = {};
  std::function<void(scenarios::Stage&)> upgrade = {};
  /// Not none: a process of its own plays, which dies when it has begun a step of this name; then
  /// `meanwhile` happens, and what it left is taken up.
  std::optional<StepName> killed_at = {};
  std::function<void(scenarios::Stage&)> meanwhile = {};
};
/// Plays it to its end, tells what is left in the cluster, and gives the recording as it was saved.
tl::expected<Timeline, HarnessError> play(const Solo& solo, const ClusterOptions& cluster);

}  // namespace stateproof::cli
