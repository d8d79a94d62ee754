#include "harness/model/objects.h"

#include <algorithm>
#include <charconv>

#include "harness/model/fields.h"

namespace stateproof {
namespace {

constexpr const char* kSet = "StatefulSet";

using nlohmann::json;
using namespace fields;

ObjectMeta parse_meta(const json& object) {
  const json& metadata = member(object, "metadata");
  ObjectMeta meta;
  meta.ref = {text(object, "kind"), text(metadata, "namespace"), text(metadata, "name"),
              Uid{text(metadata, "uid")}};
  meta.resource_version = text(metadata, "resourceVersion");
  meta.generation = number(metadata, "generation");
  meta.labels = texts(metadata, "labels");
  meta.annotations = texts(metadata, "annotations");
  for (const json& owner : member(metadata, "ownerReferences"))
    meta.owners.push_back(
        {text(owner, "kind"), text(owner, "name"), Uid{text(owner, "uid")}, flag(owner, "controller")});
  for (const json& finalizer : member(metadata, "finalizers"))
    if (finalizer.is_string()) meta.finalizers.push_back(finalizer.get<std::string>());
  meta.created = time(metadata, "creationTimestamp");
  meta.deletion = time(metadata, "deletionTimestamp");
  return meta;
}

ContainerState parse_container_state(const json& status) {
  ContainerState state;
  state.name = text(status, "name");
  state.image = text(status, "image");
  state.restarts = small_number(status, "restartCount");
  state.ready = flag(status, "ready");
  const json& now = member(status, "state");
  const json& running = member(now, "running");
  state.running = running.is_object();
  state.started = time(running, "startedAt");
  state.waiting_reason = text(member(now, "waiting"), "reason");
  state.waiting_message = text(member(now, "waiting"), "message");
  const json& ended = member(now, "terminated").is_object()
                          ? member(now, "terminated")
                          : member(member(status, "lastState"), "terminated");
  state.terminated_reason = text(ended, "reason");
  return state;
}

Pod parse_pod(const json& object) {
  Pod pod;
  pod.meta = parse_meta(object);
  const json& spec = member(object, "spec");
  const json& status = member(object, "status");
  pod.phase = text(status, "phase");
  pod.node = text(spec, "nodeName");
  pod.hostname = text(spec, "hostname");
  pod.subdomain = text(spec, "subdomain");
  for (const json& condition : member(status, "conditions")) {
    const std::string type = text(condition, "type");
    const bool is_true = text(condition, "status") == "True";
    if (type == "Ready") {
      pod.ready = is_true;
      if (is_true) pod.ready_since = time(condition, "lastTransitionTime");
    } else if (type == "PodScheduled") {
      if (is_true) pod.scheduled_since = time(condition, "lastTransitionTime");
      if (!is_true) pod.unscheduled_message = text(condition, "message");
    } else if (type == "DisruptionTarget" && is_true) {
      pod.disruption = text_or(condition, "reason", "unnamed");
    }
  }
  for (const json& address : member(status, "podIPs"))
    if (std::string ip = text(address, "ip"); !ip.empty()) pod.addresses.push_back(std::move(ip));
  if (pod.addresses.empty())
    if (std::string ip = text(status, "podIP"); !ip.empty()) pod.addresses.push_back(std::move(ip));
  for (const json& volume : member(spec, "volumes"))
    if (const json& claim = member(volume, "persistentVolumeClaim"); claim.is_object())
      pod.volume_claims.emplace(text(volume, "name"), text(claim, "claimName"));
  for (const json& container : member(spec, "containers"))
    for (const json& mount : member(container, "volumeMounts"))
      pod.mounts.push_back({text(container, "name"), text(mount, "name"), text(mount, "mountPath")});
  for (const char* list : {"initContainerStatuses", "containerStatuses"})
    for (const json& container : member(status, list))
      pod.containers.push_back(parse_container_state(container));
  return pod;
}

StatefulSet parse_stateful_set(const json& object) {
  StatefulSet set;
  set.meta = parse_meta(object);
  const json& spec = member(object, "spec");
  const json& status = member(object, "status");
  set.service_name = text(spec, "serviceName");
  set.replicas = {small_number(spec, "replicas", 1)};
  set.first = {small_number(member(spec, "ordinals"), "start")};
  set.pod_management = text_or(spec, "podManagementPolicy", "OrderedReady");
  set.update_strategy = text_or(member(spec, "updateStrategy"), "type", "RollingUpdate");
  const json& rolling = in(spec, "updateStrategy", "rollingUpdate");
  set.partition = small_number(rolling, "partition");
  if (member(rolling, "maxUnavailable").is_number_integer())
    set.max_unavailable = small_number(rolling, "maxUnavailable");
  set.min_ready_seconds = small_number(spec, "minReadySeconds");
  if (spec.contains("revisionHistoryLimit"))
    set.revision_history_limit = small_number(spec, "revisionHistoryLimit");
  set.match_labels = texts(member(spec, "selector"), "matchLabels");
  for (const json& claim : member(spec, "volumeClaimTemplates"))
    set.claim_templates.push_back(text(member(claim, "metadata"), "name"));
  const json& retention = member(spec, "persistentVolumeClaimRetentionPolicy");
  set.when_deleted = text_or(retention, "whenDeleted", "Retain");
  set.when_scaled = text_or(retention, "whenScaled", "Retain");
  set.observed_generation = number(status, "observedGeneration");
  set.current_pods = {small_number(status, "replicas")};
  set.ready_pods = {small_number(status, "readyReplicas")};
  set.available_pods = {small_number(status, "availableReplicas")};
  set.current_revision_pods = {small_number(status, "currentReplicas")};
  set.updated_pods = {small_number(status, "updatedReplicas")};
  set.current_revision = text(status, "currentRevision");
  set.update_revision = text(status, "updateRevision");
  return set;
}

Claim parse_claim(const json& object) {
  const json& spec = member(object, "spec");
  Claim claim;
  claim.meta = parse_meta(object);
  claim.phase = text(member(object, "status"), "phase");
  claim.volume = text(spec, "volumeName");
  claim.storage_class = text(spec, "storageClassName");
  claim.requested = text(member(member(spec, "resources"), "requests"), "storage");
  return claim;
}

Volume parse_volume(const json& object) {
  const json& spec = member(object, "spec");
  Volume volume;
  volume.meta = parse_meta(object);
  volume.phase = text(member(object, "status"), "phase");
  volume.claim = reference(member(spec, "claimRef"));
  volume.storage_class = text(spec, "storageClassName");
  volume.reclaim_policy = text(spec, "persistentVolumeReclaimPolicy");
  volume.host_path = text(member(spec, "hostPath"), "path");
  if (volume.host_path.empty()) volume.host_path = text(member(spec, "local"), "path");
  volume.csi_driver = text(member(spec, "csi"), "driver");
  volume.csi_handle = text(member(spec, "csi"), "volumeHandle");
  return volume;
}

EndpointSlice parse_endpoint_slice(const json& object) {
  EndpointSlice slice;
  slice.meta = parse_meta(object);
  slice.service = slice.meta.label("kubernetes.io/service-name");
  slice.address_type = text(object, "addressType");
  for (const json& served : member(object, "endpoints")) {
    Endpoint endpoint;
    for (const json& address : member(served, "addresses"))
      if (address.is_string()) endpoint.addresses.push_back(address.get<std::string>());
    endpoint.hostname = text(served, "hostname");
    endpoint.target = reference(member(served, "targetRef"));
    const json& conditions = member(served, "conditions");
    endpoint.ready = flag(conditions, "ready", true);
    endpoint.serving = flag(conditions, "serving", endpoint.ready);
    endpoint.terminating = flag(conditions, "terminating");
    slice.endpoints.push_back(std::move(endpoint));
  }
  return slice;
}

Service parse_service(const json& object) {
  const json& spec = member(object, "spec");
  Service service;
  service.meta = parse_meta(object);
  service.cluster_ip = text(spec, "clusterIP");
  for (const json& family : member(spec, "ipFamilies"))
    if (family.is_string()) service.ip_families.push_back(family.get<std::string>());
  service.publish_not_ready_addresses = flag(spec, "publishNotReadyAddresses");
  service.selector = texts(spec, "selector");
  return service;
}

ControllerRevision parse_controller_revision(const json& object) {
  return {parse_meta(object), number(object, "revision")};
}

DisruptionBudget parse_disruption_budget(const json& object) {
  const json& status = member(object, "status");
  DisruptionBudget budget;
  budget.meta = parse_meta(object);
  budget.observed_generation = number(status, "observedGeneration");
  budget.allowed = small_number(status, "disruptionsAllowed");
  budget.healthy = small_number(status, "currentHealthy");
  return budget;
}

Node parse_node(const json& object) {
  const json& status = member(object, "status");
  const json& info = member(status, "nodeInfo");
  Node node;
  node.meta = parse_meta(object);
  for (const json& condition : member(status, "conditions"))
    if (text(condition, "type") == "Ready") node.ready = text(condition, "status") == "True";
  node.unschedulable = flag(member(object, "spec"), "unschedulable");
  node.boot = text(info, "bootID");
  node.kubelet = text(info, "kubeletVersion");
  return node;
}

}  // namespace

const OwnerReference* ObjectMeta::controller() const {
  const auto found =
      std::find_if(owners.begin(), owners.end(), [](const auto& owner) { return owner.controller; });
  return found == owners.end() ? nullptr : &*found;
}

bool ObjectMeta::is_controlled_by(const ObjectMeta& other) const {
  const OwnerReference* owner = controller();
  return owner != nullptr && owner->uid == other.ref.uid;
}

bool ObjectMeta::is_controlled_by_set(std::string_view name) const {
  const OwnerReference* owner = controller();
  return owner != nullptr && owner->kind == kSet && owner->name == name;
}

bool ObjectMeta::is_owned_by_set(std::string_view name) const {
  return std::any_of(owners.begin(), owners.end(),
                     [&](const OwnerReference& owner) { return owner.kind == kSet && owner.name == name; });
}

bool ObjectMeta::is_owned_by(const ObjectMeta& other) const {
  return std::any_of(owners.begin(), owners.end(), [&](const OwnerReference& owner) {
    return owner.kind == other.ref.kind && owner.uid == other.ref.uid;
  });
}

std::string ObjectMeta::label(const std::string& key) const {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string{} : found->second;
}

std::string Pod::claim_at(std::string_view path) const {
  for (const VolumeMount& mount : mounts) {
    if (mount.path != path) continue;
    if (const auto claim = volume_claims.find(mount.volume); claim != volume_claims.end())
      return claim->second;
  }
  return {};
}

KubeObject parse_object(const json& object) {
  const std::string kind = text(object, "kind");
  if (kind == "Pod") return parse_pod(object);
  if (kind == "StatefulSet") return parse_stateful_set(object);
  if (kind == "PersistentVolumeClaim") return parse_claim(object);
  if (kind == "PersistentVolume") return parse_volume(object);
  if (kind == "EndpointSlice") return parse_endpoint_slice(object);
  if (kind == "Service") return parse_service(object);
  if (kind == "ControllerRevision") return parse_controller_revision(object);
  if (kind == "PodDisruptionBudget") return parse_disruption_budget(object);
  if (kind == "Node") return parse_node(object);
  return OtherObject{parse_meta(object)};
}

const ObjectMeta& meta_of(const KubeObject& object) {
  return std::visit([](const auto& typed) -> const ObjectMeta& { return typed.meta; }, object);
}

std::optional<Ordinal> ordinal_of(std::string_view pod_name, std::string_view set_name) {
  if (pod_name.size() < set_name.size() + 2 || !pod_name.starts_with(set_name)) return std::nullopt;
  const std::string_view digits = pod_name.substr(set_name.size() + 1);
  if (pod_name[set_name.size()] != '-') return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  if (digits.front() < '0' || digits.front() > '9') return std::nullopt;
  Ordinal ordinal;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ordinal.value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return ordinal;
}

}  // namespace stateproof
