#include "suites/replay/field_mutants.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/model/fields.h"
#include "harness/model/steps.h"
#include "suites/replay/script.h"

namespace stateproof::replay {
namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

/// Written by the API server, the scheduler or the kubelet, or told by the name alone.
bool is_controllers_own(const std::string& kind, const std::string& pointer) {
  static const std::set<std::string> others{
      "/metadata/uid",
      "/metadata/resourceVersion",
      "/metadata/creationTimestamp",
      "/metadata/generation",
      "/metadata/name",
      "/metadata/namespace",
      "/metadata/selfLink",
      "/metadata/deletionTimestamp",
      "/metadata/deletionGracePeriodSeconds",
      "/spec/nodeName",
      "/spec/volumeName",
      "/apiVersion",
      "/kind",
      "/spec/preemptionPolicy",
      "/spec/priority",
      "/spec/serviceAccount",
      "/spec/serviceAccountName",
      "/spec/enableServiceLinks",
      "/metadata/annotations/endpoints.kubernetes.io~1last-change-trigger-time"};
  if (others.contains(pointer) || pointer.starts_with("/spec/tolerations")) return false;
  // Of the collision count nobody but the controller knows anything.
  if (kind == "StatefulSet")
    return pointer.starts_with("/status/") && !pointer.starts_with("/status/cond") &&
           pointer != "/status/collisionCount";
  if (kind == "PersistentVolumeClaim")
    return !pointer.starts_with("/status") && !pointer.starts_with("/metadata/finalizers") &&
           !pointer.starts_with("/metadata/annotations/") && pointer != "/spec/storageClassName" &&
           pointer != "/spec/volumeMode";
  return !pointer.starts_with("/status");
}

/// Whoever reads it reads the same when it is not there.
bool is_as_good_as_missing(const json& value) { return value.empty() || value == ""; }

void gather_leaves(const json& value, const std::string& pointer, const std::string& kind,
                   std::vector<std::string>& leaves) {
  if (value.is_structured() && !value.empty()) {
    for (const auto& [name, member] : value.items()) {
      std::string escaped;
      for (const char c : name) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
      gather_leaves(member, pointer + "/" + escaped, kind, leaves);
    }
    return;
  }
  if (!value.is_null() && !is_as_good_as_missing(value) && is_controllers_own(kind, pointer))
    leaves.push_back(pointer);
}

json changed(const json& value, Chance& chance) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    return chance.one_in(2) && number > 0 ? number - 1 : number + 1;
  }
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    if (text == "True" || text == "False") return text == "True" ? "False" : "True";
    return text.empty() ? "x" : text.substr(0, text.size() - 1) + (text.back() == 'x' ? "y" : "x");
  }
  return "x";
}

/// "/spec/containers/0/image" with the numbers of lists left out.
std::string kind_of(const std::string& pointer) {
  std::string text;
  for (std::size_t begin = 1; begin < pointer.size();) {
    const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
    const std::string name = pointer.substr(begin, end - begin);
    const bool number = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    text += (text.empty() ? "" : ".") + (number ? std::string{"*"} : name);
    begin = end + 1;
  }
  return text;
}

bool is_made_by_controllers(const ObjectSeen& seen, const Subject& subject) {
  const ObjectMeta& meta = meta_of(seen.object);
  if (meta.ref.ns != subject.ns || seen.served == nullptr || seen.served->empty()) return false;
  if (meta.ref.kind == "Pod") return meta.controller() != nullptr && meta.controller()->kind == "StatefulSet";
  if (meta.ref.kind == "PersistentVolumeClaim")
    return meta.ref.name.find("-" + subject.set + "-") != std::string::npos;
  return meta.ref.kind == "StatefulSet" || meta.ref.kind == "EndpointSlice" ||
         meta.ref.kind == "ControllerRevision";
}

using Alteration = std::function<bool(json& object, const ObjectSeen& seen)>;

