#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cli/environment.h"

namespace stateproof::cli {

/// What a command ends with. Wrong usage is CLI11's to find.
struct ExitCode {
  static constexpr int kConformant = 0;
  static constexpr int kBroken = 1;
  static constexpr int kInconclusive = 2;
  static constexpr int kUsage = 64;
};

/// Each command prints for people, returns its exit code and throws nothing that it can name.

struct BeginOptions {
  ClusterOptions cluster;
  std::filesystem::path out;
  std::string profile = "quick";
  std::optional<std::uint32_t> seed = {};  ///< of the order of disruptions; default: random
  bool disrupt_nodes = false;              ///< the profile disruptive was meant
  std::string attachment_root = {};        ///< see report::Plan
};
/// Writes the plan of a run, so that junit.xml stands before anything is done, and looks at the cluster.
int begin(const BeginOptions& options);

struct RunOptions {
  ClusterOptions cluster;
  std::filesystem::path out;
  std::string scenario;
  std::string mutant = {};  ///< deployed instead, to see what a broken promise looks like; empty: none
};
/// Plays one scenario of the run that was begun in `out`.
int run(const RunOptions& options);

struct JudgeOptions {
  std::filesystem::path folder;  ///< of a run, of recordings, or one recording
  std::string promise;           ///< empty: all
  bool save = false;             ///< keep the verdict in the run's folder
  int not_applicable_code = ExitCode::kConformant;
};
int judge(const JudgeOptions& options);

enum class Summary { kPrinted, kElsewhere };

/// Summary of a run; waits for a scenario that is still cleaning up. Writes junit.xml and report.html again.
/// A folder that has only recordings is judged first.
int report(const std::filesystem::path& out, Summary summary = Summary::kPrinted);

/// What changed between the runs in two folders; 1 when a promise is no longer kept.
int compare(const std::filesystem::path& before, const std::filesystem::path& after);

struct MutantOptions {
  ClusterOptions cluster;
  std::filesystem::path out;
  std::string name;
};
/// 0 when the promise that guards against the mutant was judged broken, 1 when it was not.
int mutant(const MutantOptions& options);

int images();
int promises(const std::string& format);
/// Removes what abandoned runs left in the cluster.
int sweep(const ClusterOptions& cluster);

}  // namespace stateproof::cli
