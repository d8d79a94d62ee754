#include "harness/check/storage/claim_binding.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <unordered_map>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/storage/bindings.h"

namespace stateproof::check {
namespace {

std::string look_at_claim(const ObjectRef& claim, std::string_view field) {
  return fmt::format("{}: kubectl -n {} get pvc {} -o yaml", field, claim.ns, claim.name);
}

std::string look_at_pod(const ObjectRef& pod) {
  return fmt::format(
      "spec.volumes and volumeMounts: kubectl -n {} get pod {} -o yaml; spec.volumeClaimTemplates of "
      "its set",
      pod.ns, pod.name);
}

/// STO-01, the pods' side: which claim each pod mounts at the data path.
void judge_reference(const Incarnation& pod, const Subject& subject, Judgement& judgement) {
  const std::string wanted = subject.claim_name(pod.ordinal);
  const std::string used = pod.last->claim_at(subject.mount_path);
  if (used != wanted)
    judgement.find({pod.ref,
                    fmt::format("{} mounts claim {} at {}", pod.ref.name, wanted, subject.mount_path),
                    fmt::format("{} of {} mounts {} there", pod.ref.name, moment(*pod.appeared),
                                used.empty() ? "no claim" : "claim " + used),
                    {pod.appeared->index},
                    look_at_pod(pod.ref)});
  for (const auto& [volume, claim] : pod.last->volume_claims) {
    const auto owner = ordinal_of(claim, subject.claim_template + "-" + subject.set);
    if (!owner || *owner == pod.ordinal || claim == used) continue;
    judgement.find({pod.ref,
                    fmt::format("{} uses no claim of another pod", pod.ref.name),
                    fmt::format("{} of {} uses claim {}, which belongs to {}", pod.ref.name,
                                moment(*pod.appeared), claim, subject.pod_name(*owner)),
                    {pod.appeared->index},
                    look_at_pod(pod.ref)});
  }
}

/// STO-01, the claim's side: is what a Ready pod stands on Bound?
void judge_bound(const Incarnation& pod, const Bindings& bindings, const Subject& subject, bool whole,
                 Judgement& judgement) {
  const std::string name = subject.claim_name(pod.ordinal);
  const auto lives = bindings.of(pod.ordinal);
  if (lives.empty()) return judgement.doubt(fmt::format("claim {} was not recorded", name));
  for (const ClaimLife* claim : lives) {
    const bool lost = claim->lost != nullptr;
    if (!lost && claim->bound != nullptr) continue;
    const std::string state = lost ? "Lost" : state_text(*claim);
    if (!lost && !whole) {
      judgement.doubt(fmt::format("claim {} was {}", name, state));
      continue;
    }
    const Observation& seen = lost ? *claim->lost : *claim->seen;
    judgement.find({claim->ref,
                    fmt::format("claim {} is Bound while {} uses it", name, pod.ref.name),
                    fmt::format("{} was Ready at {}, its claim was {} at {}", pod.ref.name,
                                moment(*pod.first_ready()), state, moment(seen)),
                    {pod.first_ready()->index, seen.index},
                    look_at_claim(claim->ref, "status.phase and the events of the claim")});
  }
}

/// Adds a doubt for each wanted ordinal that has no pod which was Ready.
std::size_t count_ready_members(const Incarnations& pods, const Subject& subject, Judgement& judgement) {
  std::set<Ordinal> ready;
  for (const Incarnation& pod : pods)
    if (pod.was_ready()) ready.insert(pod.ordinal);
  for (int i = 0; i < subject.replicas.value; ++i) {
    const Ordinal ordinal{subject.first.value + i};
    if (ready.contains(ordinal)) continue;
    const Incarnation* pod = pods.latest(ordinal);
    judgement.doubt(fmt::format("{} was never Ready: {}", subject.pod_name(ordinal),
                                pod == nullptr ? "not created" : state_text(*pod)));
  }
  return ready.size();
}

/// STO-02, judged on claims that were Bound.
class OneToOne {
 public:
  OneToOne(const Bindings& bindings, const Course& course, Judgement& judgement)
      : bindings_(bindings), course_(course), judgement_(judgement) {
    for (const VolumeLife& volume : bindings.volumes())
      if (volume.gone == nullptr && volume.last->phase == "Bound" && !volume.last->claim.uid.empty())
        volumes_of_[volume.last->claim.uid].push_back(&volume);
  }

