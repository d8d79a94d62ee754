#include "harness/check/storage/bindings.h"

#include <algorithm>

namespace stateproof::check {
namespace {

void note_first(const Observation*& first, bool is_so, const Observation& seen) {
  if (first == nullptr && is_so) first = &seen;
}

bool collected_with_owner(const Claim& claim) {
  return std::any_of(claim.meta.owners.begin(), claim.meta.owners.end(), [](const OwnerReference& owner) {
    return owner.kind == "Pod" || owner.kind == "StatefulSet";
  });
}

std::string place_of(const Volume& volume) {
  return volume.csi_driver + " " + volume.csi_handle + " " + volume.host_path;
}

}  // namespace

Bindings::Bindings(std::span<const Observation> observations, const Subject& subject) {
  for (const Observation& seen : observations) {
    if (const Claim* claim = seen.object<Claim>(); claim != nullptr) see(*claim, seen, subject);
    if (const Volume* volume = seen.object<Volume>(); volume != nullptr) see(*volume, seen);
  }
}

void Bindings::see(const Claim& claim, const Observation& seen, const Subject& subject) {
  if (claim.meta.ref.ns != subject.ns) return;
  const auto [known, is_new] = claim_by_uid_.try_emplace(claim.meta.ref.uid.value, claims_.size());
  if (is_new) {
    ClaimLife life;
    life.ref = claim.meta.ref;
    life.ordinal = ordinal_of(life.ref.name, subject.claim_template + "-" + subject.set);
    life.appeared = &seen;
    if (life.ordinal) by_ordinal_[*life.ordinal].push_back(claims_.size());
    claims_.push_back(std::move(life));
  }
  ClaimLife& life = claims_[known->second];
  note_first(life.bound, claim.phase == "Bound", seen);
  note_first(life.lost, claim.phase == "Lost", seen);
  if (collected_with_owner(claim)) life.owned = &seen;
  note_first(life.ending, claim.meta.deletion.has_value() || seen.is_deletion(), seen);
  note_first(life.gone, seen.is_deletion(), seen);
  note_first(life.renamed, life.named != nullptr && claim.volume != life.volume, seen);
  if (life.named == nullptr && !claim.volume.empty()) {
    life.volume = claim.volume;
    life.named = &seen;
  }
  life.seen = &seen;
  life.last = &claim;
}

void Bindings::see(const Volume& volume, const Observation& seen) {
  const auto [known, is_new] = volume_by_uid_.try_emplace(volume.meta.ref.uid.value, volumes_.size());
  if (is_new) {
    volume_by_name_[volume.meta.ref.name] = volumes_.size();
    VolumeLife life;
    life.ref = volume.meta.ref;
    life.appeared = &seen;
    volumes_.push_back(std::move(life));
  }
  VolumeLife& life = volumes_[known->second];
  note_first(life.gone, seen.is_deletion(), seen);
  note_first(life.renamed, !life.claim.empty() && volume.claim.uid != life.claim, seen);
  if (life.claim.empty()) life.claim = volume.claim.uid;
  note_first(life.moved, life.last != nullptr && place_of(*life.last) != place_of(volume), seen);
  life.seen = &seen;
  life.last = &volume;
}

std::vector<const ClaimLife*> Bindings::of(Ordinal ordinal) const {
  std::vector<const ClaimLife*> lives;
  if (const auto found = by_ordinal_.find(ordinal); found != by_ordinal_.end())
    for (const std::size_t position : found->second) lives.push_back(&claims_[position]);
  return lives;
}

const VolumeLife* Bindings::volume(const std::string& name) const {
  const auto found = volume_by_name_.find(name);
  return found == volume_by_name_.end() ? nullptr : &volumes_[found->second];
}

std::string state_text(const ClaimLife& claim) {
  if (claim.gone != nullptr) return "deleted";
  if (claim.last->meta.deletion) return "Terminating";
  return (claim.last->phase.empty() ? "without a phase" : claim.last->phase) +
         (claim.last->storage_class.empty() ? ", no storage class"
                                            : ", storage class " + claim.last->storage_class);
}

}  // namespace stateproof::check
