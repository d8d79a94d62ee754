#pragma once

#include <filesystem>
#include <istream>
#include <tl/expected.hpp>
#include <vector>

#include "harness/model/harness_error.h"
#include "harness/workload/contract.h"

namespace stateproof::workload {

/// The files of a workload: of a folder those that end in .yaml, .yml or .json, by name and without its
/// subfolders; a file itself; of "-" what `input` has. The error is one sentence.
tl::expected<std::vector<SourceFile>, HarnessError> read_sources(const std::filesystem::path& path,
                                                                 std::istream& input);

/// "etcd" for workloads/etcd and for etcd.yaml, "stdin" for "-".
std::string name_of(const std::filesystem::path& path);

/// The overlays in the folder "mutants" of a workload, by name.
std::vector<std::string> mutants_of(const std::filesystem::path& path);
tl::expected<SourceFile, HarnessError> read_mutant(const std::filesystem::path& path,
                                                   const std::string& name);

}  // namespace stateproof::workload
