#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fixtures/terms/terms.h"
#include "harness/kube/client.h"
#include "harness/kube/resource.h"
#include "harness/model/promise.h"
#include "harness/model/timeline.h"
#include "harness/report/progress.h"
#include "harness/report/run_result.h"
#include "suites/scenarios/engine/rights.h"

namespace stateproof::scenarios {

class Stage;

/// Something that is played on a cluster once and recorded, for many promises to be judged on.
struct Scenario {
  std::string_view name;   ///< "lifecycle"
  std::string_view title;  ///< what is played, in a line
  int seconds = 60;        ///< that it takes on a kind cluster with two cores; the longest is begun first
  Profile profile = Profile::kConformance;
  std::function<Subject(const std::string& ns)> subject = {};  ///< what is wanted in this namespace
  std::function<void(Stage& stage)> play = {};
  /// Takes up what a process left that was killed while it played this; null: nothing of it is worth that.
  void (*salvage)(Stage& stage) = nullptr;
  bool has_client_namespace = false;  ///< leases a second namespace, for clients of the set
  bool bears_given_name = false;  ///< its namespace is called as the user says, and not by the scenario, too
  std::vector<kube::Resource> also_watches = {};          ///< besides what every stage watches
  std::vector<kube::Resource> also_watches_cluster = {};  ///< that have no namespace
  /// What it does besides what every scenario does; "connect" stands for a WebSocket.
  std::vector<Right> rights = {};
};

/// Whether nothing else may play meanwhile: it touches nodes, or the cluster is upgraded.
bool plays_alone(const Scenario& scenario);

/// The namespaces that it creates in this run. `ns` is what the user named; empty: a name is made from the
/// run.
std::vector<std::string> namespaces_of(const Scenario& scenario, const std::string& run,
                                       const std::string& ns);

/// In the order in which a run plays them.
const std::vector<Scenario>& all();
/// Null when there is none of that name.
const Scenario* find(std::string_view name);

/// Changes the objects before they are applied; the subject, and so the yardstick, stays as it is.
using Mutation = std::function<void(std::vector<nlohmann::json>& objects)>;

struct ScenarioEnd {
  End::Reason reason = End::Reason::kComplete;
  std::string sentence;  ///< cause and next step; empty when complete
  std::vector<std::string>
      left_behind;  ///< objects that could not be removed, each with the command to do it
  double seconds = 0;
};

/// A scenario that is over, on a cluster where nothing was cleaned up yet.
struct Aftermath {
  const ScenarioEnd& end;
  const std::vector<std::string>& namespaces;  ///< that it leased
};

struct ScenarioRequest {
  kube::Client client;
  std::string run;             ///< id of the run
  std::string recording;       ///< path of the file to write
  std::string ns;              ///< given by the user; empty: a name of ours
  std::string image;           ///< of the database and of the client pods
  nlohmann::json environment;  ///< goes into the recording's header
  fixtures::Terms terms = {};  ///< that every object must keep
  std::string mutant;          ///< name, empty for the honest deployment
  Mutation mutation;
  std::uint32_t seed = 1;            ///< of the order of disruptions
  std::string only_disruption = {};  ///< played alone; empty: all
  /// The scenario is over when a step of this name has ended; none: it is played to its end.
  std::optional<StepName> until = {};
  /// Done where the scenario "upgrade" has the upgrade; it adds what is awaited to the recording.
  std::function<void(Stage&)> upgrade = {};
  /// The namespaces exist and stay, and an existing recording is continued.
  bool adopts = false;
  /// The process that recorded this scenario was killed: its namespaces and its recording are taken up, and
  /// `salvage` is played.
  bool salvages = false;
  /// Of a mutant: what happened between the death of that process and the salvage.
  std::function<void(Stage&)> meanwhile = {};
  /// Called once, when the recording is on disk but for the clean-up and its end. Must not throw.
  std::function<void(const Aftermath&)> before_clean_up = {};
  report::Progress* progress = nullptr;
  std::stop_token stop;   ///< first Ctrl-C: end the scenario and clean up
  std::stop_token hurry;  ///< second Ctrl-C: end the cleanup, too
};

/// Plays the scenario and cleans up, recording all the while. A cluster that does not do what is asked of it
/// ends the scenario early but completely: the recording shows it.
ScenarioEnd run(const Scenario& scenario, const ScenarioRequest& request);

}  // namespace stateproof::scenarios