  void judge(const ClaimLife& claim) {
    if (claim.renamed != nullptr)
      find(claim, fmt::format("claim {} stays with volume {}", claim.ref.name, claim.volume),
           fmt::format("it named volume \"{}\" at {}", claim_at(*claim.renamed).volume,
                       moment(*claim.renamed)),
           {claim.named->index, claim.renamed->index});
    judge_sharing(claim);
    judge_volume(claim);
    judge_rivals(claim);
  }

 private:
  static const Claim& claim_at(const Observation& seen) { return *seen.object<Claim>(); }

  void judge_sharing(const ClaimLife& claim) {
    const auto [first, is_first] = user_of_.try_emplace(claim.volume, &claim);
    if (is_first) return;
    find(claim, fmt::format("volume {} belongs to claim {} alone", claim.volume, first->second->ref.name),
         fmt::format("claim {} (UID {}) named the same volume at {}", claim.ref.name, claim.ref.uid.value,
                     moment(*claim.named)),
         {first->second->named->index, claim.named->index});
  }

  void judge_volume(const ClaimLife& claim) {
    const VolumeLife* volume = bindings_.volume(claim.volume);
    if (volume == nullptr) return judge_unknown_volume(claim);
    const ObjectRef& back = volume->last->claim;
    if (back.uid != claim.ref.uid)
      return find(claim,
                  fmt::format("volume {} points back at claim {} with UID {}", claim.volume, claim.ref.name,
                              claim.ref.uid.value),
                  fmt::format("its claimRef was {}/{} with UID \"{}\" at {}", back.ns, back.name,
                              back.uid.value, moment(*volume->seen)),
                  {claim.named->index, volume->seen->index});
    if (volume->renamed != nullptr)
      find(claim, fmt::format("volume {} stays with claim {}", claim.volume, claim.ref.name),
           fmt::format("its claimRef pointed at another claim at {}", moment(*volume->renamed)),
           {volume->renamed->index});
    judge_backing(claim, *volume);
  }

  /// The volume exists before a claim can name it, so a recording that is not cut off would show it.
  void judge_unknown_volume(const ClaimLife& claim) {
    if (!course_.is_whole() || course_.cut_short())
      return judgement_.doubt(fmt::format("volume {} was not recorded", claim.volume));
    find(claim, fmt::format("volume {} of claim {} exists", claim.volume, claim.ref.name),
         "no volume of that name was ever recorded", {claim.named->index});
  }

  /// Two volumes with one handle are one piece of storage under two names.
  void judge_backing(const ClaimLife& claim, const VolumeLife& volume) {
    if (volume.last->csi_handle.empty()) return;
    const auto [first, is_first] =
        backing_.try_emplace(std::pair{volume.last->csi_driver, volume.last->csi_handle}, &volume);
    if (is_first || first->second == &volume) return;
    find(claim, fmt::format("volume {} has its own storage", claim.volume),
         fmt::format("it has the same volumeHandle as {}: {}", first->second->ref.name,
                     volume.last->csi_handle),
         {first->second->seen->index, volume.seen->index});
  }

  void judge_rivals(const ClaimLife& claim) {
    for (const VolumeLife* volume : volumes_of_[claim.ref.uid]) {
      if (volume->ref.name == claim.volume) continue;
      find(claim, fmt::format("only volume {} is bound to claim {}", claim.volume, claim.ref.name),
           fmt::format("volume {} was also bound to it at {}", volume->ref.name, moment(*volume->seen)),
           {claim.named->index, volume->seen->index});
    }
  }

