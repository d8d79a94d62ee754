#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/evidence/gather.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::cli {

/// Page of the evidence of a scenario, relative to the folder of the run; empty when none was gathered.
std::string bundle_of(const std::filesystem::path& out, const std::string& scenario);

/// What evidence is gathered about, and where it goes.
struct EvidenceRequest {
  std::filesystem::path out;  ///< folder of the run
  std::string scenario;
  std::vector<std::string> namespaces;
  Timeline timeline;  ///< with the end that it is going to have
  report::Progress* progress = nullptr;
  std::stop_token hurry;
};
/// Judges the promises of the scenario and gathers evidence when one is not kept, or the harness is in
/// trouble. Of a run that was interrupted only what is broken already, and quickly.
void gather_evidence(const kube::Client& client, const EvidenceRequest& request);

/// The same for ScenarioRequest::before_clean_up. The client and what `progress` points to must outlive it.
std::function<void(const scenarios::Aftermath&)> evidence_gatherer(const kube::Client& client,
                                                                   const std::filesystem::path& recording,
                                                                   report::Progress* progress,
                                                                   const std::stop_token& hurry);

}  // namespace stateproof::cli
