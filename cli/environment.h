#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "fixtures/terms/terms.h"
#include "harness/kube/client.h"
#include "harness/model/harness_error.h"
#include "suites/scenarios/engine/rights.h"

namespace stateproof::cli {

/// Where a person said that the cluster is.
struct ClusterOptions {
  std::string kubeconfig;
  std::string context;
  std::string ns;     ///< empty: a namespace of our own
  std::string image;  ///< empty: see resolve_image
  fixtures::Terms terms = {};
};

/// What the cluster offers, asked once before anything is created.
struct Environment {
  std::string server_version;
  int nodes = 0;
  int schedulable_nodes = 0;
  std::string storage_class;  ///< the default one
  std::string provisioner;
  std::string binding_mode;
  bool allows_expansion = false;  ///< allowVolumeExpansion of the StorageClass
  /// Alpha and beta gates of the API server and whether they are on; nullopt when this user may not read
  /// them.
  std::optional<std::vector<std::string>> pod_mutators;  ///< webhooks and policies that may change pods or
                                                         ///< claims; nullopt: we may not look
  std::optional<std::map<std::string, bool>> feature_gates;
  std::string node_system;  ///< of the nodes that take pods: "Debian GNU/Linux 12, containerd://2.3, amd64"
  std::string dns;          ///< image of the cluster's DNS server; empty when it is not known
  std::string image;        ///< that the pods will run
  std::string cluster_domain = "cluster.local";
  [[nodiscard]] nlohmann::json to_json() const;
  [[nodiscard]] std::map<std::string, std::string> properties() const;
};

/// What a recording's header says of it.
Environment environment_from_json(const nlohmann::json& told);

/// Image that the suite was made for, pinned by digest.
extern const char* const kPublishedImage;
/// Name of the image that ci/cluster builds where no registry answers.
extern const char* const kBuiltImage;

tl::expected<kube::Client, HarnessError> connect(const ClusterOptions& options, const std::stop_token& stop);

/// Version, rights, default StorageClass, nodes. The first thing that is missing is the error.
tl::expected<Environment, HarnessError> probe_environment(const kube::Client& client,
                                                          const ClusterOptions& options,
                                                          const std::vector<scenarios::Right>& needed);

/// What was asked for, with what the cluster told.
fixtures::Terms terms_of(const ClusterOptions& options, const Environment& environment);

/// Names of those MutatingWebhookConfigurations or MutatingAdmissionPolicies in a list that may change pods
/// or claims.
std::vector<std::string> pod_mutators_in(const nlohmann::json& list);

/// The feature gates in the API server's metrics ("kubernetes_feature_enabled"). Those that are always on by
/// now are left out: nothing depends on them.
std::map<std::string, bool> parse_feature_gates(std::string_view metrics);

/// The zone that a Corefile gives the names of Services and pods; empty when it has none.
std::string cluster_domain_in(std::string_view corefile);

/// The given image, else $STATEPROOF_IMAGE, else the built one when every schedulable node has it, else the
/// published one. `nodes` as served.
std::string resolve_image(const std::string& given, const std::vector<nlohmann::json>& nodes);

}  // namespace stateproof::cli
