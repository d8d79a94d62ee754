#include "harness/report/run_folder.h"
#include "harness/model/bounded_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "harness/report/html.h"
#include "harness/report/junit.h"
#include "harness/report/run_json.h"
#include "harness/report/whole_file.h"

namespace stateproof::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr auto kVerdicts = "verdicts";
constexpr auto kScenarios = "scenarios";

FolderError cannot_save(const fs::path& file, std::error_code error) {
  return {fmt::format("cannot save {}: {}; free some space or choose another folder with --out",
                      file.string(), error.message())};
}

std::string dumped(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

/// Ids become file names, so that nothing is written outside of the folder.
bool is_file_name(const std::string& id) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !id.empty() && id.front() != '.' && std::all_of(id.begin(), id.end(), is_plain);
}

Saved write(const fs::path& file, const std::string& text) {
  if (const std::error_code error = write_whole(file, text)) return tl::unexpected(cannot_save(file, error));
  return {};
}

tl::expected<FolderLock, FolderError> lock(const fs::path& out) {
  std::error_code error;
  for (const char* part : {kVerdicts, kScenarios}) {
    fs::create_directories(out / part, error);
    if (error) return tl::unexpected(cannot_save(out / part, error));
  }
  return FolderLock::take(out).map_error(
      [&out](std::error_code why) { return cannot_save(out / ".lock", why); });
}

json parsed(const fs::path& file) {
  const auto text = read_whole(file);
  if (!text) throw std::system_error(text.error());
  auto bounded = parse_bounded_json(*text);
  if (!bounded) throw std::runtime_error("it is not JSON, or nested too deeply");
  return std::move(*bounded);
}

std::vector<fs::path> json_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator{};
       entry.increment(error))
    if (entry->path().extension() == ".json") files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string damage(const fs::path& file, const std::exception& error) {
  return fmt::format("the saved result {} cannot be read ({}); remove it and run again", file.string(),
                     error.what());
}

/// What cannot be read is shown as doubt, never as a pass and never as missing without a word.
PromiseResult read_verdict(const fs::path& file, const std::string& run) {
  try {
    return verdict_from_json(parsed(file));
  } catch (const std::exception& error) {
    PromiseResult result;
    result.run = run;
    result.id = file.stem().string();
    result.title = result.id;
    RequirementResult unread;
    unread.id = result.id;
    unread.reason = damage(file, error);
    result.requirements.push_back(std::move(unread));
    return result;
  }
}

ScenarioResult read_scenario(const fs::path& file, const std::string& run) {
  try {
    return scenario_from_json(parsed(file));
  } catch (const std::exception& error) {
    return {run, file.stem().string(), ScenarioResult::Outcome::kHarnessError, damage(file, error), 0, {}};
  }
}

tl::expected<Plan, FolderError> read_plan(const fs::path& out) {
  const fs::path file = out / "plan.json";
  std::error_code ignored;
  if (!fs::exists(file, ignored))
    return tl::unexpected(FolderError{fmt::format("{} contains no run: it has no plan.json", out.string())});
  try {
    return plan_from_json(parsed(file));
  } catch (const std::exception& error) {
    return tl::unexpected(FolderError{damage(file, error)});
  }
}

std::map<std::string, Timeline> recordings(const RunFolder& folder, const RunResult& run,
                                           const ReadRecording& read) {
  std::map<std::string, Timeline> result;
  if (!read) return result;
  for (const ScenarioResult& scenario : run.scenarios)
    if (std::optional<Timeline> timeline = read(folder.recording_of(scenario.name)))
      result.emplace(scenario.name, *std::move(timeline));
  return result;
}

Saved render_locked(const RunFolder& folder, const ReadRecording& read) {
  const auto run = load_run(folder.path());
  if (!run) return tl::unexpected(run.error());
  // JUnit first: it must be true even when a recording breaks the drawing of the page.
  if (Saved saved = write(folder.junit(), junit_xml(*run)); !saved) return saved;
  return write(folder.page(), html_page(*run, recordings(folder, *run, read)));
}

Saved save(const RunFolder& folder, const fs::path& file, const json& content, const ReadRecording& read) {
  const auto held = lock(folder.path());
  if (!held) return tl::unexpected(held.error());
  if (Saved saved = write(folder.path() / file, dumped(content)); !saved) return saved;
  return render_locked(folder, read);
}

Saved save_named(const RunFolder& folder, const char* part, const std::string& id, const json& content,
                 const ReadRecording& read) {
  if (!is_file_name(id))
    return tl::unexpected(
        FolderError{fmt::format("cannot save \"{}\": the id is not a plain file name", id)});
  return save(folder, fs::path{part} / (id + ".json"), content, read);
}

}  // namespace

RunFolder::RunFolder(fs::path out, ReadRecording read_recording)
    : out_(std::move(out)), read_recording_(std::move(read_recording)) {}

fs::path RunFolder::recording_of(const std::string& scenario) const {
  return out_ / "recordings" / (scenario + ".jsonl");
}

Saved RunFolder::save_plan(const Plan& plan) const {
  return save(*this, "plan.json", plan_to_json(plan), read_recording_);
}

Saved RunFolder::save_scenario(const ScenarioResult& scenario) const {
  return save_named(*this, kScenarios, scenario.name, scenario_to_json(scenario), read_recording_);
}

Saved RunFolder::save_verdict(const PromiseResult& verdict) const {
  return save_named(*this, kVerdicts, verdict.id, verdict_to_json(verdict), read_recording_);
}

Saved RunFolder::render() const {
  const auto held = lock(out_);
  if (!held) return tl::unexpected(held.error());
  return render_locked(*this, read_recording_);
}

tl::expected<RunResult, FolderError> load_run(const fs::path& out) {
  const auto plan = read_plan(out);
  if (!plan) return tl::unexpected(plan.error());
  RunResult run{*plan, {}, {}};
  for (const fs::path& file : json_files(out / kScenarios))
    if (ScenarioResult scenario = read_scenario(file, plan->run); scenario.run == plan->run)
      run.scenarios.push_back(std::move(scenario));
  for (const fs::path& file : json_files(out / kVerdicts))
    if (PromiseResult verdict = read_verdict(file, plan->run); verdict.run == plan->run)
      run.verdicts.push_back(std::move(verdict));
  return run;
}

}  // namespace stateproof::report
