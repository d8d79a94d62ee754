#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace stateproof::cli {

/// What is known of a Job that runs this program, as served last.
struct SeenJob {
  nlohmann::json job = nullptr;
  nlohmann::json pod = nullptr;  ///< its only one
  bool pod_is_gone = false;      ///< it was there, and was deleted
  std::string refusal = {};      ///< why the controller could not create a pod, in the server's words
};

/// How far it has come.
struct JobStanding {
  enum class Stage {
    kWaiting,  ///< for a pod, a node, an image; `sentence` says for what
    kRunning,
    kEnded,  ///< with `exit_code`
    kLost,   ///< it will never end by itself; `sentence` says why, and what to do
  };
  Stage stage = Stage::kWaiting;
  int exit_code = 0;
  std::string sentence = {};
  [[nodiscard]] bool is_over() const { return stage == Stage::kEnded || stage == Stage::kLost; }
};

JobStanding standing_of(const SeenJob& seen);

}  // namespace stateproof::cli
