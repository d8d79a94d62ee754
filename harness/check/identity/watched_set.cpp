#include "harness/check/identity/watched_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/storage/bindings.h"

namespace stateproof::check {
namespace {

bool is_subject(const StatefulSet& set, const Subject& subject) {
  return set.meta.ref.ns == subject.ns && set.meta.ref.name == subject.set;
}

Ordinal end_of(const StatefulSet& set) { return {set.first.value + set.replicas.value}; }

bool any_pod_listed(const Timeline& timeline) {
  return std::any_of(timeline.begin(), timeline.end(), [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && seen.as<ObjectSeen>()->change == Change::kListed &&
           subject_ordinal(*pod, timeline.subject());
  });
}

std::string look_at_pod(const ObjectRef& pod) {
  return fmt::format("spec.volumes: kubectl -n {} get pod {} -o yaml", pod.ns, pod.name);
}

/// The set's own pods of the recording, in order of appearance.
std::vector<const Incarnation*> own_pods(const Incarnations& all, const WatchedSet& set) {
  std::vector<const Incarnation*> own;
  for (const Incarnation& pod : all)
    if (set.controls(*pod.last)) own.push_back(&pod);
  return own;
}

std::string claim_of(const std::string& claim_template, const Incarnation& pod) {
  return claim_template + "-" + pod.ref.name;
}

/// STO-01, one pod: the volume of a template's name is the claim of the pod's name. What else a pod mounts
/// its owner may have wanted; and one that was there before may have been made by a set with other templates,
/// and adopted.
void judge_claims(const Incarnation& pod, const WatchedSet& set, Judgement& judgement) {
  for (const std::string& name : set.claim_templates()) {
    const auto volume = pod.last->volume_claims.find(name);
    const std::string used = volume == pod.last->volume_claims.end() ? "no claim" : "claim " + volume->second;
    const std::string own = "claim " + claim_of(name, pod);
    if (used == own) continue;
    if (!pod.created) {
      judgement.doubt(
          fmt::format("{}, which existed before, uses {} for volume {}", pod.ref.name, used, name));
      continue;
    }
    judgement.find({pod.ref,
                    fmt::format("{} uses {} for volume {}", pod.ref.name, own, name),
                    fmt::format("{} of {} uses {}", pod.ref.name, moment(*pod.appeared), used),
                    {pod.appeared->index},
                    look_at_pod(pod.ref)});
  }
}

/// Who holds a volume, as the claims watch showed it last.
struct BoundClaim {
  ObjectRef ref;
  const Observation* seen = nullptr;
};

/// STO-02, by the claims watch alone: whose volume is it at each moment?
void judge_sharing(const Timeline& timeline, Judgement& judgement) {
  std::map<std::string, BoundClaim> holder;  // by volume
  for (const Observation& seen : timeline) {
    const Claim* claim = seen.object<Claim>();
    if (claim == nullptr || claim->meta.ref.ns != timeline.subject().ns || claim->volume.empty()) continue;
    const auto held = holder.find(claim->volume);
    if (seen.is_deletion()) {
      if (held != holder.end() && held->second.ref.uid == claim->meta.ref.uid) holder.erase(held);
      continue;
    }
    if (claim->phase != "Bound") continue;
    if (held == holder.end()) {
      holder.emplace(claim->volume, BoundClaim{claim->meta.ref, &seen});
    } else if (held->second.ref.uid != claim->meta.ref.uid) {
      judgement.find(
          {claim->meta.ref,
           fmt::format("volume {} belongs to claim {} alone", claim->volume, held->second.ref.name),
           fmt::format("claim {} (UID {}) was also bound to it at {}", claim->meta.ref.name,
                       claim->meta.ref.uid.value, moment(seen)),
           {held->second.seen->index, seen.index},
           fmt::format("spec.claimRef: kubectl get pv {} -o yaml", claim->volume)});
      held->second = {claim->meta.ref, &seen};
    }
  }
}

bool is_of_templates(const ClaimLife& claim, const WatchedSet& set, const Subject& subject) {
  const auto& names = set.claim_templates();
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return ordinal_of(claim.ref.name, name + "-" + subject.set).has_value();
  });
}

