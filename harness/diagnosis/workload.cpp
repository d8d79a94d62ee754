#include "harness/diagnosis/workload.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {

using nlohmann::json;
using namespace fields;

Workload::Workload(const Cluster& cluster, const json& set)
    : cluster_(cluster), served_(set), set_(std::get<StatefulSet>(parse_object(set))) {
  for (const json* served : cluster.pods_of(set_.meta.ref.uid.value)) {
    Pod pod = std::get<Pod>(parse_object(*served));
    if (const auto ordinal = ordinal_of(pod.meta.ref.name, name()); ordinal && pod.meta.ref.ns == ns())
      pods_.emplace(*ordinal, SeenPod{std::move(pod), served});
  }
}

const json& Workload::spec() const { return member(served_, "spec"); }
const json& Workload::template_spec() const { return in(served_, "spec", "template", "spec"); }

bool Workload::wants(Ordinal ordinal) const {
  return ordinal >= set_.first && static_cast<std::int64_t>(ordinal.value) <
                                      static_cast<std::int64_t>(set_.first.value) + set_.replicas.value;
}

std::vector<Ordinal> Workload::missing(std::size_t most) const {
  std::vector<Ordinal> ordinals;
  for (Ordinal at = set_.first; wants(at) && ordinals.size() < most; ++at.value) {
    if (!pods_.contains(at)) ordinals.push_back(at);
    if (at.value == std::numeric_limits<int>::max()) break;
  }
  return ordinals;
}

std::string Workload::pod_name(Ordinal ordinal) const { return name() + "-" + std::to_string(ordinal.value); }

std::string Workload::claim_name(const std::string& claim_template, Ordinal ordinal) const {
  return claim_template + "-" + pod_name(ordinal);
}

std::optional<Timestamp> Workload::changed() const {
  std::optional<Timestamp> at;
  for (const json& entry : in(served_, "metadata", "managedFields"))
    if (const auto then = time(entry, "time"); then && text(entry, "subresource") != "status")
      at = std::max(at, then);
  return at;
}

const json* Workload::claim(const std::string& name) const {
  return cluster_.find("PersistentVolumeClaim", ns(), name);
}
const json* Workload::volume(const std::string& name) const {
  return name.empty() ? nullptr : cluster_.find("PersistentVolume", "", name);
}
const json* Workload::volume_of(const std::string& claim_name) const {
  const json* found = claim(claim_name);
  return found == nullptr ? nullptr : volume(text(member(*found, "spec"), "volumeName"));
}
const json* Workload::node(const std::string& name) const { return cluster_.find("Node", "", name); }
const json* Workload::storage_class(const std::string& name) const {
  return cluster_.find("StorageClass", "", name);
}

const json* Workload::default_storage_class() const {
  if (!snapshot().storage_classes) return nullptr;
  for (const json& known : *snapshot().storage_classes)
    if (text(in(known, "metadata", "annotations"), "storageclass.kubernetes.io/is-default-class") == "true")
      return &known;
  return nullptr;
}

const json* Workload::event(std::string_view kind, const std::string& name, std::string_view reason) const {
  const json* newest = nullptr;
  for (const json* event : events(kind, name))
    if (text(*event, "reason") == reason &&
        (newest == nullptr || time_of_event(*newest) < time_of_event(*event)))
      newest = event;
  return newest;
}

std::optional<std::chrono::seconds> Workload::age(std::optional<Timestamp> since) const {
  if (!since) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(snapshot().taken - *since);
}

bool Workload::older_than(std::optional<Timestamp> since, std::chrono::seconds limit) const {
  const auto now = age(since);
  return now && *now >= limit;
}

std::string Workload::kubectl(std::vector<std::string> words) const {
  words.insert(words.begin(), {"kubectl", "-n", ns()});
  return command_line(words);
}

std::string name_of(const json& object) { return text(member(object, "metadata"), "name"); }

std::string ref_text(const json& object) {
  const json& meta = member(object, "metadata");
  return ObjectRef{text(object, "kind"), text(meta, "namespace"), text(meta, "name"), {}}.text();
}

Evidence event_evidence(const json& event) {
  return {reference(member(event, "involvedObject")).text(), "event " + text(event, "reason"),
          text(event, "message"), time_of_event(event)};
}

const json& condition(const json& object, std::string_view type) {
  static const json none;
  for (const json& known : in(object, "status", "conditions"))
    if (text(known, "type") == type) return known;
  return none;
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace stateproof::diagnosis
