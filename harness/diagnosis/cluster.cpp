#include "harness/diagnosis/cluster.h"

#include <algorithm>

#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

std::string key_of(std::string_view kind, const std::string& ns, const std::string& name) {
  std::string key{kind};
  return key.append("/").append(ns).append("/").append(name);
}

double asked(const json& container, const std::string& resource) {
  return parse_quantity(text(in(container, "resources", "requests"), resource.c_str())).value_or(0);
}

}  // namespace

double requested(const json& pod, const std::string& resource) {
  const json& spec = member(pod, "spec");
  double running = 0;
  for (const json& container : member(spec, "containers")) running += asked(container, resource);
  // Sidecars stay; what starts before the containers shares the room with the sidecars before it.
  double sidecars = 0;
  double most = 0;
  for (const json& container : member(spec, "initContainers")) {
    if (text(container, "restartPolicy") == "Always") sidecars += asked(container, resource);
    most = std::max(
        most, sidecars + (text(container, "restartPolicy") == "Always" ? 0 : asked(container, resource)));
  }
  double sum = std::max(running + sidecars, most);
  if (const auto whole = parse_quantity(text(in(spec, "resources", "requests"), resource.c_str())))
    sum = *whole;
  return sum + parse_quantity(text(member(spec, "overhead"), resource.c_str())).value_or(0);
}

Cluster::Cluster(const Snapshot& snapshot) : snapshot_(snapshot) {
  index("StatefulSet", snapshot.sets);
  index("Pod", snapshot.pods);
  index("PersistentVolumeClaim", snapshot.claims);
  index("Service", snapshot.services);
  index("ResourceQuota", snapshot.quotas);
  index("PersistentVolume", snapshot.volumes);
  index("Node", snapshot.nodes);
  index("StorageClass", snapshot.storage_classes);
  index("CSINode", snapshot.csi_nodes);
  index("ResourceClaim", snapshot.resource_claims);
  if (snapshot.sets)
    for (const json& set : *snapshot.sets)
      sets_by_ns_[text(member(set, "metadata"), "namespace")].push_back(&set);
  if (snapshot.events)
    for (const json& event : *snapshot.events) {
      const json& about = member(event, "involvedObject");
      events_[key_of(text(about, "kind"), text(about, "namespace"), text(about, "name"))].push_back(&event);
    }
  if (!snapshot.pods) return;
  for (const json& pod : *snapshot.pods) {
    const json& meta = member(pod, "metadata");
    pods_by_ns_[text(meta, "namespace")].push_back(&pod);
    for (const json& owner : member(meta, "ownerReferences"))
      if (flag(owner, "controller")) pods_by_owner_[text(owner, "uid")].push_back(&pod);
    const std::string phase = text(member(pod, "status"), "phase");
    const std::string node = text(member(pod, "spec"), "nodeName");
    if (!node.empty() && phase != "Succeeded" && phase != "Failed") pods_by_node_[node].push_back(&pod);
  }
}

void Cluster::index(std::string_view kind, const Objects& objects) {
  if (!objects) return;
  for (const json& object : *objects) {
    const json& meta = member(object, "metadata");
    objects_.emplace(key_of(kind, text(meta, "namespace"), text(meta, "name")), &object);
  }
}

const Cluster::List& Cluster::listed(const Lists& lists, const std::string& key) {
  static const List none;
  const auto found = lists.find(key);
  return found == lists.end() ? none : found->second;
}

const json* Cluster::find(std::string_view kind, const std::string& ns, const std::string& name) const {
  const auto found = objects_.find(key_of(kind, ns, name));
  return found == objects_.end() ? nullptr : found->second;
}

const Cluster::List& Cluster::events_about(std::string_view kind, const std::string& ns,
                                           const std::string& name) const {
  return listed(events_, key_of(kind, ns, name));
}

double Cluster::free_on(const json& node, const std::string& resource) const {
  const std::string name = text(member(node, "metadata"), "name");
  const auto known = free_.find({name, resource});
  if (known != free_.end()) return known->second;
  double left = parse_quantity(text(in(node, "status", "allocatable"), resource.c_str())).value_or(0);
  for (const json* pod : pods_on(name)) left -= resource == "pods" ? 1 : requested(*pod, resource);
  free_.emplace(std::pair{name, resource}, left);
  return left;
}

}  // namespace stateproof::diagnosis
