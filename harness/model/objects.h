#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/model/ids.h"
#include "harness/model/rfc3339.h"

namespace stateproof {

/// The parts of Kubernetes objects that promises speak of, read once from the JSON as served. A field that
/// the server left out has its zero value; a field of a wrong type is treated as left out.

struct OwnerReference {
  std::string kind;
  std::string name;
  Uid uid;
  bool controller = false;
};

struct ObjectMeta {
  ObjectRef ref;
  std::string resource_version;
  std::int64_t generation = 0;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::vector<OwnerReference> owners;
  std::vector<std::string> finalizers;
  std::optional<Timestamp> created;
  std::optional<Timestamp> deletion;  ///< when the deletion was asked for plus the grace period

  [[nodiscard]] const OwnerReference* controller() const;
  /// Whether the controller of this is that object itself, not one of its name.
  [[nodiscard]] bool is_controlled_by(const ObjectMeta& other) const;
  /// Whether the controller of this is a StatefulSet of that name, whichever.
  [[nodiscard]] bool is_controlled_by_set(std::string_view name) const;
  /// Whether a StatefulSet of that name is among the owners, so that this goes with it.
  [[nodiscard]] bool is_owned_by_set(std::string_view name) const;
  [[nodiscard]] bool is_owned_by(const ObjectMeta& other) const;
  [[nodiscard]] std::string label(const std::string& key) const;
};

/// Of a pod: the name of the ControllerRevision whose template it has.
inline constexpr const char* kRevisionLabel = "controller-revision-hash";

struct VolumeMount {
  std::string container;
  std::string volume;
  std::string path;
};

struct ContainerState {
  std::string name;
  std::string image;
  int restarts = 0;
  bool ready = false;
  bool running = false;
  std::optional<Timestamp> started;
  std::string waiting_reason;
  std::string waiting_message;
  std::string terminated_reason;
};

struct Pod {
  ObjectMeta meta;
  std::string phase;
  bool ready = false;  ///< condition Ready is True
  std::optional<Timestamp> ready_since;
  std::optional<Timestamp> scheduled_since;
  std::string unscheduled_message;  ///< message of PodScheduled=False
  std::string disruption;  ///< reason of DisruptionTarget=True: evicted, preempted, its node lost; else empty
  std::string node;
  std::string hostname;
  std::string subdomain;
  std::vector<std::string> addresses;                ///< status.podIPs
  std::map<std::string, std::string> volume_claims;  ///< volume name to claim name
  std::vector<VolumeMount> mounts;
  std::vector<ContainerState> containers;

  [[nodiscard]] bool terminating() const { return meta.deletion.has_value(); }
  [[nodiscard]] std::string revision() const { return meta.label(kRevisionLabel); }
  /// The claim whose volume is mounted at `path` in any container; empty when none is.
  [[nodiscard]] std::string claim_at(std::string_view path) const;
};

struct StatefulSet {
  ObjectMeta meta;
  std::string service_name;
  Replicas replicas{1};
  Ordinal first{0};  ///< spec.ordinals.start
  std::string pod_management = "OrderedReady";
  std::string update_strategy = "RollingUpdate";
  int partition = 0;
  std::optional<int> max_unavailable;  ///< of a rolling update; nullopt when left out, or not a number
  int min_ready_seconds = 0;
  int revision_history_limit = 10;
  std::map<std::string, std::string> match_labels;  ///< spec.selector
  std::vector<std::string> claim_templates;
  std::string when_deleted = "Retain";
  std::string when_scaled = "Retain";
  std::int64_t observed_generation = 0;
  Replicas current_pods{0};  ///< status.replicas
  Replicas ready_pods{0};
  Replicas available_pods{0};
  Replicas current_revision_pods{0};
  Replicas updated_pods{0};
  std::string current_revision;
  std::string update_revision;

  /// podManagementPolicy OrderedReady.
  [[nodiscard]] bool is_ordered() const { return pod_management != "Parallel"; }
  /// Whether there is to be a pod of this ordinal.
  [[nodiscard]] bool wants(Ordinal ordinal) const {
    return ordinal >= first && ordinal.value < first.value + replicas.value;
  }
};

struct Claim {
  ObjectMeta meta;
  std::string phase;
  std::string volume;  ///< spec.volumeName
  std::string storage_class;
  std::string requested;  ///< spec.resources.requests.storage
};

struct Volume {
  ObjectMeta meta;
  std::string phase;
  ObjectRef claim;  ///< spec.claimRef
  std::string storage_class;
  std::string reclaim_policy;
  std::string host_path;   ///< of a hostPath or local volume; empty otherwise
  std::string csi_driver;  ///< of a CSI volume; empty otherwise
  std::string csi_handle;  ///< unique within its driver; empty unless it is a CSI volume
};

struct Endpoint {
  std::vector<std::string> addresses;
  std::string hostname;
  ObjectRef target;
  bool ready = true;  ///< unset means ready
  bool serving = true;
  bool terminating = false;
};

struct EndpointSlice {
  ObjectMeta meta;
  std::string service;
  std::string address_type;
  std::vector<Endpoint> endpoints;
};

struct Service {
  ObjectMeta meta;
  std::string cluster_ip;                ///< "None" when headless
  std::vector<std::string> ip_families;  ///< "IPv4", "IPv6": the families it has addresses and records for
  bool publish_not_ready_addresses = false;
  std::map<std::string, std::string> selector;
};

/// One remembered state of a StatefulSet's pod template.
struct ControllerRevision {
  ObjectMeta meta;
  std::int64_t revision = 0;  ///< grows when a template becomes the newest one
};

struct DisruptionBudget {
  ObjectMeta meta;
  std::int64_t observed_generation = 0;
  int allowed = 0;  ///< status.disruptionsAllowed
  int healthy = 0;  ///< status.currentHealthy
};

struct Node {
  ObjectMeta meta;
  bool ready = false;
  bool unschedulable = false;  ///< cordoned
  std::string boot;            ///< status.nodeInfo.bootID: another one when the machine was restarted
  std::string kubelet;         ///< version
};

/// Kept as evidence, judged by nobody.
struct OtherObject {
  ObjectMeta meta;
};

using KubeObject = std::variant<Pod, StatefulSet, Claim, Volume, EndpointSlice, Service, ControllerRevision,
                                DisruptionBudget, Node, OtherObject>;

/// Reads an object as served; its `kind` chooses the alternative.
KubeObject parse_object(const nlohmann::json& object);
const ObjectMeta& meta_of(const KubeObject& object);

/// The ordinal in "<set>-<ordinal>"; nullopt when the name is not of that form.
std::optional<Ordinal> ordinal_of(std::string_view pod_name, std::string_view set_name);

}  // namespace stateproof