  void find(const ClaimLife& claim, std::string expected, std::string observed,
            std::vector<std::size_t> evidence) {
    judgement_.find(
        {claim.ref, std::move(expected), std::move(observed), std::move(evidence),
         fmt::format(
             "spec.claimRef and spec.volumeName: kubectl get pv {} -o yaml; kubectl -n {} get pvc {} -o yaml",
             claim.volume, claim.ref.ns, claim.ref.name)});
  }

  const Bindings& bindings_;
  const Course& course_;
  Judgement& judgement_;
  std::unordered_map<std::string_view, const ClaimLife*> user_of_;
  std::map<std::pair<std::string, std::string>, const VolumeLife*> backing_;  ///< by driver and handle
  std::map<Uid, std::vector<const VolumeLife*>> volumes_of_;
};

/// STO-03: what became of one ordinal's claim between its first pod and scale-down.
void judge_constancy(const std::vector<const ClaimLife*>& lives, Judgement& judgement) {
  const ClaimLife& claim = *lives.front();
  const std::string expected =
      fmt::format("claim {} keeps UID {} and its volume", claim.ref.name, claim.ref.uid.value);
  if (lives.size() > 1)
    judgement.find(
        {lives[1]->ref,
         expected,
         fmt::format("a new claim of that name, with UID {}, existed at {}", lives[1]->ref.uid.value,
                     moment(*lives[1]->appeared)),
         {claim.appeared->index, lives[1]->appeared->index},
         look_at_claim(claim.ref,
                       "metadata.creationTimestamp; the API server's audit log shows who deleted it")});
  else if (claim.ending != nullptr)
    judgement.find({claim.ref,
                    expected,
                    fmt::format("it was being deleted at {}", moment(*claim.ending)),
                    {claim.ending->index},
                    look_at_claim(claim.ref, "metadata.deletionTimestamp and ownerReferences")});
  if (claim.renamed != nullptr)
    judgement.find({claim.ref,
                    expected,
                    fmt::format("its volume was {} and at {} \"{}\"", claim.volume, moment(*claim.renamed),
                                claim.renamed->object<Claim>()->volume),
                    {claim.named->index, claim.renamed->index},
                    look_at_claim(claim.ref, "spec.volumeName")});
}

/// STO-03, the volume's side: a volume of the same name could be another one, or lead elsewhere.
void judge_volume_constancy(const ClaimLife& claim, const Bindings& bindings, Judgement& judgement) {
  const VolumeLife* first = nullptr;
  const auto find = [&](const VolumeLife& volume, std::string observed, const Observation& seen) {
    judgement.find(
        {volume.ref,
         fmt::format("volume {} of claim {} stays the same one", claim.volume, claim.ref.name),
         std::move(observed),
         {first->appeared->index, seen.index},
         fmt::format("metadata.uid and the source in spec: kubectl get pv {} -o yaml", claim.volume)});
  };
  for (const VolumeLife& volume : bindings.volumes()) {
    if (volume.ref.name != claim.volume) continue;
    if (first == nullptr) {
      first = &volume;
      if (volume.moved != nullptr)
        find(volume, fmt::format("it pointed to another location at {}", moment(*volume.moved)),
             *volume.moved);
    } else {
      find(volume,
           fmt::format("a new volume of that name, with UID {}, existed at {}", volume.ref.uid.value,
                       moment(*volume.appeared)),
           *volume.appeared);
    }
  }
  if (first == nullptr) judgement.doubt(fmt::format("volume {} was not recorded", claim.volume));
}

/// STO-03, the pod's side: the new pod asks for the claim that the old one had.
void judge_succession(const Incarnation& pod, const Subject& subject, Judgement& judgement) {
  const std::string before = pod.former->last->claim_at(subject.mount_path);
  const std::string after = pod.last->claim_at(subject.mount_path);
  if (before == after) return;
  judgement.find({pod.ref,
                  fmt::format("the new {} mounts {} again", pod.ref.name,
                              before.empty() ? "no claim" : "claim " + before),
                  fmt::format("the new {} of {} mounts {}", pod.ref.name, moment(*pod.appeared),
                              after.empty() ? "no claim" : "claim " + after),
                  {pod.former->appeared->index, pod.appeared->index},
                  look_at_pod(pod.ref)});
}

}  // namespace

Verdict one_claim_per_pod(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const Course course{timeline};
  const Incarnations pods{course.judged(), subject};
  const Bindings bindings{course.judged(), subject};
  Judgement judgement{course, {"pods", "persistentvolumeclaims"}};
  judgement.doubt_if(course.cut_short());
  const bool whole = !judgement.in_doubt();
  std::set<Ordinal> bound;
  for (const Incarnation& pod : pods) {
    judge_reference(pod, subject, judgement);
    if (pod.was_ready() && bound.insert(pod.ordinal).second)
      judge_bound(pod, bindings, subject, whole, judgement);
  }
  const std::size_t members = count_ready_members(pods, subject, judgement);
  return std::move(judgement).verdict(counted(members, "pod", "pods") +
                                      ", each with the Bound claim that bears its name");
}

Verdict claim_and_volume_are_one_to_one(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const Course course{timeline};
  const Bindings bindings{course.judged(), subject};
  Judgement judgement{course, {"persistentvolumeclaims", "persistentvolumes"}};
  OneToOne one_to_one{bindings, course, judgement};
  std::set<Ordinal> judged;
  for (const ClaimLife& claim : bindings.claims()) {
    if (!claim.ordinal || claim.bound == nullptr || claim.named == nullptr) continue;
    judged.insert(*claim.ordinal);
    one_to_one.judge(claim);
  }
  judgement.doubt_if(course.cut_short());
  for (int i = 0; i < subject.replicas.value; ++i)
    if (const Ordinal ordinal{subject.first.value + i}; !judged.contains(ordinal))
      judgement.doubt(fmt::format("claim {} was never Bound", subject.claim_name(ordinal)));
  return std::move(judgement).verdict(counted(judged.size(), "claim", "claims") +
                                      ", each bound to a volume that points back at it");
}

Verdict same_storage_after_replacement(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const Course course{timeline};
  const Incarnations pods{course.before_scale_down(), subject};
  const Bindings bindings{course.before_scale_down(), subject};
  Judgement judgement{course, {"pods", "persistentvolumeclaims", "persistentvolumes"}};
  std::set<Ordinal> judged;
  for (const Incarnation& pod : pods) {
    if (pod.former == nullptr) continue;
    judge_succession(pod, subject, judgement);
    if (pod.was_ready())
      judged.insert(pod.ordinal);
    else
      judgement.doubt(fmt::format("the new {} was never Ready: {}", pod.ref.name, state_text(pod)));
  }
  for (int i = 0; i < subject.replicas.value; ++i) {
    const Ordinal ordinal{subject.first.value + i};
    const auto lives = bindings.of(ordinal);
    if (!lives.empty()) judge_constancy(lives, judgement);
    if (lives.empty())
      judgement.doubt(fmt::format("claim {} was not recorded", subject.claim_name(ordinal)));
    else if (lives.front()->named == nullptr)
      judgement.doubt(fmt::format("claim {} was never Bound: {}", subject.claim_name(ordinal),
                                  state_text(*lives.front())));
    else
      judge_volume_constancy(*lives.front(), bindings, judgement);
    if (!judged.contains(ordinal))
      judgement.doubt(fmt::format("no completed replacement of {} was recorded", subject.pod_name(ordinal)));
  }
  return std::move(judgement).verdict(counted(judged.size(), "pod", "pods") +
                                      " replaced, each with the same claim and volume");
}

}  // namespace stateproof::check
