#include "harness/check/evidence/debt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/patience.h"
#include "harness/model/fields.h"
#include "harness/model/known.h"

namespace stateproof::check {
namespace {

using nlohmann::json;

bool same_owners(const ObjectMeta& a, const ObjectMeta& b) {
  return std::equal(a.owners.begin(), a.owners.end(), b.owners.begin(), b.owners.end(),
                    [](const OwnerReference& one, const OwnerReference& other) {
                      return one.uid == other.uid && one.controller == other.controller;
                    });
}

bool same_meta(const ObjectMeta& a, const ObjectMeta& b) {
  return a.generation == b.generation && a.labels == b.labels && a.finalizers == b.finalizers &&
         a.deletion.has_value() == b.deletion.has_value() && same_owners(a, b);
}

/// Whether two states of one object are the same to whoever acts on it.
struct SameTo {
  bool operator()(const Pod& a, const Pod& b) const {
    return a.ready == b.ready && a.phase == b.phase && a.node == b.node && same_meta(a.meta, b.meta);
  }
  bool operator()(const StatefulSet& a, const StatefulSet& b) const { return same_meta(a.meta, b.meta); }
  bool operator()(const Claim& a, const Claim& b) const {
    return a.phase == b.phase && a.volume == b.volume && same_meta(a.meta, b.meta);
  }
  bool operator()(const Volume& a, const Volume& b) const {
    return a.phase == b.phase && a.claim.uid == b.claim.uid && same_meta(a.meta, b.meta);
  }
  bool operator()(const Node& a, const Node& b) const {
    return a.ready == b.ready && a.unschedulable == b.unschedulable;
  }
  /// What controllers write themselves, and what they do not act on.
  template <class T>
  bool operator()(const T&, const T&) const {
    return true;
  }
};

bool is_acted_on(std::string_view resource) {
  constexpr std::array<std::string_view, 5> kActedOn{"pods", "statefulsets", "persistentvolumeclaims",
                                                     "persistentvolumes", "nodes"};
  return std::find(kActedOn.begin(), kActedOn.end(), resource) != kActedOn.end();
}

bool same(const KubeObject& a, const KubeObject& b) {
  return a.index() == b.index() &&
         std::visit([&](const auto& one) { return SameTo{}(one, std::get<std::decay_t<decltype(one)>>(b)); },
                    a);
}

/// Something that a controller of this set wrote.
bool is_pulse(const Observation& seen, const Subject& subject, std::string_view set) {
  const auto* event = seen.as<ObjectSeen>();
  if (event == nullptr || event->synthesized || event->change == Change::kListed) return false;
  if (const auto* one = seen.object<StatefulSet>())
    return one->meta.ref.name == set && one->observed_generation > 0;
  if (const auto* slice = seen.object<EndpointSlice>()) return slice->meta.ref.ns == subject.ns;
  if (const auto* revision = seen.object<ControllerRevision>()) return revision->meta.ref.ns == subject.ns;
  if (const auto* budget = seen.object<DisruptionBudget>()) return budget->observed_generation > 0;
  if (const Pod* pod = seen.object<Pod>())
    return event->change == Change::kAdded && pod->meta.controller() != nullptr &&
           pod->meta.ref.ns == subject.ns;
  if (event->served == nullptr) return false;
  const json& served = *event->served;
  return fields::text(served, "kind") == "Event" &&
         fields::text(served, "reportingComponent").ends_with("-controller");
}

/// A controller whose status was heard must have been heard since, as far as two watches can be compared; of
/// one that never was, nothing is known.
bool seems_dead(const Timeline& timeline, const Debt& debt, const Observation& since) {
  bool heard = false;
  for (const Observation& seen : timeline_until(timeline, *debt.end)) {
    if (!is_pulse(seen, timeline.subject(), debt.set)) continue;
    if (seen.index > debt.begin->index && seen.at + kSkew >= since.at) return false;
    heard = heard || seen.object<StatefulSet>() != nullptr;
  }
  return heard;
}

bool lacks_image(const ContainerState& container) {
  constexpr std::array reasons{"ErrImagePull",      "ImagePullBackOff",  "InvalidImageName",
                               "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"};
  return std::find(reasons.begin(), reasons.end(), container.waiting_reason) != reasons.end();
}

/// By UID of the pod: what the scheduler, a kubelet or a volume's driver last complained of.
using Complaints = std::map<std::string, std::string>;

void take_in_complaint(Complaints& complaints, const json& event) {
  const json& about = fields::member(event, "involvedObject");
  if (fields::text(event, "type") == "Warning" && fields::text(about, "kind") == "Pod")
    complaints[fields::text(about, "uid")] =
        fmt::format("{}: {}", fields::text(event, "reason"), fields::text(event, "message"));
}

/// Why a pod cannot become Ready, or cannot go; nullopt when nothing of that kind is known.
std::optional<std::string> stuck(const Pod& pod, const std::map<std::string, const Node*>& nodes,
                                 const Complaints& complaints) {
  const std::string& name = pod.meta.ref.name;
  if (const auto node = nodes.find(pod.node); node != nodes.end() && !node->second->ready)
    return fmt::format("node {} of {} was not Ready", pod.node, name);
  if (pod.ready || pod.terminating()) return std::nullopt;
  if (!pod.unscheduled_message.empty())
    return fmt::format("{} was {}, unscheduled: {}", name, pod.phase, pod.unscheduled_message);
  for (const ContainerState& container : pod.containers)
    if (lacks_image(container))
      return fmt::format("{} had no image: {} {}", name, container.waiting_reason, container.waiting_message);
  if (pod.phase != "Pending") return std::nullopt;
  if (const auto complaint = complaints.find(pod.meta.ref.uid.value); complaint != complaints.end())
    return fmt::format("{} was Pending: {}", name, complaint->second);
  if (pod.node.empty()) return fmt::format("{} was Pending without a node", name);
  return std::nullopt;
}

std::optional<std::string> any_stuck_pod(const Timeline& timeline, const Debt& debt) {
  std::map<std::string, const Pod*> pods;
  std::map<std::string, const Node*> nodes;
  Complaints complaints;
  for (const Observation& seen : timeline_until(timeline, *debt.end)) {
    const auto* event = seen.as<ObjectSeen>();
    if (seen.object<OtherObject>() != nullptr && event->served != nullptr)
      take_in_complaint(complaints, *event->served);
    if (const Node* node = seen.object<Node>()) take_in(nodes, node->meta.ref.name, node, event->change);
    if (const Pod* pod = seen.object<Pod>(); pod != nullptr && pod->meta.ref.ns == timeline.subject().ns &&
                                             ordinal_of(pod->meta.ref.name, debt.set))
      take_in(pods, pod->meta.ref.name, pod, event->change);
  }
  for (const auto& [name, pod] : pods)
    if (auto why = stuck(*pod, nodes, complaints)) return why;
  return std::nullopt;
}

/// A quota, Pod Security, another plugin, a webhook that denies or is down, or the API server's own trouble.
/// Other failures are the controller's to overcome: an object that is invalid, or there already.
bool is_of_admission(std::string_view message) {
  constexpr std::array<std::string_view, 7> words{
      " is forbidden", "denied the request", "failed calling webhook", "Internal error occurred",
      "etcdserver:",   "Timeout:",           "too many requests"};
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return message.find(word) != std::string_view::npos; });
}

