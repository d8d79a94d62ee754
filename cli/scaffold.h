#pragma once

#include <filesystem>
#include <string>

namespace stateproof::cli {

struct NewPromise {
  std::filesystem::path repository = ".";
  std::string name;                    ///< "pods-are-named"
  std::string scenario = "lifecycle";  ///< that records what it is judged on
  std::string room = "identity";       ///< folder of harness/check
  std::string requirement;             ///< id; empty: made of the name
};

/// Writes a promise that does not keep anything yet: its requirement, its checker, its unit test and a wrong
/// history, all of which fail until they are filled in. Names each file and what to do there. Overwrites
/// nothing.
int new_promise(const NewPromise& options);

struct NewWorkload {
  std::filesystem::path folder = "workloads";  ///< that the workload's own folder is made in
  std::string name;                            ///< "etcd"
};

/// Writes a workload as files to begin with: a manifest, a contract and a mutant, which `stateproof workload
/// check` takes as they are. Overwrites nothing.
int new_workload(const NewWorkload& options);

}  // namespace stateproof::cli
