#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/diagnosis/cluster.h"
#include "harness/diagnosis/finding.h"
#include "harness/diagnosis/snapshot.h"
#include "harness/model/objects.h"

namespace stateproof::diagnosis {

/// A pod, read and as served.
struct SeenPod {
  Pod pod;
  const nlohmann::json* served = nullptr;
};

/// One StatefulSet and what belongs to it in a cluster, which must outlive it.
class Workload {
 public:
  Workload(const Cluster& cluster, const nlohmann::json& set);

  [[nodiscard]] const Cluster& cluster() const { return cluster_; }
  [[nodiscard]] const Snapshot& snapshot() const { return cluster_.snapshot(); }
  [[nodiscard]] const nlohmann::json& served() const { return served_; }
  [[nodiscard]] const nlohmann::json& spec() const;
  [[nodiscard]] const nlohmann::json& template_spec() const;
  [[nodiscard]] const StatefulSet& set() const { return set_; }
  [[nodiscard]] const std::string& ns() const { return set_.meta.ref.ns; }
  [[nodiscard]] const std::string& name() const { return set_.meta.ref.name; }
  /// "StatefulSet shop/web"
  [[nodiscard]] std::string described() const { return set_.meta.ref.text(); }
  [[nodiscard]] bool wants(Ordinal ordinal) const;
  /// The lowest wanted ordinals without a pod, `most` of them at most.
  [[nodiscard]] std::vector<Ordinal> missing(std::size_t most) const;
  [[nodiscard]] std::string pod_name(Ordinal ordinal) const;
  [[nodiscard]] std::string claim_name(const std::string& claim_template, Ordinal ordinal) const;
  /// Pods that the set controls, by ordinal.
  [[nodiscard]] const std::map<Ordinal, SeenPod>& pods() const { return pods_; }
  [[nodiscard]] bool ordered() const { return set_.pod_management == "OrderedReady"; }
  /// When somebody last changed the spec; nothing when the object does not say.
  [[nodiscard]] std::optional<Timestamp> changed() const;

  /// Null when there is none, or none can be seen.
  [[nodiscard]] const nlohmann::json* claim(const std::string& name) const;
  [[nodiscard]] const nlohmann::json* volume(const std::string& name) const;
  /// The volume that the claim names; null when it names none, or it cannot be seen.
  [[nodiscard]] const nlohmann::json* volume_of(const std::string& claim) const;
  [[nodiscard]] const nlohmann::json* node(const std::string& name) const;
  [[nodiscard]] const nlohmann::json* storage_class(const std::string& name) const;
  /// The class that claims get which name none; null when there is none.
  [[nodiscard]] const nlohmann::json* default_storage_class() const;
  /// Newest event of this reason about an object of the set's namespace; null when there is none.
  [[nodiscard]] const nlohmann::json* event(std::string_view kind, const std::string& name,
                                            std::string_view reason) const;
  /// Events about an object of the set's namespace, former ones of that name, too.
  [[nodiscard]] const Cluster::List& events(std::string_view kind, const std::string& name) const {
    return cluster_.events_about(kind, ns(), name);
  }
  /// How long ago that was by the snapshot's clock; nothing when the time is not known.
  [[nodiscard]] std::optional<std::chrono::seconds> age(std::optional<Timestamp> since) const;
  [[nodiscard]] bool older_than(std::optional<Timestamp> since, std::chrono::seconds limit) const;
  /// A command on the set's namespace: "kubectl -n shop delete pod web-0".
  [[nodiscard]] std::string kubectl(std::vector<std::string> words) const;

 private:
  const Cluster& cluster_;
  const nlohmann::json& served_;
  StatefulSet set_;
  std::map<Ordinal, SeenPod> pods_;
};

/// metadata.name
std::string name_of(const nlohmann::json& object);
/// "Pod shop/web-0"
std::string ref_text(const nlohmann::json& object);
/// Evidence that an event gives.
Evidence event_evidence(const nlohmann::json& event);
/// A condition of status.conditions; null when there is none of this type.
const nlohmann::json& condition(const nlohmann::json& object, std::string_view type);
/// "1 node", "3 nodes"
std::string counted(std::size_t count, std::string_view noun);

}  // namespace stateproof::diagnosis