/// Changes each object of that kind for which `change` holds; how many states that were.
std::size_t change_all(Timeline& timeline, const std::string& kind, std::size_t from,
                       const Alteration& change) {
  std::size_t count = 0;
  const Subject& subject = timeline.subject();
  for (std::size_t i = from; i < timeline.observations.size(); ++i) {
    auto* seen = std::get_if<ObjectSeen>(&timeline.observations[i].what);
    if (seen == nullptr || meta_of(seen->object).ref.kind != kind || !is_made_by_controllers(*seen, subject))
      continue;
    json object = *seen->served;
    if (!change(object, *seen)) continue;
    ++count;
    seen->object = parse_object(object);
    seen->served = std::make_shared<const json>(std::move(object));
  }
  return count;
}

const ObjectSeen* any_object(const Timeline& good, const std::string& kind, Chance& chance) {
  std::vector<const ObjectSeen*> objects;
  for (const Observation& seen : good) {
    const Step* step = seen.as<Step>();
    if (step != nullptr && step->is<steps::Cleanup>()) break;
    const auto* object = seen.as<ObjectSeen>();
    if (object != nullptr && meta_of(object->object).ref.kind == kind &&
        is_made_by_controllers(*object, good.subject()))
      objects.push_back(object);
  }
  return objects.empty() ? nullptr : chance.of(objects);
}

/// What stands for it where it is missing, as the API's documentation says.
bool is_default(const std::string& pointer, const json& value) {
  return (pointer.ends_with("/protocol") && value == "TCP") || pointer.ends_with("/conditions/serving") ||
         pointer.ends_with("/conditions/terminating") || pointer.ends_with("/conditions/ready");
}

/// A field of all objects of a kind, or of one object, is changed or missing.
void change_a_field(FieldMutant& mutant, Chance& chance, const std::string& kind) {
  const ObjectSeen* example = any_object(mutant.timeline, kind, chance);
  if (example == nullptr) return;
  std::vector<std::string> leaves;
  gather_leaves(*example->served, "", kind, leaves);
  if (leaves.empty()) return;
  const std::string pointer = chance.of(leaves);
  const bool drops = chance.one_in(2);
  const bool one = kind != "StatefulSet" && chance.one_in(3);
  const std::string uid = meta_of(example->object).ref.uid.value;
  const std::string name = meta_of(example->object).ref.name;
  if (drops && is_default(pointer, example->served->at(Pointer{pointer}))) return;
  const json value = changed(example->served->at(Pointer{pointer}), chance);
  const json former = example->served->at(Pointer{pointer});
  const bool relative = former.is_number_integer();
  const std::int64_t shift = relative ? value.get<std::int64_t>() - former.get<std::int64_t>() : 0;
  const std::size_t count = change_all(mutant.timeline, kind, 0, [&](json& object, const ObjectSeen& seen) {
    if (one && meta_of(seen.object).ref.uid.value != uid) return false;
    const Pointer at{pointer};
    if (!object.contains(at)) return false;
    if (drops) {
      json& parent = object.at(at.parent_pointer());
      if (parent.is_array())
        parent.erase(static_cast<std::size_t>(std::stoul(at.back())));
      else
        parent.erase(at.back());
    } else if (relative && object.at(at).is_number_integer()) {
      object.at(at) = std::max<std::int64_t>(0, object.at(at).get<std::int64_t>() + shift);
    } else {
      object.at(at) = value;
    }
    return true;
  });
  mutant.kind = fmt::format("{} {} {}", kind, kind_of(pointer), drops ? "missing" : "changed");
  mutant.told = fmt::format("{} of {} states of {}{}", mutant.kind, count, one ? name : "all",
                            drops ? "" : fmt::format(", {} to {}", former.dump(), value.dump()));
  if (count == 0) mutant.timeline = {};
}

