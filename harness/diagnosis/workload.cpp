#include "harness/diagnosis/workload.h"

#include <algorithm>

#include "harness/model/fields.h"

namespace stateproof::diagnosis {

using nlohmann::json;
using namespace fields;

Workload::Workload(const Snapshot& snapshot, const json& set)
    : snapshot_(snapshot), served_(set), set_(std::get<StatefulSet>(parse_object(set))) {
  if (!snapshot.pods) return;
  for (const json& served : *snapshot.pods) {
    if (text(member(served, "metadata"), "namespace") != ns()) continue;
    Pod pod = std::get<Pod>(parse_object(served));
    const auto ordinal = ordinal_of(pod.meta.ref.name, name());
    if (pod.meta.is_controlled_by(set_.meta) && ordinal)
      pods_.emplace(*ordinal, SeenPod{std::move(pod), &served});
  }
}

const json& Workload::spec() const { return member(served_, "spec"); }
const json& Workload::template_spec() const { return in(served_, "spec", "template", "spec"); }

std::vector<Ordinal> Workload::wanted() const {
  std::vector<Ordinal> ordinals;
  for (int i = 0; i < set_.replicas.value; ++i) ordinals.push_back({set_.first.value + i});
  return ordinals;
}

std::string Workload::pod_name(Ordinal ordinal) const { return name() + "-" + std::to_string(ordinal.value); }

const json* find(const Objects& objects, const std::string& ns, const std::string& name) {
  if (!objects) return nullptr;
  for (const json& object : *objects) {
    const json& meta = member(object, "metadata");
    if (text(meta, "name") == name && text(meta, "namespace") == ns) return &object;
  }
  return nullptr;
}

const json* Workload::claim(const std::string& name) const { return find(snapshot_.claims, ns(), name); }
const json* Workload::volume(const std::string& name) const { return find(snapshot_.volumes, "", name); }
const json* Workload::node(const std::string& name) const { return find(snapshot_.nodes, "", name); }
const json* Workload::storage_class(const std::string& name) const {
  return find(snapshot_.storage_classes, "", name);
}

const json* Workload::default_storage_class() const {
  if (!snapshot_.storage_classes) return nullptr;
  for (const json& known : *snapshot_.storage_classes)
    if (text(in(known, "metadata", "annotations"), "storageclass.kubernetes.io/is-default-class") == "true")
      return &known;
  return nullptr;
}

const json* Workload::event(std::string_view kind, const std::string& name, std::string_view reason) const {
  const json* newest = nullptr;
  if (!snapshot_.events) return newest;
  for (const json& event : *snapshot_.events) {
    const json& about = member(event, "involvedObject");
    if (text(event, "reason") != reason || text(about, "kind") != kind || text(about, "name") != name ||
        text(about, "namespace") != ns())
      continue;
    if (newest == nullptr || time_of_event(*newest) < time_of_event(event)) newest = &event;
  }
  return newest;
}

std::optional<std::chrono::seconds> Workload::age(std::optional<Timestamp> since) const {
  if (!since) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(snapshot_.taken - *since);
}

bool Workload::older_than(std::optional<Timestamp> since, std::chrono::seconds limit) const {
  const auto now = age(since);
  return now && *now >= limit;
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

}  // namespace stateproof::diagnosis
