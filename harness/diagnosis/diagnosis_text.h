#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/diagnosis/finding.h"
#include "harness/diagnosis/snapshot.h"

namespace stateproof::diagnosis {

/// What was found out about one StatefulSet.
struct Diagnosis {
  std::string ns;
  std::string set;
  int wanted = 0;  ///< pods
  int ready = 0;
  std::vector<Finding> findings;
  [[nodiscard]] bool healthy() const;  ///< notes are no findings
};

/// Each set of the snapshot.
std::vector<Diagnosis> diagnose_all(const Snapshot& snapshot);

/// For people: cause, where it can be seen and since when, what to do, what not to do.
std::string text_of(const Diagnosis& diagnosis, Timestamp taken);

nlohmann::json json_of(const Diagnosis& diagnosis);

}  // namespace stateproof::diagnosis