/// A field that nobody wrote.
void add_a_field(FieldMutant& mutant, Chance& chance) {
  struct Added {
    const char* kind;
    const char* pointer;
    json value;
  };
  static const std::vector<Added> added{
      {"Pod", "/spec/hostNetwork", true},
      {"Pod", "/spec/hostPID", true},
      {"Pod", "/spec/shareProcessNamespace", true},
      {"Pod", "/spec/activeDeadlineSeconds", 3600},
      {"Pod", "/spec/runtimeClassName", "other"},
      {"Pod", "/spec/hostAliases", json::array({{{"ip", "10.0.0.1"}, {"hostnames", {"other"}}}})},
      {"Pod", "/spec/dnsConfig", {{"nameservers", {"10.0.0.1"}}}},
      {"Pod", "/spec/affinity", {{"podAntiAffinity", {{"x", 1}}}}},
      {"Pod", "/spec/securityContext/runAsUser", 0},
      {"Pod", "/spec/containers/0/securityContext", {{"privileged", true}}},
      {"Pod", "/spec/containers/0/env", json::array({{{"name", "ADDED"}, {"value", "x"}}})},
      {"Pod", "/spec/containers/0/workingDir", "/"},
      {"Pod", "/spec/containers/0/stdin", true},
      {"Pod", "/spec/containers/0/livenessProbe", {{"exec", {{"command", {"true"}}}}}},
      {"Pod", "/metadata/annotations/added", "x"},
      {"Pod", "/metadata/labels/added", "x"},
      {"Pod", "/metadata/finalizers", {"example.org/added"}},
      {"PersistentVolumeClaim", "/spec/selector", {{"matchLabels", {{"a", "b"}}}}},
      {"PersistentVolumeClaim", "/metadata/labels/added", "x"},
      {"PersistentVolumeClaim", "/spec/resources/limits", {{"storage", "1Gi"}}},
      {"PersistentVolumeClaim", "/spec/volumeAttributesClassName", "other"},
  };
  const Added& one = chance.of(added);
  const Pointer at{one.pointer};
  const std::size_t count = change_all(mutant.timeline, one.kind, 0, [&](json& object, const ObjectSeen&) {
    if (object.contains(at) && object.at(at) == one.value) return false;
    object[at] = one.value;
    return true;
  });
  mutant.kind = fmt::format("{} {} added", one.kind, kind_of(one.pointer));
  mutant.told = fmt::format("{} in {} states", mutant.kind, count);
  if (count == 0) mutant.timeline = {};
}

std::size_t random_place(const Timeline& timeline, Chance& chance) {
  std::size_t last = timeline.size();
  for (const Observation& seen : timeline)
    if (const Step* step = seen.as<Step>(); step != nullptr && step->is<steps::Cleanup>()) {
      last = seen.index - 1;
      break;
    }
  return chance.below(std::max<std::size_t>(last, 1));
}

/// From some time on the status is a write late, or what it was.
void delay_status(FieldMutant& mutant, Chance& chance) {
  const std::size_t from = random_place(mutant.timeline, chance);
  static const std::vector<std::string> fields{"replicas",        "readyReplicas",   "availableReplicas",
                                               "currentReplicas", "updatedReplicas", "observedGeneration",
                                               "currentRevision", "updateRevision"};
  const std::string field = chance.of(fields);
  const bool freezes = chance.one_in(2);
  std::map<std::string, json> last;
  std::size_t count = 0;
  change_all(mutant.timeline, "StatefulSet", 0, [&](json& object, const ObjectSeen& seen) {
    json& status = object["status"];
    const json now = status.contains(field) ? status[field] : json{};
    json& former = last[meta_of(seen.object).ref.uid.value];
    const bool late =
        !former.is_null() && &seen >= std::get_if<ObjectSeen>(&mutant.timeline.observations[from].what);
    const json told = late ? former : now;
    if (!freezes || !late) former = now;
    if (told == now) return false;
    ++count;
    status[field] = told;
    return true;
  });
  mutant.kind = fmt::format("StatefulSet status.{} {}", field, freezes ? "frozen" : "a write late");
  mutant.told = fmt::format("{} from #{} on, {} states", mutant.kind, from + 1, count);
  if (count == 0) mutant.timeline = {};
}

