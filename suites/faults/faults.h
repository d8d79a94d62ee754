#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "suites/scenarios/engine/stage.h"

namespace stateproof::faults {

/// Something that goes wrong with a StatefulSet, and the finding by which `stateproof doctor` must name it,
/// and no other. What is left out does not happen.
struct Fault {
  std::string_view name;
  std::string_view title;
  std::string_view finding;  ///< id
  int replicas = 2;
  bool claims = true;  ///< the set has a claim template
  /// Before the set is created.
  void (*prepare)(scenarios::Stage& stage) = nullptr;
  /// Makes the set wrong from the start.
  void (*spoil)(std::vector<nlohmann::json>& objects, const std::string& ns) = nullptr;
  /// Done to the set when all of its pods are Ready.
  void (*inject)(scenarios::Stage& stage) = nullptr;
  /// What the reader of the remedy has to know himself: words for the parts in angle brackets.
  std::map<std::string, std::string> (*words)(scenarios::Stage& stage) = nullptr;
  /// What he does himself where the remedy gives no command. Before the commands.
  void (*mend)(scenarios::Stage& stage) = nullptr;
  /// Takes away what the namespace does not take along.
  void (*tidy)(scenarios::Stage& stage) = nullptr;
  std::string_view editor = {};  ///< for kubectl edit: a script of sed
  std::string_view set = {};     ///< name of the wrong set; empty: the subject's
  std::string_view leaves = {};  ///< finding that the remedy leaves, and that has one of its own
  bool starts = true;            ///< false: it is injected while its pods cannot become Ready
  bool heals = true;             ///< false: nothing here can run its pods: it is enough that the finding goes
  bool touches_the_cluster = false;  ///< and not its own namespace alone: nothing else may play meanwhile
  bool note = false;                 ///< the finding is a note: nothing is wrong, and nothing is healed
};

const std::vector<Fault>& all();
const Fault* find(std::string_view name);

/// Plays the fault that the request names as its mutant: deploys, injects, demands the diagnosis and no
/// other, does what the doctor says, and waits until the set is Ready and the doctor content. A step that did
/// not reach its end in the recording is a demand that was not met.
const scenarios::Scenario& scenario();

}  // namespace stateproof::faults
