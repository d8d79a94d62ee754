#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/kube/error.h"

namespace stateproof::kube {

/// PEM or token material. Printing or streaming it is not possible by accident.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string value) : value_(std::move(value)) {}
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// An exec credential plugin, client.authentication.k8s.io/v1 or v1beta1.
struct ExecPlugin {
  std::string api_version = {};
  std::string command = {};  ///< a relative path is relative to the kubeconfig that names it
  std::vector<std::string> args = {};
  std::vector<std::pair<std::string, std::string>> env = {};
  std::string install_hint = {};
  std::string interactive_mode = {};  ///< Never, IfAvailable, Always
  bool provide_cluster_info = false;
};

/// Everything needed to reach and to trust one API server, resolved from a kubeconfig or a pod's
/// service account. A value: copying it shares nothing.
struct ClusterConfig {
  std::string context = {};  ///< name of the context, "in-cluster" for a service account
  std::string server = {};   ///< https://host:port[/prefix]
  std::string tls_server_name = {};
  std::string proxy_url = {};
  std::string ca_pem = {};  ///< empty: the system's trust store
  bool insecure_skip_tls_verify = false;
  std::string default_namespace = "default";

  std::string client_certificate_pem = {};
  SecretText client_key_pem = {};
  SecretText token = {};
  /// Wins over `token`; read again when it is older than a minute or after a 401.
  std::string token_file = {};
  std::string username = {};
  SecretText password = {};
  std::optional<ExecPlugin> exec = {};
  std::string impersonate_user = {};
  std::string impersonate_uid = {};
  std::vector<std::string> impersonate_groups = {};
  std::vector<std::pair<std::string, std::vector<std::string>>> impersonate_extra = {};
};

struct KubeconfigSource {
  /// --kubeconfig; empty: $KUBECONFIG (a list, merged), then ~/.kube/config, then in-cluster.
  std::string path = {};
  std::string context = {};  ///< --context; empty: current-context
};

/// Reads, merges and resolves. Errors have Kind::kCredentials and name the file, the field and the next step.
Result<ClusterConfig> load_cluster_config(const KubeconfigSource& source);

/// One YAML text as it would stand at `path` (relative file names are relative to that path's folder).
/// For tests and for merging.
Result<ClusterConfig> resolve_kubeconfigs(
    const std::vector<std::pair<std::string, std::string>>& path_and_text, const std::string& context);

inline constexpr const char* kServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Service account of the pod that this process runs in; nullopt when not in a pod.
std::optional<Result<ClusterConfig>> in_cluster_config(const std::string& folder = kServiceAccountFolder);

}  // namespace stateproof::kube
