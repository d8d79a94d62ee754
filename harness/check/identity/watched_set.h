#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/check/evidence/incarnations.h"
#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// A recording that only watched says which set was looked at, and nothing of what was wanted of it: that is
/// read from the set as served. Gives the subject's Service, replicas, first ordinal, order and claim
/// template; without a set in the recording nothing is changed.
void complete_subject(Timeline& timeline);

/// What the watch of the set itself showed. People may have done anything to the set and to its pods
/// meanwhile: only what the controller did with its own pods can be its breach.
class WatchedSet {
 public:
  explicit WatchedSet(const Timeline& timeline);

  /// Why nothing can be said: no set was recorded, or one of its name was recreated with other rules.
  [[nodiscard]] const std::optional<std::string>& doubt() const { return doubt_; }
  /// The same, of its claims, to which ordinals and order are no matter.
  [[nodiscard]] const std::optional<std::string>& doubt_of_claims() const { return doubt_of_claims_; }
  [[nodiscard]] bool ordered() const { return ordered_; }
  [[nodiscard]] const std::vector<std::string>& claim_templates() const { return templates_; }
  /// Every version of the set was seen, from its creation on, before which there was no pod of it.
  [[nodiscard]] bool from_the_beginning() const { return from_the_beginning_; }
  /// A pod that the set's controller made or adopted.
  [[nodiscard]] bool controls(const Pod& pod) const;
  /// Ordinals that some version of the set wanted, from the first to before the last.
  [[nodiscard]] std::pair<Ordinal, Ordinal> wanted() const { return {first_, end_}; }

 private:
  std::optional<std::string> doubt_;
  std::optional<std::string> doubt_of_claims_;
  std::set<std::string> uids_;
  bool ordered_ = true;
  std::vector<std::string> templates_;
  bool from_the_beginning_ = false;
  Ordinal first_{0};
  Ordinal end_{0};
};

/// ID-01: each pod that the set makes bears a wanted ordinal.
Verdict watched_pods_are_wanted(const Timeline& timeline);

/// STO-01: each pod uses, for each template, the claim of its own name.
Verdict watched_pods_use_own_claims(const Timeline& timeline);

/// STO-02: no volume is bound to two of the claims at a time, and each points back at its claim.
Verdict watched_claims_have_own_volumes(const Timeline& timeline);

/// STO-03: a pod that took the place of another finds the claim, by UID, and the volume of before.
Verdict watched_storage_is_found_again(const Timeline& timeline);

}  // namespace stateproof::check
