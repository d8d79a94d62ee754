#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/environment.h"

namespace stateproof::cli {

struct WatchOptions {
  ClusterOptions cluster;                  ///< `ns` is the set's; empty: the context's, else "default"
  std::vector<std::string> target;         ///< "statefulset/NAME", or "statefulset" and "NAME"
  std::filesystem::path record;            ///< folder of the recording; empty: none is kept
  std::string until = {};                  ///< "ready" or "gone"; empty: until somebody ends it
  std::optional<std::int64_t> limit = {};  ///< seconds
  bool await = false;                      ///< a set that is not there may come
  bool plain = false;                      ///< lines, on a terminal, too
};
/// Shows a StatefulSet and what belongs to it as they change. 0 when it was ended, or when `until` came; 2
/// when that did not come, when the set is not there, may not be watched, or the cluster cannot be reached.
int watch(const WatchOptions& options);

}  // namespace stateproof::cli
