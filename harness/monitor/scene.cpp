#include "harness/monitor/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "harness/model/fields.h"

namespace stateproof::monitor {
namespace {

using nlohmann::json;
using namespace fields;

/// Pods whose name has no ordinal of the set stand after all others.
std::pair<bool, int> place_of(const Pod& pod, const Target& target) {
  const auto ordinal = ordinal_of(pod.meta.ref.name, target.set);
  return {!ordinal.has_value(), ordinal ? ordinal->value : 0};
}

std::vector<Claim> claims_of(const record::View& view, const Scene& scene) {
  std::set<std::string> names;
  for (const Pod& pod : scene.pods)
    for (const auto& [volume, claim] : pod.volume_claims) names.insert(claim);
  if (scene.set)
    for (const auto& [name, claim] : view.claims)
      if (claim_ordinal(name, *scene.set)) names.insert(name);
  std::vector<std::pair<int, const Claim*>> found;
  for (const std::string& name : names) {
    const auto claim = view.claims.find(name);
    if (claim == view.claims.end()) continue;
    const auto ordinal = scene.set ? claim_ordinal(name, *scene.set) : std::nullopt;
    found.emplace_back(ordinal ? ordinal->value : -1, &claim->second);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Claim> claims;
  for (const auto& [ordinal, claim] : found) claims.push_back(*claim);
  return claims;
}

std::vector<Endpoint> endpoints_of(const record::View& view, const std::string& service) {
  std::vector<Endpoint> endpoints;
  for (const auto& [name, slice] : view.slices)
    if (slice.service == service)
      endpoints.insert(endpoints.end(), slice.endpoints.begin(), slice.endpoints.end());
  // "web-10" after "web-9": a longer name has the higher ordinal.
  const auto key = [](const Endpoint& endpoint) {
    const std::string& name = endpoint.target.name;
    return std::tuple{name.size(), name, endpoint.addresses};
  };
  std::sort(endpoints.begin(), endpoints.end(),
            [&](const Endpoint& a, const Endpoint& b) { return key(a) < key(b); });
  return endpoints;
}

bool is_about(const json& object, const Target& target) {
  const std::string kind = text(object, "kind");
  const std::string name = text(object, "name");
  if (kind == "StatefulSet") return name == target.set;
  if (kind == "Pod") return ordinal_of(name, target.set).has_value();
  return kind == "PersistentVolumeClaim" && may_belong_to(name, target);
}

}  // namespace

bool belongs_to(const Pod& pod, const Target& target) {
  if (ordinal_of(pod.meta.ref.name, target.set)) return true;
  return pod.meta.is_controlled_by_set(target.set);
}

bool may_belong_to(const std::string& claim, const Target& target) {
  const std::string middle = "-" + target.set + "-";
  const auto at = claim.rfind(middle);
  return at != std::string::npos && at > 0 && ordinal_of(claim.substr(at + 1), target.set).has_value();
}

std::optional<Ordinal> claim_ordinal(const std::string& claim, const StatefulSet& set) {
  for (const std::string& name : set.claim_templates)
    if (const auto ordinal = ordinal_of(claim, name + "-" + set.meta.ref.name)) return ordinal;
  return std::nullopt;
}

Details details_of(const json& served) {
  int ready = 0;
  for (const json& container : in(served, "status", "containerStatuses"))
    if (flag(container, "ready")) ++ready;
  Details details;
  details.ready_containers = fmt::format("{}/{}", ready, in(served, "spec", "containers").size());
  details.capacity = text(in(served, "status", "capacity"), "storage");
  if (details.capacity.empty())
    details.capacity = text(in(served, "spec", "resources", "requests"), "storage");
  return details;
}

Scene scene_of(const record::View& view, const Target& target) {
  Scene scene;
  scene.target = target;
  if (const auto set = view.sets.find(target.set); set != view.sets.end()) scene.set = set->second;
  for (const auto& [name, pod] : view.pods)
    if (belongs_to(pod, target)) scene.pods.push_back(pod);
  std::stable_sort(scene.pods.begin(), scene.pods.end(),
                   [&](const Pod& a, const Pod& b) { return place_of(a, target) < place_of(b, target); });
  scene.claims = claims_of(view, scene);
  for (const Claim& claim : scene.claims)
    if (const auto volume = view.volumes.find(claim.volume); volume != view.volumes.end())
      scene.volumes.insert(*volume);
  if (scene.set && !scene.set->service_name.empty()) {
    const auto service = view.services.find(scene.set->service_name);
    if (service != view.services.end()) scene.service = service->second;
    scene.endpoints = endpoints_of(view, scene.set->service_name);
  }
  return scene;
}

std::optional<SeenEvent> event_of(const json& served, const Target& target) {
  const json& about = member(served, "involvedObject");
  if (!is_about(about, target)) return std::nullopt;
  SeenEvent event;
  event.uid = text(member(served, "metadata"), "uid");
  event.at = time_of_event(served);
  event.type = text(served, "type");
  event.reason = text(served, "reason");
  event.about = text(about, "kind") + " " + text(about, "name");
  event.message = text(served, "message");
  event.count =
      std::max<std::int64_t>({1, number(served, "count"), number(member(served, "series"), "count")});
  return event;
}

bool is_ready(const StatefulSet& set) {
  if (set.meta.deletion || set.observed_generation < set.meta.generation) return false;
  const int wanted = set.replicas.value;
  if (set.current_pods.value != wanted || set.ready_pods.value != wanted ||
      set.available_pods.value != wanted)
    return false;
  if (set.update_strategy == "OnDelete" || set.current_revision == set.update_revision) return true;
  return set.partition > 0 && set.updated_pods.value >= wanted - set.partition;
}

bool is_gone(const Scene& scene) {
  // A pod that is nobody's stays, whatever becomes of the set.
  return !scene.set && std::none_of(scene.pods.begin(), scene.pods.end(),
                                    [](const Pod& pod) { return pod.meta.controller() != nullptr; });
}

}  // namespace stateproof::monitor
