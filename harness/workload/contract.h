#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "harness/model/harness_error.h"

namespace stateproof::workload {

/// A file that somebody wrote, in memory. Its name is what errors call it.
struct SourceFile {
  std::string name;
  std::string text;
};

/// What workload.yaml says of a workload; docs/workload.schema.json describes it for editors. Commands are
/// run by `sh -c` in the set's container.
struct Contract {
  enum class Writers { kAll, kLeader, kOrdinal };
  /// In seconds, of one step each.
  struct Limits {
    std::chrono::seconds ready{300};    ///< from a pod's creation until it is Ready
    std::chrono::seconds recover{120};  ///< from Ready pods until a write is acknowledged again
    std::chrono::seconds write{10};     ///< of one write
    std::chrono::seconds read{60};      ///< until a member has read back every record
  };

  std::string file;       ///< that it was read from; empty: nobody wrote one
  std::string set;        ///< of several StatefulSets the one that is judged; empty: the only one
  std::string container;  ///< that commands run in; empty: the first that mounts a claim, else the first
  std::string write;      ///< writes $RECORD; exit code 0 acknowledges it. Empty: nothing is written
  std::string read;       ///< prints every record, one a line
  std::string leader;     ///< prints the name, or the ordinal, of the pod that takes writes
  std::string kill;       ///< ends the server at once, as a crash would; empty: it is not killed
  std::string position;   ///< prints how far a member is, for people
  Writers writers = Writers::kAll;
  int writer = 0;              ///< with Writers::kOrdinal
  bool own_records = false;    ///< each member has the records that were written to it, and no others
  bool volatile_data = false;  ///< records need not outlive their pod
  bool at_least_once = false;  ///< a record may be read more than once
  Limits limits;
  std::map<std::string, int> lines;  ///< that each key stands on

  [[nodiscard]] bool has_records() const { return !write.empty(); }
  /// "workload.yaml:4", for messages about a key.
  [[nodiscard]] std::string place_of(const std::string& key) const;
};

/// Name of the file in a workload's folder.
inline constexpr std::string_view kContractFile = "workload.yaml";

/// Every key that a contract may have, "limits/write" for example.
std::vector<std::string> contract_keys();

/// Reads it, or says in one sentence with file and line what is wrong.
tl::expected<Contract, HarnessError> read_contract(const SourceFile& source);

}  // namespace stateproof::workload
