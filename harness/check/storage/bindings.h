#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::check {

/// What the claims watch showed of one UID.
struct ClaimLife {
  ObjectRef ref;
  std::optional<Ordinal> ordinal;  ///< when it bears the name of one of the subject's claims
  std::string volume;              ///< first volume that it named
  const Observation* appeared = nullptr;
  const Observation* bound = nullptr;    ///< first seen Bound
  const Observation* named = nullptr;    ///< first seen with `volume`
  const Observation* renamed = nullptr;  ///< first seen with another volume, or none
  const Observation* lost = nullptr;     ///< first seen in phase Lost
  const Observation* owned = nullptr;    ///< last seen with a pod or a StatefulSet as an owner
  const Observation* ending = nullptr;   ///< first sign of its deletion
  const Observation* gone = nullptr;
  const Observation* seen = nullptr;  ///< last entry
  const Claim* last = nullptr;
};

/// What the volumes watch showed of one UID.
struct VolumeLife {
  ObjectRef ref;
  Uid claim;  ///< first claim that it named
  const Observation* appeared = nullptr;
  const Observation* renamed = nullptr;  ///< first seen with another claim after `claim`
  const Observation* moved = nullptr;    ///< first seen with another place than before: path or handle
  const Observation* gone = nullptr;
  const Observation* seen = nullptr;
  const Volume* last = nullptr;
};

/// Claims and volumes of a recording, joined by UID. The two watches have no order between them: what is
/// joined is what each showed in the whole of `observations`.
class Bindings {
 public:
  Bindings(std::span<const Observation> observations, const Subject& subject);
  Bindings(const Bindings&) = delete;
  Bindings& operator=(const Bindings&) = delete;

  [[nodiscard]] const std::vector<ClaimLife>& claims() const { return claims_; }
  [[nodiscard]] const std::vector<VolumeLife>& volumes() const { return volumes_; }
  /// The lives of one ordinal's claim name, in order.
  [[nodiscard]] std::vector<const ClaimLife*> of(Ordinal ordinal) const;
  /// The latest volume of that name; null when none was seen.
  [[nodiscard]] const VolumeLife* volume(const std::string& name) const;

 private:
  void see(const Claim& claim, const Observation& seen, const Subject& subject);
  void see(const Volume& volume, const Observation& seen);

  std::vector<ClaimLife> claims_;
  std::vector<VolumeLife> volumes_;
  std::unordered_map<std::string_view, std::size_t> claim_by_uid_;  ///< keys live in the timeline
  std::unordered_map<std::string_view, std::size_t> volume_by_uid_;
  std::unordered_map<std::string_view, std::size_t> volume_by_name_;
  std::map<Ordinal, std::vector<std::size_t>> by_ordinal_;
};

/// "Pending, storage class standard"
std::string state_text(const ClaimLife& claim);

}  // namespace stateproof::check
