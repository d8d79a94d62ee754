#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/evidence/bundle.h"
#include "harness/kube/client.h"
#include "harness/model/timeline.h"
#include "harness/report/run_result.h"

namespace stateproof::evidence {

struct Request {
  std::filesystem::path folder;         ///< of the bundle
  std::vector<std::string> namespaces;  ///< of the scenario
  const Timeline& timeline;             ///< as far as it has come; outlives the call
  /// Of promises that are not kept; each gets a file of its own.
  std::vector<report::PromiseResult> verdicts = {};
  std::string trouble = {};  ///< of the harness, or why the scenario ended early
  std::string page = {};     ///< of the run, relative to `folder`: the index leads back to it
  Capacity capacity = {};
  int log_lines = 5000;                    ///< of each container
  std::chrono::milliseconds time{30'000};  ///< for all of it: a cluster that hangs must not hold up a run
  std::chrono::milliseconds request_time{5'000};
  std::stop_token stop = {};
};

struct Gathered {
  bool whole = false;  ///< its index could be written
  std::size_t files = 0;
  std::size_t bytes = 0;
  std::vector<std::string> missing;  ///< a sentence each
};

/// Copies what the cluster shows of these namespaces, and what the recording says, into a folder. Reads by
/// GET and LIST alone, and never a Secret. What cannot be had is said in the bundle; nothing is thrown.
Gathered gather(const kube::Client& client, const Request& request);

}  // namespace stateproof::evidence
