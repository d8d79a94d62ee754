#include "suites/explore/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace stateproof::explore {
namespace {

enum class About { kSet, kValue, kPod };

struct Known {
  Kind kind;
  std::string_view name;
  About about;
};

constexpr std::array kKnown{
    Known{Kind::kScale, "scale", About::kValue},
    Known{Kind::kMoveStart, "start-ordinal", About::kValue},
    Known{Kind::kEditTemplate, "edit-template", About::kValue},
    Known{Kind::kBreakTemplate, "break-template", About::kValue},
    Known{Kind::kRepairTemplate, "repair-template", About::kSet},
    Known{Kind::kRevertTemplate, "revert-template", About::kSet},
    Known{Kind::kPartition, "partition", About::kValue},
    Known{Kind::kOnDelete, "on-delete", About::kSet},
    Known{Kind::kRollingUpdate, "rolling-update", About::kSet},
    Known{Kind::kMinReady, "min-ready-seconds", About::kValue},
    Known{Kind::kMaxUnavailable, "max-unavailable", About::kValue},
    Known{Kind::kRetention, "retention", About::kValue},
    Known{Kind::kTouchSet, "touch-set", About::kSet},
    Known{Kind::kDeletePod, "delete-pod", About::kPod},
    Known{Kind::kHoldPod, "hold-pod", About::kPod},
    Known{Kind::kLetGo, "drop-finalizers", About::kSet},
    Known{Kind::kFailPod, "fail-pod", About::kPod},
    Known{Kind::kFinishPod, "finish-pod", About::kPod},
    Known{Kind::kUnready, "unready", About::kPod},
    Known{Kind::kReady, "ready", About::kSet},
    Known{Kind::kStray, "stray", About::kPod},
    Known{Kind::kReturn, "return", About::kSet},
    Known{Kind::kOccupy, "occupy", About::kSet},
    Known{Kind::kVacate, "vacate", About::kSet},
    Known{Kind::kDeleteClaim, "delete-claim", About::kPod},
    Known{Kind::kAddOwner, "add-owner", About::kPod},
    Known{Kind::kDropOwner, "drop-owner", About::kSet},
    Known{Kind::kDeleteSet, "remove-set", About::kValue},
    Known{Kind::kRecreateSet, "recreate-set", About::kSet},
    Known{Kind::kBudget, "budget", About::kValue},
    Known{Kind::kDropBudget, "drop-budget", About::kSet},
    Known{Kind::kEvict, "evict", About::kPod},
    Known{Kind::kWriteStatus, "write-status", About::kValue},
    Known{Kind::kStaleScale, "outdated-scale", About::kValue},
    Known{Kind::kRestartController, "restart-controller", About::kSet},
};

const Known& known(Kind kind) {
  return *std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& one) { return one.kind == kind; });
}

}  // namespace

std::string_view name_of(Kind kind) { return known(kind).name; }

std::optional<Kind> kind_of(std::string_view name) {
  for (const Known& one : kKnown)
    if (one.name == name) return one.kind;
  return std::nullopt;
}

bool is_about_a_pod(Kind kind) { return known(kind).about == About::kPod; }

std::string text_of(const Operation& operation) {
  const Known& one = known(operation.kind);
  if (one.about == About::kSet) return std::string{one.name};
  return fmt::format("{} {}", one.name, one.about == About::kPod ? operation.pod : operation.value);
}

}  // namespace stateproof::explore
