#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/model/timeline.h"

namespace stateproof::check {

/// When each entry was heard, by a clock that does not run on while nothing is heard: a silence counts for
/// two seconds at most. Whatever the recorder slept through, entries that belong together stay so.
std::vector<Elapsed> times_heard(std::span<const Observation> observations);

/// The resourceVersion that a watch delivered; zero when it is not a number, or is that of another state.
std::uint64_t version_of(const Observation& seen);

/// How the entries of several watches lie to each other. One watch may be late by more than clocks excuse;
/// then the resourceVersions tell what came first, where they are numbers of one count, as in every known
/// store. Neither of the two alone condemns.
class Hearing {
 public:
  Hearing(const Timeline& timeline, const Course& course);

  /// Of an entry of the judged time.
  [[nodiscard]] Elapsed of(const Observation& seen) const { return times_[seen.index - 1]; }
  /// Whether `cause` may have happened before `effect`.
  [[nodiscard]] bool may_precede(const Observation& cause, const Observation& effect) const;
  /// Whether it must have.
  [[nodiscard]] bool precedes(const Observation& cause, const Observation& effect) const;
  /// Collects what is found at an entry, if that watch was heard later and had lost nothing until then: what
  /// it has to tell of the time before, it has told. Otherwise a doubt: who tells of others may be late, and
  /// speak of what came and went within a hole.
  void find(Judgement& judgement, std::string_view resource, const Observation& seen, Finding finding) const;

 private:
  const Course& course_;
  std::vector<Elapsed> times_;
  std::vector<std::uint64_t> versions_;                      ///< of each entry; zero: unknown
  std::map<std::string_view, std::uint64_t> last_versions_;  ///< by resource, of the whole recording
};

}  // namespace stateproof::check
