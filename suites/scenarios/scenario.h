#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/kube/client.h"
#include "harness/model/timeline.h"
#include "harness/report/progress.h"
#include "harness/report/run_result.h"

namespace stateproof::scenarios {

/// How much of a scenario is played. A mutant needs only what its promise is judged on.
enum class Until { kCreated, kReplaced, kScaledDown, kScaledBack };

/// Changes the objects before they are applied; the subject, and so the yardstick, stays as it is.
using Mutation = std::function<void(std::vector<nlohmann::json>& objects)>;

struct ScenarioRequest {
  kube::Client client;
  std::string run;             ///< id of the run
  std::string recording;       ///< path of the file to write
  std::string ns;              ///< given by the user; empty: a name of ours
  std::string image;           ///< of the database and of the client pods
  nlohmann::json environment;  ///< goes into the recording's header
  std::string mutant;          ///< name, empty for the honest deployment
  Mutation mutation;
  Until until = Until::kScaledBack;
  report::Progress* progress = nullptr;
  std::stop_token stop;   ///< first Ctrl-C: end the scenario and clean up
  std::stop_token hurry;  ///< second Ctrl-C: end the cleanup, too
};

struct ScenarioEnd {
  End::Reason reason = End::Reason::kComplete;
  std::string sentence;  ///< cause and next step; empty when complete
  std::vector<std::string>
      left_behind;  ///< objects that could not be removed, each with the command to do it
  double seconds = 0;
};

/// Deploys the database, replaces each pod, scales 3 -> 5 -> 2 -> 3, and cleans up, recording all the while.
/// A cluster that does not do what is asked of it ends the scenario early but completely: the recording shows
/// it.
ScenarioEnd run_lifecycle(const ScenarioRequest& request);

}  // namespace stateproof::scenarios
