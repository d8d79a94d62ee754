#pragma once

#include <filesystem>
#include <string>

#include "cli/commands.h"

namespace stateproof::cli {

struct WorkloadOptions {
  BeginOptions begin;
  std::string path;        ///< a folder, a file, or "-" for what is piped in; empty: none was given
  std::string running;     ///< "NAMESPACE/NAME" of a set that runs already, whose copy is judged; empty: none
  std::string contract;    ///< a workload.yaml that lies elsewhere; empty: none
  std::string set;         ///< the StatefulSet that is judged; empty: the only one
  std::string mutant;      ///< overlay of the folder's mutants that is deployed instead; empty: none
  bool form_only = false;  ///< of a check: nothing is played
};

/// Deploys somebody's own workload in a namespace of ours, disturbs it, judges it and reports, and says what
/// was not judged and what to add. The exit code is that of the report; 64 for files that cannot be used.
int run_workload(const WorkloadOptions& options);

/// Says whether the files are well-formed and what can be judged on them; plays them where a cluster is
/// configured.
int check_workload(const WorkloadOptions& options);

/// Plays a mutant of the workload: 0 when the requirement that its first line names was judged broken, 1 when
/// it was not.
int mutate_workload(const WorkloadOptions& options);

}  // namespace stateproof::cli
