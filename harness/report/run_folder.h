#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "harness/report/run_result.h"

namespace stateproof::report {

/// One sentence: what could not be saved or read, why, and the next step.
struct FolderError {
  std::string sentence;
};

using Saved = tl::expected<void, FolderError>;

/// Gives the recording in a file, or nothing when it cannot be read (yet); the page then has no picture of
/// it.
using ReadRecording = std::function<std::optional<Timeline>(const std::filesystem::path&)>;

/// The results of one run on disk:
///   plan.json, verdicts/PROMISE.json, scenarios/SCENARIO.json, recordings/SCENARIO.jsonl, junit.xml,
///   report.html
/// Each save writes its own file and then junit.xml and report.html again from all files, so both are whole
/// and true at any moment, whatever is killed. Several processes may save at the same time.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path out, ReadRecording read_recording = {});

  [[nodiscard]] Saved save_plan(const Plan& plan) const;
  [[nodiscard]] Saved save_scenario(const ScenarioResult& scenario) const;
  [[nodiscard]] Saved save_verdict(const PromiseResult& verdict) const;
  /// Writes junit.xml and report.html again, for example with a newer version of this program.
  [[nodiscard]] Saved render() const;

  [[nodiscard]] const std::filesystem::path& path() const { return out_; }
  [[nodiscard]] std::filesystem::path recording_of(const std::string& scenario) const;
  [[nodiscard]] std::filesystem::path junit() const { return out_ / "junit.xml"; }
  [[nodiscard]] std::filesystem::path page() const { return out_ / "report.html"; }

 private:
  std::filesystem::path out_;
  ReadRecording read_recording_;
};

/// Results of another run that lie in the same folder are left out: they say nothing about this one.
tl::expected<RunResult, FolderError> load_run(const std::filesystem::path& out);

}  // namespace stateproof::report