/// STO-03: the claims of one replaced pod, each of which should be one object with one volume all along.
bool judge_found_again(const Incarnation& pod, const WatchedSet& set, const Bindings& bindings,
                       Judgement& judgement) {
  for (const std::string& name : set.claim_templates()) {
    std::vector<const ClaimLife*> lives;
    for (const ClaimLife& claim : bindings.claims())
      if (claim.ref.name == claim_of(name, pod)) lives.push_back(&claim);
    if (lives.empty()) {
      judgement.doubt(fmt::format("claim {} was not recorded", claim_of(name, pod)));
      return false;
    }
    // One that was deleted later was there until then: what is recreated has another UID.
    if (lives.size() > 1) {
      judgement.doubt(
          fmt::format("claim {} was recreated meanwhile; the recording does not show who deleted it",
                      claim_of(name, pod)));
      return false;
    }
    const ClaimLife& claim = *lives.front();
    if (const VolumeLife* volume = bindings.volume(claim.volume);
        volume != nullptr && volume->moved != nullptr) {
      judgement.find({volume->ref,
                      fmt::format("volume {} of claim {} stays the same one", claim.volume, claim.ref.name),
                      fmt::format("it pointed to another location at {}", moment(*volume->moved)),
                      {volume->appeared->index, volume->moved->index},
                      fmt::format("the source in spec: kubectl get pv {} -o yaml", claim.volume)});
      return false;
    }
    if (claim.renamed == nullptr) continue;
    judgement.find(
        {claim.ref,
         fmt::format("claim {} keeps volume {}", claim.ref.name, claim.volume),
         fmt::format("it named volume \"{}\" at {}", claim.renamed->object<Claim>()->volume,
                     moment(*claim.renamed)),
         {claim.named->index, claim.renamed->index},
         fmt::format("spec.volumeName: kubectl -n {} get pvc {} -o yaml", claim.ref.ns, claim.ref.name)});
    return false;
  }
  return true;
}

/// The verdict on the claims of a set of which there is nothing to judge; nullopt when there is.
std::optional<Verdict> without_claims(const WatchedSet& set) {
  if (set.doubt_of_claims()) return inconclusive(*set.doubt_of_claims());
  if (set.claim_templates().empty()) return not_applicable("the set has no claim templates");
  return std::nullopt;
}

}  // namespace

void complete_subject(Timeline& timeline) {
  Subject& subject = timeline.header.subject;
  for (const Observation& seen : timeline) {
    const StatefulSet* set = seen.object<StatefulSet>();
    if (set == nullptr || !is_subject(*set, subject)) continue;
    subject.service = set->service_name;
    subject.replicas = set->replicas;
    subject.first = set->first;
    subject.ordered = set->pod_management == "OrderedReady";
    if (!set->claim_templates.empty()) subject.claim_template = set->claim_templates.front();
    return;
  }
}

WatchedSet::WatchedSet(const Timeline& timeline) {
  const StatefulSet* known = nullptr;
  for (const Observation& seen : timeline) {
    const StatefulSet* set = seen.object<StatefulSet>();
    if (set == nullptr || !is_subject(*set, timeline.subject())) continue;
    uids_.insert(set->meta.ref.uid.value);
    if (known == nullptr) {
      const ObjectSeen& event = *seen.as<ObjectSeen>();
      ordered_ = set->pod_management == "OrderedReady";
      templates_ = set->claim_templates;
      from_the_beginning_ = event.change == Change::kAdded && !event.synthesized && !any_pod_listed(timeline);
      first_ = set->first;
      end_ = end_of(*set);
    } else if (set->pod_management != known->pod_management || set->first != known->first ||
               set->claim_templates != known->claim_templates) {
      doubt_ = fmt::format("the set's ordinals, order or claim templates changed at {}", moment(seen));
      if (set->claim_templates != known->claim_templates) doubt_of_claims_ = doubt_;
    }
    first_ = std::min(first_, set->first);
    end_ = std::max(end_, end_of(*set));
    known = set;
  }
  if (known == nullptr) doubt_ = doubt_of_claims_ = "the set was not recorded";
  if (Course{timeline}.lost({"statefulsets", "pods"})) from_the_beginning_ = false;
}

bool WatchedSet::controls(const Pod& pod) const {
  const OwnerReference* owner = pod.meta.controller();
  return owner != nullptr && uids_.contains(owner->uid.value);
}

