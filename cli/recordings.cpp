#include "cli/recordings.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/run.h"
#include "harness/record/jsonl.h"
#include "harness/report/text.h"
#include "suites/catalogue.h"
#include "suites/explore/promises.h"
#include "suites/watched/promises.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;

// The step in which the recording stops.
std::string last_step(const Timeline& timeline) {
  for (auto seen = timeline.observations.rbegin(); seen != timeline.observations.rend(); ++seen)
    if (const Step* step = seen->as<Step>())
      return step->phase == Step::Phase::kBegin ? "in step " + step->name() : "after step " + step->name();
  return "before its first step";
}

std::string killed_sentence(const Timeline& timeline) {
  const Elapsed last = timeline.observations.empty() ? Elapsed{0} : timeline.observations.back().at;
  return fmt::format(
      "The process that ran this scenario was killed {}, {} after it began, so the recording is incomplete. "
      "Objects may be left in the cluster; stateproof sweep deletes them once their lease has expired. Then "
      "run the scenario again.",
      last_step(timeline), report::duration_text(report::in_seconds(last)));
}

report::ScenarioResult result_of(const Timeline& timeline) {
  scenarios::ScenarioEnd end;
  end.reason = timeline.finish ? timeline.finish->reason : End::Reason::kHarnessError;
  end.sentence = timeline.finish ? timeline.finish->text : killed_sentence(timeline);
  if (!timeline.observations.empty()) end.seconds = report::in_seconds(timeline.observations.back().at);
  report::ScenarioResult result = scenario_result(timeline.header.run, timeline.header.scenario, end);
  result.steps = report::steps_of(timeline);
  return result;
}

// What a run tells of its cluster, as far as the recording knows it.
std::map<std::string, std::string> properties_of(const Header& header) {
  std::map<std::string, std::string> properties = environment_from_json(header.environment).properties();
  if (!header.mutant.empty()) properties["deployed wrong on purpose"] = header.mutant;
  return properties;
}

}  // namespace

std::vector<fs::path> recordings_in(const fs::path& path) {
  if (fs::is_regular_file(path)) return {path};
  const fs::path folder = fs::is_directory(path / "recordings") ? path / "recordings" : path;
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".jsonl") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

fs::path run_folder_of(const fs::path& path) {
  const fs::path folder = fs::is_regular_file(path) ? path.parent_path() : path;
  return folder.filename() == "recordings" ? folder.parent_path() : folder;
}

std::vector<Promise> promises_for(std::string_view scenario) {
  if (scenario == kWatchedScenario) return watched_promises();
  if (const auto seed = explore::seed_of(scenario)) return {explore::promise_of(*seed)};
  std::vector<Promise> promises;
  for (const Promise& promise : catalogue())
    if (promise.scenario == scenario) promises.push_back(promise);
  return promises;
}

tl::expected<void, HarnessError> make_run_of_recordings(const fs::path& out) {
  report::Plan plan;
  std::vector<Timeline> timelines;
  for (const fs::path& path : recordings_in(out / "recordings")) {
    auto timeline = record::load_recording(path);
    if (!timeline) return fail(timeline.error().sentence);
    const Header& header = timeline->header;
    if (path.stem() != header.scenario)
      return fail(fmt::format("{} is a recording of scenario {}; rename it to {}.jsonl.", path.string(),
                              header.scenario, header.scenario));
    if (timelines.empty()) {
      plan.run = header.run;
      plan.started = header.started;
      plan.properties = properties_of(header);
    }
    const scenarios::Scenario* scenario = scenarios::find(header.scenario);
    plan.scenarios.push_back({header.scenario, scenario == nullptr ? "" : std::string{scenario->title}});
    for (const Promise& promise : promises_for(header.scenario))
      plan.promises.push_back(report::planned(promise));
    timelines.push_back(std::move(*timeline));
  }
  const report::RunFolder folder(out);  // the page is drawn once, at the end
  if (auto saved = folder.save_plan(plan); !saved) return fail(saved.error().sentence);
  for (const Timeline& timeline : timelines) {
    report::ScenarioResult scenario = result_of(timeline);
    scenario.run = plan.run;
    if (auto saved = folder.save_scenario(scenario); !saved) return fail(saved.error().sentence);
    for (const Promise& promise : promises_for(timeline.header.scenario)) {
      report::PromiseResult verdict = judge_one(promise, timeline, out);
      verdict.run = plan.run;
      if (auto saved = folder.save_verdict(verdict); !saved) return fail(saved.error().sentence);
    }
  }
  return {};
}

tl::expected<void, HarnessError> tell_killed_scenarios(const fs::path& out) {
  const auto run = report::load_run(out);
  if (!run) return fail(run.error().sentence);
  const report::RunFolder folder(out, recording_reader());
  for (const report::PlannedScenario& planned : run->plan.scenarios) {
    if (run->scenario(planned.name) != nullptr || !fs::exists(folder.recording_of(planned.name))) continue;
    const auto timeline = record::load_recording(folder.recording_of(planned.name));
    if (!timeline || timeline->header.run != run->plan.run) continue;
    if (auto saved = folder.save_scenario(result_of(*timeline)); !saved) return fail(saved.error().sentence);
  }
  return {};
}

}  // namespace stateproof::cli
