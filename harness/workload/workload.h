#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "harness/model/harness_error.h"
#include "harness/model/timeline.h"
#include "harness/workload/contract.h"

namespace stateproof::workload {

/// What somebody runs: the objects of his manifests, and what his contract says of them.
struct Workload {
  std::string name;
  std::vector<nlohmann::json> objects;  ///< in the order in which they are to be created; the set is the last
  std::vector<std::string> skipped;     ///< what of the manifests is not created, and why, a sentence each
  Contract contract;

  /// The StatefulSet that is judged.
  [[nodiscard]] const nlohmann::json& set() const { return objects.back(); }
  /// Null when there is none.
  [[nodiscard]] const nlohmann::json* find(std::string_view kind, std::string_view name) const;
  /// The container that commands are run in.
  [[nodiscard]] const nlohmann::json& container() const;
};

struct Choice {
  std::string set;  ///< name of the StatefulSet; empty: what the contract says, or the only one
  std::string ns;   ///< namespace that the user named; manifests may be fixed to it. Empty: none
};

/// Puts together what stands in a workload's files: manifests, and at most one contract, which is named
/// kContractFile. The error is one sentence with file and line.
tl::expected<Workload, HarnessError> assemble(std::string name, const std::vector<SourceFile>& files,
                                              const Choice& choice = {});

/// Changes objects as a strategic merge patch of kubectl would, for the parts that have names: maps are
/// merged, elements of lists by their name or mountPath, null takes a key away, and `$patch: delete` an
/// element. Each document of the overlay names its object by kind and metadata.name; the error says which is
/// not there.
tl::expected<void, HarnessError> lay_over(std::vector<nlohmann::json>& objects, const SourceFile& overlay);

/// The objects as they are created in this namespace: a RoleBinding names it with its ServiceAccounts.
std::vector<nlohmann::json> objects_in(const Workload& workload, const std::string& ns);

/// What is wanted of the set in this namespace, by its manifest alone.
Subject subject_of(const Workload& workload, const std::string& ns);

/// Paths at which the container mounts the set's claims, in the order of the claim templates.
std::vector<std::string> claim_paths(const Workload& workload);

}  // namespace stateproof::workload