Verdict watched_pods_are_wanted(const Timeline& timeline) {
  const WatchedSet set{timeline};
  if (set.doubt()) return inconclusive(*set.doubt());
  const Subject& subject = timeline.subject();
  const auto [first, end] = set.wanted();
  const Course course{timeline};
  // What a list tells is never called created.
  Judgement judgement{course, Watches{"pods"}.even_after_holes("only what was observed live is judged")};
  std::set<Uid> known;
  std::size_t judged = 0;
  for (const Observation& seen : timeline) {
    const Pod* pod = seen.object<Pod>();
    // A pod that the set controls only later was made by somebody else, and adopted.
    if (pod == nullptr || pod->meta.ref.ns != subject.ns || !known.insert(pod->meta.ref.uid).second ||
        !set.controls(*pod))
      continue;
    ++judged;
    const auto ordinal = ordinal_of(pod->meta.ref.name, subject.set);
    if (ordinal && *ordinal >= first && *ordinal < end) continue;
    const ObjectSeen& event = *seen.as<ObjectSeen>();
    // A set that was there before may have wanted more a moment ago.
    if (event.change != Change::kAdded || event.synthesized || (ordinal && !set.from_the_beginning())) {
      judgement.doubt(fmt::format("{} is outside the ordinals that were wanted while it was watched",
                                  pod->meta.ref.name));
      continue;
    }
    judgement.find(
        {pod->meta.ref,
         fmt::format("the StatefulSet creates pods {}-{} to {}-{} and no others", subject.set, first.value,
                     subject.set, end.value - 1),
         fmt::format("{} was created at {}", pod->meta.ref.name, moment(seen)),
         {seen.index},
         fmt::format("spec.replicas and spec.ordinals.start: kubectl -n {} get statefulset {} -o yaml",
                     subject.ns, subject.set)});
  }
  if (judged == 0) judgement.doubt("no pod of the set was seen");
  return std::move(judgement).verdict(counted(judged, "pod", "pods") + ", all of them wanted");
}

Verdict watched_pods_use_own_claims(const Timeline& timeline) {
  const WatchedSet set{timeline};
  if (auto verdict = without_claims(set)) return *std::move(verdict);
  const Incarnations all{timeline.observations, timeline.subject()};
  const Bindings bindings{timeline.observations, timeline.subject()};
  const Course course{timeline};
  Judgement judgement{
      course, Watches{"pods", "persistentvolumeclaims"}.even_after_holes("each pod is judged on its own")};
  std::size_t judged = 0;
  for (const Incarnation* pod : own_pods(all, set)) {
    judge_claims(*pod, set, judgement);
    if (!pod->was_ready()) continue;
    ++judged;
    // The watch of claims may be behind that of pods when the recording ends.
    for (const std::string& name : set.claim_templates())
      if (std::none_of(bindings.claims().begin(), bindings.claims().end(), [&](const ClaimLife& claim) {
            return claim.ref.name == claim_of(name, *pod) && claim.bound != nullptr;
          }))
        judgement.doubt(fmt::format("claim {} was not seen Bound", claim_of(name, *pod)));
  }
  if (judged == 0) judgement.doubt("no pod of the set was Ready");
  return std::move(judgement).verdict(counted(judged, "pod", "pods") +
                                      ", each with the claims that bear its name");
}

Verdict watched_claims_have_own_volumes(const Timeline& timeline) {
  const WatchedSet set{timeline};
  if (auto verdict = without_claims(set)) return *std::move(verdict);
  const Bindings bindings{timeline.observations, timeline.subject()};
  const Course course{timeline};
  Judgement judgement{course, {"persistentvolumeclaims", "persistentvolumes"}};
  judge_sharing(timeline, judgement);
  std::size_t judged = 0;
  for (const ClaimLife& claim : bindings.claims()) {
    if (claim.bound == nullptr || !is_of_templates(claim, set, timeline.subject())) continue;
    ++judged;
    const VolumeLife* volume = bindings.volume(claim.volume);
    if (volume == nullptr)
      judgement.doubt(fmt::format("volume {} was not recorded", claim.volume));
    else if (volume->claim != claim.ref.uid && volume->last->claim.uid != claim.ref.uid)
      judgement.doubt(fmt::format("volume {} did not point back at claim {}", claim.volume, claim.ref.name));
  }
  if (judged == 0) judgement.doubt("no claim of the set was Bound");
  return std::move(judgement).verdict(counted(judged, "claim", "claims") +
                                      ", each with a volume of its own that points back at it");
}

Verdict watched_storage_is_found_again(const Timeline& timeline) {
  const WatchedSet set{timeline};
  if (auto verdict = without_claims(set)) return *std::move(verdict);
  const Incarnations all{timeline.observations, timeline.subject()};
  const Bindings bindings{timeline.observations, timeline.subject()};
  const Course course{timeline};
  Judgement judgement{course, {"pods", "persistentvolumeclaims"}};
  std::size_t judged = 0;
  for (const Incarnation* pod : own_pods(all, set)) {
    if (pod->former == nullptr || !set.controls(*pod->former->last) || !pod->was_ready()) continue;
    judge_claims(*pod, set, judgement);
    if (judge_found_again(*pod, set, bindings, judgement)) ++judged;
  }
  if (judged == 0) judgement.doubt("no pod was replaced and became Ready");
  return std::move(judgement).verdict(counted(judged, "pod", "pods") +
                                      " replaced, each with the same claims and volumes as before");
}

}  // namespace stateproof::check
