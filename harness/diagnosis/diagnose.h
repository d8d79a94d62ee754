#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "harness/diagnosis/finding.h"
#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

/// What was found out about one StatefulSet.
struct Diagnosis {
  enum class State {
    kWhole,  ///< every pod is there, Ready, available and of the template's revision, as the settings want it
    kUnderWay,  ///< not whole, and no longer so than its settings or experience explain
    kSick,      ///< at least one finding
  };

  std::string ns;
  std::string set;
  int wanted = 0;  ///< pods
  int ready = 0;
  std::vector<Finding> findings;         ///< causes first, notes last
  std::vector<Progress> under_way = {};  ///< pods without a finding that are not yet as they should be
  /// "Helm release shop (namespace shop)": who makes the set, and changes it back; empty when nobody is
  /// known.
  std::string managed_by = {};

  [[nodiscard]] State state() const;
  [[nodiscard]] bool healthy() const { return state() == State::kWhole; }
};

/// What keeps this StatefulSet from being what its spec says: each cause once, what follows from it named in
/// the finding. A pure function. Ages are taken from the objects' own times against `snapshot.taken`.
Diagnosis diagnose(const Workload& workload);

/// How a longer look goes: notes become findings, and those that would be noise are told, too.
enum class Rigour { kUsual, kStrict };

/// Each set of the snapshot that is asked for.
std::vector<Diagnosis> diagnose_all(const Snapshot& snapshot, Rigour rigour = Rigour::kUsual);

}  // namespace stateproof::diagnosis
