#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "harness/kube/error.h"
#include "harness/kube/kubeconfig.h"

namespace stateproof::kube {

/// What an exec credential plugin gave.
struct PluginCredential {
  SecretText token;
  std::string client_certificate_pem;
  SecretText client_key_pem;
  std::optional<std::chrono::system_clock::time_point> expires;
};

/// Runs a plugin for the cluster of `config` and reads its ExecCredential. The plugin and what it started are
/// killed when the limit passes or the caller stops. Errors show the end of its stderr, never its stdout.
Result<PluginCredential> run_exec_plugin(const ExecPlugin& plugin, const ClusterConfig& config,
                                         std::chrono::milliseconds limit, const std::stop_token& stop);

}  // namespace stateproof::kube
