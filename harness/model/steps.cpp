#include "harness/model/steps.h"

#include <array>

namespace stateproof::steps {
namespace {

/// A step by its name, what looks whether a recorded one is like it, and the pod that it is about.
struct Known {
  StepName name;
  void (*read)(const StepReader& reader);
  std::optional<Ordinal> (*ordinal)(const Task& task);
};

template <class S>
void read(const StepReader& reader) {
  S step;
  S::fields(step, reader);
}

template <class S>
std::optional<Ordinal> ordinal(const Task& task) {
  if constexpr (requires(S step) { step.ordinal; })
    return std::optional<Ordinal>{task.as<S>()->ordinal};
  else
    return std::nullopt;
}

template <class... S>
constexpr std::array<Known, sizeof...(S)> known_as() {
  return {Known{S::name, &read<S>, &ordinal<S>}...};
}

constexpr auto kKnown =
    known_as<Adopt, Baseline, BeginScaleDown, Block, Budget, Cleanup, Clear, Clients, Complete, Create,
             DeleteClaims, DeleteSet, DeleteSetAgain, Disturb, DropMinReady, DropOut, EditClaimTemplate,
             Evict, EvictBeyond, Exercise, Expand, FirstUser, FirstWrites, Follow, ForeignClaim, Grown,
             HalfRoll, Heal, Hold, HoldBad, HoldClaim, HoldClaims, HoldCreation, HoldEnd, HoldOnDelete,
             HoldPartition, HoldScaleDown, HoldScaledClaim, HoldTwoBad, HostNames, LetEnd, LetGo, Linger,
             Load, MakeReady, MinReady, MoveStart, NoEndpoint, Nodes, Orphan, Operation, Own, Partition,
             PickUp, Purge, RaiseMinReady, Read, ReadScale, Readopt, ReadyLoose, Recover, Recreate, Release,
             ReleasePod, Replace, ReplaceAbove, ReplaceBelow, ReplaceLoose, ReplacePod, ReplaceSleeper,
             Resolve, Rest, Resume, Retain, Revert, Revive, RollBad, RollTwo, RollTwoBad, Rollback, Rollout,
             Salvage, ScaleBack, ScaleDown, ScaleUp, Scope, SecondUser, Serve, Settle, StaleScale, Start,
             Unblock, Unready, Upgrade, Verify, Write>();

const Known* find(std::string_view name) {
  for (const Known& known : kKnown)
    if (known.name.text == name) return &known;
  return nullptr;
}

/// Of the first of these types that the task is.
template <class... S>
std::optional<Replicas> target_of(const Task& task) {
  std::optional<Replicas> target;
  const auto look = [&](const auto& step) {
    if (step) target = Replicas{step->to};
  };
  (look(task.as<S>()), ...);
  return target;
}

}  // namespace

std::optional<Replicas> wanted_by(const Task& task) {
  if (const auto create = task.as<Create>()) return create->replicas;
  return target_of<ScaleUp, ScaleDown, ScaleBack, BeginScaleDown, HoldScaleDown, Resume, MakeReady>(task);
}

std::optional<Ordinal> ordinal_of(const Task& task) {
  const Known* known = find(task.name());
  return known == nullptr ? std::nullopt : known->ordinal(task);
}

bool is_known(std::string_view name) { return find(name) != nullptr; }

std::string unfit(const Task& task) {
  const Known* known = find(task.name());
  if (known == nullptr) return {};
  try {
    known->read(StepReader(task, StepReader::Missing::kLeftOut));
  } catch (const Unfit& why) {
    return why.what();
  }
  return {};
}

}  // namespace stateproof::steps
