#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/diagnosis/snapshot.h"

namespace stateproof::diagnosis {

/// A snapshot in which objects are found by name, owner or node without a search. The snapshot must outlive
/// it. Lists that may not be read are empty.
class Cluster {
 public:
  using List = std::vector<const nlohmann::json*>;

  explicit Cluster(const Snapshot& snapshot);

  [[nodiscard]] const Snapshot& snapshot() const { return snapshot_; }
  /// The object of this kind, namespace (empty: cluster-wide) and name; null when none can be seen.
  [[nodiscard]] const nlohmann::json* find(std::string_view kind, const std::string& ns,
                                           const std::string& name) const;
  [[nodiscard]] const List& events_about(std::string_view kind, const std::string& ns,
                                         const std::string& name) const;
  [[nodiscard]] const List& pods_in(const std::string& ns) const { return listed(pods_by_ns_, ns); }
  /// That are given to the node and have not ended.
  [[nodiscard]] const List& pods_on(const std::string& node) const { return listed(pods_by_node_, node); }
  [[nodiscard]] const List& pods_of(const std::string& controller_uid) const {
    return listed(pods_by_owner_, controller_uid);
  }
  [[nodiscard]] const List& sets_in(const std::string& ns) const { return listed(sets_by_ns_, ns); }
  /// What of a resource ("cpu", "pods") the pods that can be seen leave of a node, in its base unit.
  [[nodiscard]] double free_on(const nlohmann::json& node, const std::string& resource) const;

 private:
  using Lists = std::unordered_map<std::string, List>;
  void index(std::string_view kind, const Objects& objects);
  [[nodiscard]] static const List& listed(const Lists& lists, const std::string& key);

  const Snapshot& snapshot_;
  std::unordered_map<std::string, const nlohmann::json*> objects_;
  Lists events_;
  Lists pods_by_ns_;
  Lists pods_by_node_;
  Lists pods_by_owner_;
  Lists sets_by_ns_;
  mutable std::map<std::pair<std::string, std::string>, double> free_;
};

/// What a pod asks of a resource, as the scheduler counts it.
double requested(const nlohmann::json& pod, const std::string& resource);

}  // namespace stateproof::diagnosis
