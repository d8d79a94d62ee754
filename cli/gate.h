#pragma once

#include <filesystem>
#include <string>

#include "cli/environment.h"
#include "harness/check/upgrade/upgrade.h"

namespace stateproof::cli {

struct GateOptions {
  ClusterOptions cluster;
  std::filesystem::path out;    ///< of the results of `gate end`
  check::UpgradeBudget budget;  ///< of `gate begin`
};

/// Deploys the workload and leaves a recorder and clients running in the cluster.
int gate_begin(const GateOptions& options);
/// How it goes: nodes, sets, writes, and whatever is known to be broken already.
int gate_status(const GateOptions& options);
/// After the upgrade: tries old and new sets under the new controllers, judges, reports, cleans up.
int gate_end(const GateOptions& options);
/// Removes the gate, without a verdict.
int gate_abort(const GateOptions& options);
/// What runs inside the cluster; `folder` holds the request and the recording.
int gate_record(const std::filesystem::path& folder);

}  // namespace stateproof::cli