void number_anew(Timeline& timeline) {
  for (std::size_t i = 0; i < timeline.observations.size(); ++i) timeline.observations[i].index = i + 1;
}

std::uint64_t version_at(const Timeline& timeline, std::size_t place, const std::string& kind) {
  std::uint64_t version = 1;
  for (std::size_t i = 0; i < place && i < timeline.size(); ++i)
    if (const auto* seen = timeline.observations[i].as<ObjectSeen>();
        seen != nullptr && meta_of(seen->object).ref.kind == kind)
      version = std::max<std::uint64_t>(
          version, std::strtoull(meta_of(seen->object).resource_version.c_str(), nullptr, 10));
  return version;
}

/// Whether another write of that kind has its place there: resourceVersions rise.
bool has_room(const Timeline& timeline, std::size_t place, const std::string& kind) {
  const std::uint64_t version = version_at(timeline, place, kind);
  for (std::size_t i = place; i < timeline.size(); ++i)
    if (const auto* seen = timeline.observations[i].as<ObjectSeen>();
        seen != nullptr && meta_of(seen->object).ref.kind == kind)
      return std::strtoull(meta_of(seen->object).resource_version.c_str(), nullptr, 10) > version + 1;
  return true;
}

/// An object is written again and again, with nothing new in it.
void write_without_end(FieldMutant& mutant, Chance& chance) {
  static const std::vector<std::string> kinds{"StatefulSet", "EndpointSlice", "PersistentVolumeClaim"};
  const std::string kind = chance.of(kinds);
  Timeline& timeline = mutant.timeline;
  const std::size_t place = random_place(timeline, chance);
  const ObjectSeen* last = nullptr;
  for (std::size_t i = 0; i < place; ++i)
    if (const auto* seen = timeline.observations[i].as<ObjectSeen>();
        seen != nullptr && meta_of(seen->object).ref.kind == kind &&
        is_made_by_controllers(*seen, timeline.subject()))
      last = seen;
  if (last == nullptr || !has_room(timeline, place, kind) || last->change == Change::kDeleted) {
    timeline = {};
    return;
  }
  mutant.kind = fmt::format("{} written without end", kind);
  mutant.told = fmt::format("{} {} before #{}", mutant.kind, meta_of(last->object).ref.name, place + 1);
  json object = *last->served;
  std::vector<Observation> told;
  for (int i = 0; i < 40; ++i) {
    object["metadata"]["resourceVersion"] = std::to_string(version_at(timeline, place, kind) + 1);
    told.push_back(
        {0, timeline.observations[place].at,
         ObjectSeen{Change::kModified, parse_object(object), std::make_shared<const json>(object), false}});
  }
  timeline.observations.insert(timeline.observations.begin() + static_cast<std::ptrdiff_t>(place),
                               told.begin(), told.end());
  number_anew(timeline);
}

