#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "harness/kube/client.h"
#include "harness/lease/sweep.h"
#include "harness/model/harness_error.h"
#include "harness/model/timeline.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::gate {

/// The gate around somebody's upgrade of a cluster. Everything that it knows is in the cluster, in two
/// namespaces: the workload in `subject`, its clients and the recorder in `home`.
struct Site {
  std::string subject = "stateproof-gate";
  [[nodiscard]] std::string home() const { return subject + "-client"; }
};

/// What the recorder in the cluster is asked to do.
struct Request {
  std::string run;
  std::string image;
  nlohmann::json environment;  ///< with the budget
  fixtures::Terms terms = {};
  lease::Tell tell = {};  ///< what is removed of abandoned runs
};

/// Creates the namespaces and starts the recorder in them. What was created is removed again when that fails.
tl::expected<void, HarnessError> open(const kube::Client& client, const Site& site, const Request& request,
                                      const std::stop_token& stop);

/// Whether there is a gate in this cluster; an error when that cannot be told.
tl::expected<bool, HarnessError> is_open(const kube::Client& client, const Site& site);

/// Tells the recorder that the upgrade is over.
tl::expected<void, HarnessError> mark_upgraded(const kube::Client& client, const Site& site);

/// The recorder's side: waits for that mark, as the step "upgrade" of the recording.
void await_mark(scenarios::Stage& stage);

/// Copies the recorder's recording into `file`, line by line, until `enough` says so of a step or the
/// recording is over. A connection that is lost is opened again where it was left, for `patience`.
tl::expected<void, HarnessError> follow(const kube::Client& client, const Site& site,
                                        const std::filesystem::path& file,
                                        const std::function<bool(const Step&)>& enough,
                                        std::chrono::seconds patience, const std::stop_token& stop);

/// The recording as far as it has come.
tl::expected<void, HarnessError> copy(const kube::Client& client, const Site& site,
                                      const std::filesystem::path& file, const std::stop_token& stop);

/// Asks for the deletion of everything, says so, and waits until the namespaces are gone. Gives what is left,
/// each with the command that removes it; an error, and nothing is deleted, when one of the namespaces is not
/// proved to be ours, or that cannot be told.
tl::expected<std::vector<std::string>, HarnessError> close(const kube::Client& client, const Site& site,
                                                           const lease::Tell& tell,
                                                           const std::stop_token& stop);

}  // namespace stateproof::gate
