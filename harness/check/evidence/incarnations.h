#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/model/timeline.h"

namespace stateproof::check {

/// A period in which a pod was Ready, not being deleted, and kept its addresses.
struct ReadyStretch {
  const Observation* from = nullptr;
  const Observation* until = nullptr;  ///< the first entry that shows otherwise; null: Ready to the end
  std::vector<std::string> addresses;  ///< sorted
};

/// One life of a pod's name: what the pods watch showed of one UID.
struct Incarnation {
  ObjectRef ref;
  Ordinal ordinal;
  const Observation* appeared = nullptr;
  bool created = false;  ///< its creation was delivered live, so the place in the order is known
  std::vector<ReadyStretch> ready;
  const Observation* ending = nullptr;  ///< first sign that its deletion was requested
  bool ending_ordered = false;          ///< that sign was delivered live
  const Observation* gone = nullptr;
  const Observation* fault = nullptr;  ///< the deliberate deletion or eviction of this very pod
  bool excused = false;                ///< ended by its node, the scheduler or its own failure
  std::set<std::string> addresses;     ///< all that it ever had
  const Pod* last = nullptr;
  const Observation* unheard =
      nullptr;  ///< a gap since its last entry: it is as it was, unless a list tells otherwise
  const Incarnation* former = nullptr;  ///< the life of the same name before this one

  /// Whether the deletion on purpose may be what told it to stop: the mark is written before the request.
  [[nodiscard]] bool ended_on_purpose() const {
    return fault != nullptr && (ending == nullptr || fault->index < ending->index);
  }
  [[nodiscard]] bool was_ready() const { return !ready.empty(); }
  [[nodiscard]] bool is_ready() const { return was_ready() && ready.back().until == nullptr; }
  [[nodiscard]] const Observation* first_ready() const { return was_ready() ? ready.front().from : nullptr; }
};

/// All lives of the subject's pods, in order of appearance.
class Incarnations {
 public:
  Incarnations(std::span<const Observation> observations, const Subject& subject);
  Incarnations(const Incarnations&) = delete;
  Incarnations& operator=(const Incarnations&) = delete;

  [[nodiscard]] auto begin() const { return all_.begin(); }
  [[nodiscard]] auto end() const { return all_.end(); }
  [[nodiscard]] const Incarnation* find(const Uid& uid) const;
  /// The latest life of that ordinal; null when there was none.
  [[nodiscard]] const Incarnation* latest(Ordinal ordinal) const;

 private:
  std::vector<Incarnation> all_;
  std::unordered_map<std::string_view, std::size_t> by_uid_;  ///< keys live in the timeline
  std::map<Ordinal, std::size_t> latest_;
};

/// The ordinal of a pod that is the subject's by name and is not controlled by anything else.
std::optional<Ordinal> subject_ordinal(const Pod& pod, const Subject& subject);
/// Whether the set itself made this pod, whatever its name.
bool controlled_by_subject(const Pod& pod, const Subject& subject);

/// The first ordinal of [first, first + wanted) whose latest pod is missing or not Ready now.
std::optional<Ordinal> first_unready(const Incarnations& pods, const Subject& subject, Ordinal below);
/// The entry since which all pods of [first, below) have been Ready without a break; `otherwise` when there
/// are none, or when that is later.
const Observation& all_ready_since(const Incarnations& pods, const Subject& subject, Ordinal below,
                                   const Observation& otherwise);

/// Why a pod is not Ready, as far as its status tells: "Pending, unscheduled: 0/3 nodes are available".
std::string state_text(const Incarnation& pod);

}  // namespace stateproof::check
