#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

/// A container of a pod: what it should be and how it is.
struct Container {
  const nlohmann::json* spec = nullptr;
  const nlohmann::json* status = nullptr;
  bool initial = false;  ///< runs to its end before the others start
  bool sidecar = false;  ///< starts before the others, and stays
  [[nodiscard]] std::string name() const;
  /// "container web", "init container prepare", "sidecar proxy"
  [[nodiscard]] std::string described() const;
  /// "containers" or "initContainers", of the spec
  [[nodiscard]] const char* list() const { return initial || sidecar ? "initContainers" : "containers"; }
  /// "containerStatuses" or "initContainerStatuses", of the status
  [[nodiscard]] const char* statuses() const {
    return initial || sidecar ? "initContainerStatuses" : "containerStatuses";
  }
  [[nodiscard]] const nlohmann::json& waiting() const;
  [[nodiscard]] const nlohmann::json& running() const;
  [[nodiscard]] bool is_over() const;
  /// How it ended last; null when it has not ended yet.
  [[nodiscard]] const nlohmann::json& ended() const;
  [[nodiscard]] std::int64_t restarts() const;
  [[nodiscard]] bool ready() const;
  /// Runs, and its startup probe or postStart hook has not come through yet.
  [[nodiscard]] bool starting() const;
};

/// In the order in which they start; those that have a status.
std::vector<Container> containers_of(const nlohmann::json& pod);

Evidence state_evidence(const SeenPod& seen, const Container& container, const nlohmann::json& state,
                        const char* which);

/// What the log that was read of the container holds.
std::string log_of(const Workload& workload, const SeenPod& seen, const Container& container);

/// What a probe or a hook does: "exec sh -c ...", "httpGet :8080/ready".
std::string action_text(const nlohmann::json& action);
/// Its command and arguments, if it is one, for a shell: "sh -c 'mysqladmin ping'".
std::vector<std::string> command_of(const nlohmann::json& action);

/// How long a probe may fail until the kubelet acts on it.
std::chrono::seconds tolerance_of(const nlohmann::json& probe);
/// As long as that and once more, and some seconds for the program to start where the probe grants none.
std::chrono::seconds patience_of(const nlohmann::json& probe);

}  // namespace stateproof::diagnosis