/// A healthy pod is deleted for nothing.
void delete_for_nothing(FieldMutant& mutant, Chance& chance) {
  Timeline& timeline = mutant.timeline;
  const std::size_t place = random_place(timeline, chance);
  std::map<std::string, std::pair<const ObjectSeen*, std::size_t>> pods;
  for (std::size_t i = 0; i < place; ++i) {
    const auto* seen = timeline.observations[i].as<ObjectSeen>();
    const Pod* pod = timeline.observations[i].object<Pod>();
    if (pod == nullptr || !is_made_by_controllers(*seen, timeline.subject())) continue;
    if (seen->change == Change::kDeleted || pod->terminating())
      pods.erase(pod->meta.ref.uid.value);
    else
      pods[pod->meta.ref.uid.value] = {seen, i};
  }
  std::vector<const ObjectSeen*> alive;
  for (const auto& [uid, pod] : pods)
    if (std::get<Pod>(pod.first->object).ready) alive.push_back(pod.first);
  if (alive.empty() || !has_room(timeline, place, "Pod")) {
    timeline = {};
    return;
  }
  const ObjectSeen& victim = *chance.of(alive);
  json object = *victim.served;
  object["metadata"]["deletionTimestamp"] = "2026-11-24T03:09:27Z";
  object["metadata"]["deletionGracePeriodSeconds"] = 30;
  object["metadata"]["resourceVersion"] = std::to_string(version_at(timeline, place, "Pod") + 1);
  mutant.kind = "Pod deleted for nothing";
  mutant.told = fmt::format("{} before #{}", meta_of(victim.object).ref.name, place + 1);
  const std::string uid = meta_of(victim.object).ref.uid.value;
  const Elapsed at = timeline.observations[place].at;
  // Whatever is told of it from then on, it is being deleted.
  for (std::size_t i = place; i < timeline.size(); ++i)
    if (auto* seen = std::get_if<ObjectSeen>(&timeline.observations[i].what);
        seen != nullptr && meta_of(seen->object).ref.uid.value == uid && seen->served != nullptr) {
      json later = *seen->served;
      later["metadata"]["deletionTimestamp"] = "2026-11-24T03:09:27Z";
      seen->object = parse_object(later);
      seen->served = std::make_shared<const json>(std::move(later));
    }
  ObjectSeen told{Change::kModified, parse_object(object), std::make_shared<const json>(object), false};
  timeline.observations.insert(timeline.observations.begin() + static_cast<std::ptrdiff_t>(place),
                               Observation{place + 1, at, std::move(told)});
  number_anew(timeline);
}

/// One pod has another revision's name.
void take_another_revision(FieldMutant& mutant, Chance& chance) {
  const ObjectSeen* example = any_object(mutant.timeline, "Pod", chance);
  if (example == nullptr) return;
  std::set<std::string> revisions;
  for (const Observation& seen : mutant.timeline)
    if (const auto* set = seen.object<StatefulSet>(); set != nullptr && !set->update_revision.empty())
      revisions.insert(set->update_revision);
  const Pod& pod = std::get<Pod>(example->object);
  revisions.erase(pod.revision());
  if (revisions.empty()) {
    mutant.timeline = {};
    return;
  }
  const std::string other = chance.of(std::vector<std::string>(revisions.begin(), revisions.end()));
  const std::string uid = pod.meta.ref.uid.value;
  mutant.kind = "Pod created at another revision";
  mutant.told = fmt::format("{} at {}", pod.meta.ref.name, other);
  change_all(mutant.timeline, "Pod", 0, [&](json& object, const ObjectSeen& seen) {
    if (meta_of(seen.object).ref.uid.value != uid) return false;
    object["metadata"]["labels"][kRevisionLabel] = other;
    return true;
  });
}

}  // namespace

FieldMutant field_mutant(const Timeline& good, std::uint64_t seed) {
  FieldMutant mutant{good, {}, {}};
  Chance chance{seed};
  switch (chance.below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      change_a_field(mutant, chance, "Pod");
      break;
    case 6:
    case 7:
      change_a_field(mutant, chance, "PersistentVolumeClaim");
      break;
    case 8:
    case 9:
      change_a_field(mutant, chance, "EndpointSlice");
      break;
    case 10:
    case 11:
    case 12:
      change_a_field(mutant, chance, "StatefulSet");
      break;
    case 13:
      change_a_field(mutant, chance, "ControllerRevision");
      break;
    case 14:
      add_a_field(mutant, chance);
      break;
    case 15:
    case 16:
      delay_status(mutant, chance);
      break;
    case 17:
      write_without_end(mutant, chance);
      break;
    case 18:
      delete_for_nothing(mutant, chance);
      break;
    default:
      take_another_revision(mutant, chance);
  }
  if (mutant.kind.empty() || mutant.timeline.observations.empty()) return {};
  return mutant;
}

}  // namespace stateproof::replay