/// What the controller last said of a pod or claim that it was not allowed to create, when none came since.
std::optional<std::string> refusal(const Timeline& timeline, const Debt& debt) {
  std::optional<std::string> refused;
  for (const Observation& seen : timeline_until(timeline, *debt.end)) {
    if (seen.index < debt.begin->index) continue;
    const auto* event = seen.as<ObjectSeen>();
    if (event == nullptr) continue;
    if (const Pod* pod = seen.object<Pod>();
        pod != nullptr && event->change == Change::kAdded && ordinal_of(pod->meta.ref.name, debt.set))
      refused.reset();
    if (seen.object<OtherObject>() == nullptr || event->served == nullptr) continue;
    const json& served = *event->served;
    const json& about = fields::member(served, "involvedObject");
    if (fields::text(served, "reason") != "FailedCreate" ||
        fields::text(about, "namespace") != timeline.subject().ns)
      continue;
    const std::string name = fields::text(about, "name");
    const std::string message = fields::text(served, "message");
    const bool is_concerned = name == debt.set || fields::text(about, "kind") == "ReplicaSet";
    if (is_concerned && is_of_admission(message)) refused = fmt::format("{} was refused: {}", name, message);
  }
  return refused;
}

}  // namespace

const Observation& latest_change(const Timeline& timeline, const Observation& begin, const Observation& end) {
  std::unordered_map<std::string_view, const KubeObject*> known;  // by UID
  const Observation* latest = &begin;
  for (const Observation& seen : timeline_until(timeline, end)) {
    const bool counts = seen.index > begin.index;
    if (seen.as<FaultMark>() != nullptr && counts) latest = &seen;
    // What came and went within a hole leaves no trace, and may have gone just now.
    if (const auto* gap = seen.as<Gap>(); gap != nullptr && counts && is_acted_on(gap->resource))
      latest = &seen;
    const auto* event = seen.as<ObjectSeen>();
    if (event == nullptr || !is_acted_on(watched_resource(seen))) continue;
    const ObjectRef& ref = meta_of(event->object).ref;
    if (!ref.ns.empty() && ref.ns != timeline.subject().ns) continue;
    const KubeObject*& former = known[ref.uid.value];
    if (counts && (former == nullptr || event->change == Change::kDeleted || !same(*former, event->object)))
      latest = &seen;
    former = event->change == Change::kDeleted ? nullptr : &event->object;
  }
  return *latest;
}

const Observation* last_delivered(const Timeline& timeline, const Observation& begin,
                                  const Observation& end) {
  const Observation* last = nullptr;
  for (const Observation& seen : timeline_until(timeline, end))
    if (seen.as<ObjectSeen>() != nullptr && seen.index > begin.index) last = &seen;
  return last;
}

bool is_overdue(const Timeline& timeline, const Debt& debt, Judgement& judgement) {
  const Observation& since =
      debt.since != nullptr ? *debt.since : latest_change(timeline, *debt.begin, *debt.end);
  if (debt.end->at - std::max(since.at, debt.begin->at) < kControllerPatience) return false;
  // What was lost when the time was over may have been the act, or what was in its way.
  std::optional<std::string> hindrance = Course{timeline}.lost_at(
      debt.end->index,
      {"pods", "statefulsets", "events", "nodes", "persistentvolumeclaims", "persistentvolumes"});
  if (!hindrance && debt.hindrances.refusals) hindrance = refusal(timeline, debt);
  if (!hindrance && debt.hindrances.stuck_pods) hindrance = any_stuck_pod(timeline, debt);
  if (!hindrance && debt.hindrances.refusals && seems_dead(timeline, debt, since))
    hindrance = fmt::format("the controller showed no activity after {} (#{})", moment(since), since.index);
  if (hindrance) judgement.doubt(*hindrance);
  return !hindrance;
}

}  // namespace stateproof::check
