#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/model/rfc3339.h"

namespace stateproof::diagnosis {

/// Objects as served; nullopt when they may not be read, and then nothing is concluded from their absence.
using Objects = std::optional<std::vector<nlohmann::json>>;

/// What could be read of a cluster, or of one namespace of it, at one moment.
struct Snapshot {
  Timestamp taken{};            ///< by the API server's clock
  std::string wanted_set = {};  ///< the one set that is asked for; empty: all
  Objects sets;
  Objects pods;
  Objects claims;
  Objects services;
  Objects events;
  Objects quotas;
  Objects volumes;
  Objects nodes;
  Objects storage_classes;
  Objects attachments;  ///< VolumeAttachments
  Objects budgets;      ///< PodDisruptionBudgets
  Objects autoscalers;  ///< HorizontalPodAutoscalers
  /// Read only where something points to them.
  Objects csi_nodes;
  Objects webhooks;  ///< Mutating- and ValidatingWebhookConfigurations
  Objects resource_claims;
  /// Last lines of containers that are in trouble, by log_key(). Of one that was restarted, those before.
  std::map<std::string, std::string> logs;
  /// States of pods that a longer look saw, each as it changed; without the one in `pods`.
  std::vector<nlohmann::json> former_pods;
  std::vector<std::string> unread;  ///< a sentence for each list that is nullopt
};

/// A container whose log would tell something.
struct LogWanted {
  std::string ns;
  std::string pod;
  std::string container;
  bool previous = false;  ///< of the run before the present one
  [[nodiscard]] std::string key() const { return ns + "/" + pod + "/" + container; }
};

/// Which logs a diagnosis of this snapshot would read.
std::vector<LogWanted> logs_wanted(const Snapshot& snapshot);

}  // namespace stateproof::diagnosis
