#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/environment.h"

namespace stateproof::cli {

struct DoctorOptions {
  ClusterOptions cluster;           ///< `ns` is the namespace looked at; empty: the context's, else "default"
  std::vector<std::string> target;  ///< "statefulset/NAME", or "statefulset" and "NAME"; empty: all sets
  bool all_namespaces = false;
  std::string output = "text";       ///< or json, sarif, prometheus
  bool strict = false;               ///< dangers are findings, too
  std::chrono::seconds look_for{0};  ///< looks on so long before it judges
};
/// What is wrong with a StatefulSet, and what to do about it. 0 healthy, 1 findings, 2 could not look.
int doctor(const DoctorOptions& options);

struct FaultOptions {
  ClusterOptions cluster;
  std::filesystem::path out;
  std::string name;
};
/// Injects a fault into a set of our own, demands its diagnosis and no other, and does what the doctor says
/// until the set is Ready. 0 when all of that came true.
int fault(const FaultOptions& options);

}  // namespace stateproof::cli
