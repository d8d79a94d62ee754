#include "suites/explore/sequence.h"

#include <algorithm>
#include <array>
#include <random>

namespace stateproof::explore {
namespace {

/// The standard's distributions differ from library to library, its engines do not.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  /// From 0 to below `sides`.
  int below(int sides) { return static_cast<int>(engine_() % static_cast<std::uint32_t>(sides)); }
  bool one_in(int chances) { return below(chances) == 0; }

 private:
  std::mt19937 engine_;
};

struct Choice {
  Kind kind;
  int weight;
  int values = 1;  ///< `value` is drawn below it
};

constexpr int kMostReplicas = 4;  // 0 to 3
constexpr std::array kChoices{
    Choice{Kind::kScale, 12, kMostReplicas},
    Choice{Kind::kMoveStart, 3, 4},
    Choice{Kind::kEditTemplate, 10, kEdits},
    Choice{Kind::kBreakTemplate, 3, 2},
    Choice{Kind::kRepairTemplate, 8},
    Choice{Kind::kRevertTemplate, 3},
    Choice{Kind::kPartition, 5, 4},
    Choice{Kind::kOnDelete, 2},
    Choice{Kind::kRollingUpdate, 4},
    Choice{Kind::kMinReady, 3, 4},
    Choice{Kind::kMaxUnavailable, 3, 4},
    Choice{Kind::kRetention, 3, 4},
    Choice{Kind::kTouchSet, 2},
    Choice{Kind::kDeletePod, 8},
    Choice{Kind::kHoldPod, 3},
    Choice{Kind::kLetGo, 10},
    Choice{Kind::kFailPod, 3},
    Choice{Kind::kFinishPod, 3},
    Choice{Kind::kUnready, 5},
    Choice{Kind::kReady, 10},
    Choice{Kind::kStray, 3},
    Choice{Kind::kReturn, 8},
    Choice{Kind::kOccupy, 2},
    Choice{Kind::kVacate, 12},
    Choice{Kind::kDeleteClaim, 3},
    Choice{Kind::kAddOwner, 2},
    Choice{Kind::kDropOwner, 4},
    Choice{Kind::kDeleteSet, 3, 3},
    Choice{Kind::kRecreateSet, 40},
    Choice{Kind::kBudget, 3, 2},
    Choice{Kind::kDropBudget, 3},
    Choice{Kind::kEvict, 4},
    Choice{Kind::kWriteStatus, 2, 4},
    Choice{Kind::kStaleScale, 2, kMostReplicas},
};
constexpr Choice kRestart{Kind::kRestartController, 3};

Shape draw_shape(Dice& dice) {
  Shape shape;
  shape.replicas = 1 + dice.below(3);
  shape.start = dice.one_in(4) ? 1 + dice.below(5) : 0;
  shape.parallel = dice.one_in(2);
  shape.claims = dice.one_in(3);
  shape.on_delete = dice.one_in(6);
  shape.min_ready = dice.one_in(4) ? 1 + dice.below(3) : 0;
  shape.retention = dice.one_in(2) ? 0 : dice.below(4);
  return shape;
}

Operation draw_one(Dice& dice, const std::vector<Choice>& choices, int weights) {
  int ticket = dice.below(weights);
  auto choice = choices.begin();
  while (ticket >= choice->weight) ticket -= (choice++)->weight;
  Operation operation;
  operation.kind = choice->kind;
  operation.value = dice.below(choice->values);
  operation.pod = dice.below(kMostReplicas - 1);
  operation.pace = static_cast<Pace>(dice.below(3));
  operation.events = 1 + dice.below(12);
  return operation;
}

}  // namespace

Sequence draw(std::uint32_t seed, int count, const Licence& licence) {
  std::vector<Choice> choices{kChoices.begin(), kChoices.end()};
  if (licence.controller) choices.push_back(kRestart);
  int weights = 0;
  for (const Choice& one : choices) weights += one.weight;

  Dice dice(seed);
  Sequence sequence{.seed = seed, .shape = draw_shape(dice), .operations = {}};
  World world(sequence.shape);
  while (static_cast<int>(sequence.operations.size()) < count) {
    Operation operation = draw_one(dice, choices, weights);
    if (!world.admits(operation)) continue;
    operation.number = static_cast<int>(sequence.operations.size()) + 1;
    world.apply(operation);
    sequence.operations.push_back(operation);
  }
  return sequence;
}

Sequence only(const Sequence& sequence, const std::vector<int>& numbers) {
  Sequence left{.seed = sequence.seed, .shape = sequence.shape, .operations = {}};
  World world(sequence.shape);
  for (const Operation& operation : sequence.operations) {
    const bool wanted = std::find(numbers.begin(), numbers.end(), operation.number) != numbers.end();
    if (!wanted || !world.admits(operation)) continue;
    world.apply(operation);
    left.operations.push_back(operation);
  }
  return left;
}

std::vector<int> numbers_of(const Sequence& sequence) {
  std::vector<int> numbers;
  for (const Operation& operation : sequence.operations) numbers.push_back(operation.number);
  return numbers;
}

}  // namespace stateproof::explore
