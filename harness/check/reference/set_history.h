#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::check {

/// One state of a set, as its watch told it.
struct SetState {
  const Observation* seen = nullptr;
  const StatefulSet* set = nullptr;
  const nlohmann::json* served = nullptr;  ///< null in a recording that was told by hand
};

/// One set, by UID: all that its watch told of it, in order.
class SetHistory {
 public:
  /// The set of the same name that was there before; null when none was seen.
  explicit SetHistory(const SetHistory* former = nullptr) : former_(former) {}
  void add(const SetState& state);
  [[nodiscard]] const std::vector<SetState>& states() const { return states_; }
  [[nodiscard]] const ObjectMeta& meta() const { return states_.front().set->meta; }
  /// The first state of each generation.
  [[nodiscard]] const std::vector<SetState>& generations() const { return generations_; }
  /// Generations whose template that revision has, as the controller said when it had observed them; those
  /// of all generations when it never spoke of that revision.
  [[nodiscard]] std::vector<SetState> written_for(const std::string& revision) const;
  /// Whether the controller ever called it the update's.
  [[nodiscard]] bool has_revision(const std::string& revision) const { return revisions_.contains(revision); }
  /// The revision of that generation's template; null when the controller never told.
  [[nodiscard]] const std::string* update_revision(std::int64_t generation) const;
  /// Null when that generation was not seen.
  [[nodiscard]] const SetState* generation(std::int64_t generation) const;
  /// The entry that shows the set being deleted, or gone; null when there is none.
  [[nodiscard]] const Observation* ending() const { return ending_; }
  void end(const Observation& seen);
  /// Whether that status may be the former set's: a controller that is still at work on it looks the set up
  /// by name when its write is refused, and tries again with the one that it finds (kubernetes:
  /// pkg/controller/statefulset/stateful_set_status_updater.go).
  [[nodiscard]] bool may_tell_of_former(const SetState& state) const;

 private:
  const SetHistory* former_ = nullptr;
  std::vector<SetState> states_;
  std::vector<SetState> generations_;
  std::map<std::string, std::vector<std::size_t>> revisions_;  ///< places in generations_
  std::map<std::int64_t, std::string> updates_;                ///< by generation
  const Observation* ending_ = nullptr;
};

/// All sets of the subject's namespace, by UID.
using SetHistories = std::map<std::string_view, SetHistory>;
SetHistories set_histories(std::span<const Observation> observations, const Subject& subject);

/// The set that is the controller of this object; null when it is another's, or was never seen.
const SetHistory* controlling_set(const SetHistories& sets, const ObjectMeta& meta);

/// Whether the selector of a set or a Service has this pod. One that its set's selector has not is let go by
/// the controller, and counted no longer.
bool selects(const std::map<std::string, std::string>& selector, const Pod& pod);

/// As its set's controller sees it: Running and Ready, and not being deleted.
bool is_healthy(const Pod& pod);

/// Whether this entry is an object's creation as the API server told it at once.
bool is_live_creation(const Observation& seen);
/// Whether the API server told this state of an object at once.
bool is_live(const Observation& seen);

/// The object as served; null when the recording was told by hand.
const nlohmann::json* served_object(const Observation& seen);

}  // namespace stateproof::check
