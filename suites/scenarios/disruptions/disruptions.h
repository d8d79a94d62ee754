#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/ids.h"
#include "harness/record/recorder.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// Something that is done to a set of replicated members while clients use it.
struct Disruption {
  std::string_view name;   ///< "kill-primary"
  std::string_view title;  ///< "SIGKILL to the primary's server"
  Ordinal target;          ///< the member that is meant
  /// Does it, and gives what shows that it has happened.
  std::function<record::Condition(Stage&, Ordinal target)> inject;
  /// Undoes it; empty when nothing has to be undone. Called whatever happened in between.
  std::function<void(Stage&)> heal = {};
  /// The controller must leave the set alone in between: it is asked to work through the set twice.
  bool holds = false;
  /// The watches may have a gap afterwards: nothing that they show is judged behind it.
  bool comes_last = false;
};

/// Sends a signal ("KILL") to the database in that pod of the subject.
void signal_server(Stage& stage, Ordinal target, const std::string& signal);

/// Those that touch nothing but the namespace's own objects.
std::vector<Disruption> pod_disruptions(const Subject& subject);
/// Those that touch nodes, the control plane and the cluster's DNS. Needs containers as nodes, and docker.
std::vector<Disruption> node_disruptions(Stage& stage);
/// Heals nodes that the recording says were disturbed by a process that was killed before it healed them.
void undo_disruptions(Stage& stage, const Timeline& former);

}  // namespace stateproof::scenarios
