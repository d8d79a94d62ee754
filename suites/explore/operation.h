#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stateproof::explore {

/// What can be done to a set and to what surrounds it.
enum class Kind {
  kScale,           ///< `value` replicas, by the scale subresource
  kMoveStart,       ///< spec.ordinals.start becomes `value`
  kEditTemplate,    ///< `value`: which field, see Edit
  kBreakTemplate,   ///< `value`: 0 pods that are never Ready, 1 an image that no node has
  kRepairTemplate,  ///< the last one that was not broken
  kRevertTemplate,  ///< the first one
  kPartition,       ///< `value`
  kOnDelete,
  kRollingUpdate,
  kMinReady,        ///< `value` seconds
  kMaxUnavailable,  ///< `value`: 0 not set, 1 and 2 pods, 3 half of them
  kRetention,       ///< `value`: bit 0 deletes on scale-down, bit 1 with the set
  kTouchSet,        ///< a label and revisionHistoryLimit, which move no pod
  kDeletePod,
  kHoldPod,    ///< deletes a pod that has a finalizer
  kLetGo,      ///< takes the finalizers away
  kFailPod,    ///< its deadline is over: phase Failed
  kFinishPod,  ///< phase Succeeded
  kUnready,
  kReady,
  kStray,   ///< a pod leaves the selector
  kReturn,  ///< and is back
  kOccupy,  ///< a foreign pod takes the next ordinal's name
  kVacate,
  kDeleteClaim,
  kAddOwner,  ///< a foreign owner beside the controller
  kDropOwner,
  kDeleteSet,  ///< `value`: 0 background, 1 foreground, 2 orphan
  kRecreateSet,
  kBudget,  ///< `value`: 0 minAvailable 1, 1 maxUnavailable 1
  kDropBudget,
  kEvict,
  kWriteStatus,        ///< somebody else writes numbers into the set's status
  kStaleScale,         ///< a Scale is written back that is outdated
  kRestartController,  ///< only where nodes may be disrupted
};

/// Fields of a template that kEditTemplate changes.
enum class Edit { kLabel, kAnnotation, kEnvironment, kPreStop, kGracePeriod };
inline constexpr int kEdits = 5;

/// What follows an operation.
enum class Pace {
  kAtOnce,   ///< the next operation
  kMidway,   ///< a few events of the watches
  kSettled,  ///< nothing is owed any more, for as long as that may take within a limit
};

struct Operation {
  int number = 0;  ///< from 1
  Kind kind = Kind::kScale;
  int pod = 0;    ///< of one that is about a pod: its offset from the first ordinal
  int value = 0;  ///< see Kind
  Pace pace = Pace::kAtOnce;
  int events = 0;  ///< of kMidway
  friend bool operator==(const Operation&, const Operation&) = default;
};

/// "scale", "delete-pod"
std::string_view name_of(Kind kind);
/// nullopt when there is none of that name.
std::optional<Kind> kind_of(std::string_view name);
/// Whether it is about one pod of the set.
bool is_about_a_pod(Kind kind);
/// "scale 3", for people.
std::string text_of(const Operation& operation);

}  // namespace stateproof::explore
