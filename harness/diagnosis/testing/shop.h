#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/diagnosis/diagnose.h"
#include "harness/model/rfc3339.h"

/// A small cluster as it would be served, for tests to make sick.
namespace stateproof::diagnosis::testing {

using nlohmann::json;

inline constexpr const char* kNow = "2026-03-01T10:10:00Z";
inline constexpr const char* kEarlier = "2026-03-01T10:00:00Z";
inline constexpr const char* kJustNow = "2026-03-01T10:09:58Z";

inline json object(const char* kind, const char* name, const json& more, bool namespaced = true) {
  json made{{"kind", kind}, {"metadata", {{"name", name}, {"uid", name}, {"creationTimestamp", kEarlier}}}};
  if (namespaced) made["metadata"]["namespace"] = "shop";
  made.merge_patch(more);
  return made;
}

/// StatefulSet web of two pods, each with a bound claim, all Ready on a cluster that is well.
class Shop {
 public:
  Shop() {
    snapshot.taken = parse_rfc3339(kNow).value();
    snapshot.sets = std::vector<json>{
        object("StatefulSet", "web",
               {{"metadata", {{"generation", 1}}},
                {"spec",
                 {{"replicas", 2},
                  {"serviceName", "web"},
                  {"selector", {{"matchLabels", {{"app", "web"}}}}},
                  {"template",
                   {{"metadata", {{"labels", {{"app", "web"}}}}},
                    {"spec",
                     {{"containers",
                       {{{"name", "web"},
                         {"image", "web:1"},
                         {"volumeMounts", {{{"name", "data"}, {"mountPath", "/data"}}}}}}}}}}},
                  {"updateStrategy", {{"type", "RollingUpdate"}}},
                  {"volumeClaimTemplates", {{{"metadata", {{"name", "data"}}}}}}}},
                {"status", {{"observedGeneration", 1}, {"updateRevision", "web-1"}}}})};
    snapshot.services = std::vector<json>{
        object("Service", "web", {{"spec", {{"clusterIP", "None"}, {"selector", {{"app", "web"}}}}}})};
    snapshot.storage_classes = std::vector<json>{
        object("StorageClass", "standard",
               {{"metadata", {{"annotations", {{"storageclass.kubernetes.io/is-default-class", "true"}}}}},
                {"provisioner", "disks"},
                {"volumeBindingMode", "WaitForFirstConsumer"}},
               false)};
    snapshot.nodes =
        std::vector<json>{object("Node", "one",
                                 {{"metadata", {{"labels", {{"kubernetes.io/hostname", "one"}}}}},
                                  {"status",
                                   {{"allocatable", {{"cpu", "2"}, {"memory", "4Gi"}}},
                                    {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}},
                                 false)};
    snapshot.pods = json::array().get<std::vector<json>>();
    snapshot.claims = snapshot.volumes = snapshot.events = snapshot.quotas = snapshot.attachments =
        snapshot.pods;
    for (const char* ordinal : {"0", "1"}) add_pod(ordinal);
  }

  json& set() { return snapshot.sets->front(); }
  json& pod(std::size_t ordinal) { return snapshot.pods->at(ordinal); }
  json& claim(std::size_t ordinal) { return snapshot.claims->at(ordinal); }
  json& volume(std::size_t ordinal) { return snapshot.volumes->at(ordinal); }
  json& node() { return snapshot.nodes->front(); }

  void unschedule(std::size_t ordinal) {
    pod(ordinal)["spec"].erase("nodeName");
    pod(ordinal)["status"] = {{"phase", "Pending"},
                              {"conditions",
                               {{{"type", "PodScheduled"},
                                 {"status", "False"},
                                 {"message", "0/1 nodes are available"},
                                 {"lastTransitionTime", kEarlier}}}}};
  }
  void contain(std::size_t ordinal, const json& status) {
    json with_name = status;
    with_name["name"] = "web";
    pod(ordinal)["status"]["conditions"] = {{{"type", "Ready"}, {"status", "False"}}};
    pod(ordinal)["status"]["containerStatuses"] = json::array({with_name});
  }
  void tell(const char* kind, const char* name, const char* reason, const char* message,
            const char* at = kEarlier) {
    snapshot.events->push_back(
        {{"reason", reason},
         {"message", message},
         {"lastTimestamp", at},
         {"involvedObject", {{"kind", kind}, {"namespace", "shop"}, {"name", name}, {"uid", name}}}});
  }
  [[nodiscard]] Diagnosis diagnosis(Rigour rigour = Rigour::kUsual) const {
    return diagnose_all(snapshot, rigour).front();
  }
  [[nodiscard]] std::vector<Finding> findings() const { return diagnosis().findings; }
  json& pod_spec() { return set()["spec"]["template"]["spec"]; }
  json& service() { return snapshot.services->front(); }
  /// Another node like the first.
  json& add_node(const char* name) {
    json added = node();
    added["metadata"]["name"] = added["metadata"]["labels"]["kubernetes.io/hostname"] = name;
    return snapshot.nodes->emplace_back(std::move(added));
  }
  /// Takes the last pod away, and its claim and volume.
  void forget_last() {
    snapshot.pods->pop_back();
    snapshot.claims->pop_back();
    snapshot.volumes->pop_back();
  }
  /// The pod has not been given the condition Ready since `at`.
  void unready(std::size_t ordinal, const char* at = kEarlier) {
    pod(ordinal)["status"]["conditions"] = {
        {{"type", "Ready"}, {"status", "False"}, {"lastTransitionTime", at}}};
  }
  [[nodiscard]] Finding first() const {
    auto all = findings();
    return all.empty() ? Finding{"nothing", "", {}, {}} : std::move(all.front());
  }
  [[nodiscard]] std::vector<std::string_view> ids() const {
    std::vector<std::string_view> ids;
    for (const Finding& finding : findings()) ids.push_back(finding.id);
    return ids;
  }

  Snapshot snapshot;

 private:
  void add_pod(const std::string& ordinal) {
    const std::string name = "web-" + ordinal;
    const std::string claim_name = "data-" + name;
    snapshot.pods->push_back(object(
        "Pod", name.c_str(),
        {{"metadata",
          {{"labels", {{"app", "web"}, {"controller-revision-hash", "web-1"}}},
           {"ownerReferences",
            {{{"kind", "StatefulSet"}, {"name", "web"}, {"uid", "web"}, {"controller", true}}}}}},
         {"spec",
          {{"nodeName", "one"},
           {"containers", {{{"name", "web"}, {"image", "web:1"}}}},
           {"volumes", {{{"name", "data"}, {"persistentVolumeClaim", {{"claimName", claim_name}}}}}}}},
         {"status",
          {{"phase", "Running"},
           {"conditions", {{{"type", "Ready"}, {"status", "True"}}}},
           {"containerStatuses",
            {{{"name", "web"}, {"ready", true}, {"state", {{"running", {{"startedAt", kEarlier}}}}}}}}}}}));
    snapshot.claims->push_back(
        object("PersistentVolumeClaim", claim_name.c_str(),
               {{"spec", {{"storageClassName", "standard"}, {"volumeName", "disk-" + ordinal}}},
                {"status", {{"phase", "Bound"}}}}));
    snapshot.volumes->push_back(
        object("PersistentVolume", ("disk-" + ordinal).c_str(),
               {{"spec",
                 {{"claimRef", {{"namespace", "shop"}, {"name", claim_name}, {"uid", claim_name}}},
                  {"persistentVolumeReclaimPolicy", "Delete"}}},
                {"status", {{"phase", "Bound"}}}},
               false));
  }
};

}  // namespace stateproof::diagnosis::testing
