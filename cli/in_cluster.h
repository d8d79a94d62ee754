#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/profile.h"

namespace stateproof::cli {

struct InClusterOptions {
  ProfileOptions run;  ///< its namespace is that of the Job, its image the database's
  std::string image;   ///< of this program
  double minutes = 0;  ///< of the profile explore
  std::string schedule = {};
};

/// Plays a profile as a Job in the cluster: creates it with the rights that the profile needs, shows its log,
/// brings its results back, and deletes what was created. The exit code is that of the run.
int in_cluster(const InClusterOptions& options);

/// The objects of the Job, to be created without this program; nothing is asked of a cluster.
std::string in_cluster_text(const InClusterOptions& options);

/// In the Job: stays until the results have been fetched, which whoever fetches them tells by a signal.
int keep_results();
/// In the Job: writes a folder to stdout as one stream.
int send_results(const std::filesystem::path& folder);

}  // namespace stateproof::cli
