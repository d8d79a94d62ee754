#include "suites/explore/world.h"

namespace stateproof::explore {

World::World(const Shape& shape)
    : shape_(shape), replicas_(shape.replicas), start_(shape.start), on_delete_(shape.on_delete) {}

bool World::admits(const Operation& operation) const {
  if (operation.kind == Kind::kRecreateSet) return !exists_;
  if (operation.kind == Kind::kRestartController) return true;
  if (!exists_) return false;
  if (is_about_a_pod(operation.kind) && operation.pod >= replicas_) return false;
  switch (operation.kind) {
    case Kind::kScale:
      return operation.value != replicas_;
    case Kind::kMoveStart:
      return operation.value != start_;
    case Kind::kBreakTemplate:
    case Kind::kEditTemplate:
      return !broken_;
    case Kind::kRepairTemplate:
      return broken_;
    case Kind::kRevertTemplate:
      return edited_;
    case Kind::kPartition:
      return !on_delete_ && operation.value != partition_;
    case Kind::kMaxUnavailable:
    case Kind::kOnDelete:
      return !on_delete_;
    case Kind::kRollingUpdate:
      return on_delete_;
    case Kind::kLetGo:
      return !held_.empty();
    case Kind::kReady:
      return !unready_.empty();
    case Kind::kReturn:
      return !strayed_.empty();
    case Kind::kOccupy:
      return !occupied_;
    case Kind::kVacate:
      return occupied_;
    case Kind::kDeleteClaim:
      return shape_.claims;
    case Kind::kDropOwner:
      return !shared_.empty();
    case Kind::kBudget:
      return !budget_;
    case Kind::kDropBudget:
      return budget_;
    default:
      return true;
  }
}

void World::apply(const Operation& operation) {
  switch (operation.kind) {
    case Kind::kScale:
      replicas_ = operation.value;
      break;
    case Kind::kMoveStart:
      start_ = operation.value;
      break;
    case Kind::kEditTemplate:
      edited_ = true;
      break;
    case Kind::kBreakTemplate:
      broken_ = true;
      edited_ = true;
      break;
    case Kind::kRepairTemplate:
      broken_ = false;
      break;
    case Kind::kRevertTemplate:
      broken_ = edited_ = false;
      break;
    case Kind::kPartition:
      partition_ = operation.value;
      break;
    case Kind::kOnDelete:
      on_delete_ = true;
      partition_ = 0;
      break;
    case Kind::kRollingUpdate:
      on_delete_ = false;
      break;
    case Kind::kHoldPod:
      held_.insert(operation.pod);
      break;
    case Kind::kLetGo:
      held_.clear();
      break;
    case Kind::kUnready:
      unready_.insert(operation.pod);
      break;
    case Kind::kReady:
      unready_.clear();
      break;
    case Kind::kStray:
      strayed_.insert(operation.pod);
      break;
    case Kind::kReturn:
      strayed_.clear();
      break;
    case Kind::kOccupy:
      occupied_ = true;
      break;
    case Kind::kVacate:
      occupied_ = false;
      break;
    case Kind::kAddOwner:
      shared_.insert(operation.pod);
      break;
    case Kind::kDropOwner:
      shared_.clear();
      break;
    case Kind::kDeleteSet:
      exists_ = false;
      break;
    case Kind::kRecreateSet:
      exists_ = true;
      break;
    case Kind::kBudget:
      budget_ = true;
      break;
    case Kind::kDropBudget:
      budget_ = false;
      break;
    default:
      break;
  }
}

}  // namespace stateproof::explore
