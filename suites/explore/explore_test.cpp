#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "suites/explore/sequence.h"
#include "suites/explore/shrink.h"

namespace stateproof::explore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Sequence, IsTheSameForTheSameSeed) {
  EXPECT_EQ(draw(7, 40), draw(7, 40));
  EXPECT_NE(draw(7, 40), draw(8, 40));
}

// Printed commands must mean the same on every machine.
TEST(Sequence, IsTheSameOnEveryMachine) {
  const Sequence sequence = draw(1, 3);
  std::vector<std::string> told;
  for (const Operation& one : sequence.operations) told.push_back(text_of(one));
  EXPECT_THAT(told, ElementsAre("unready 0", "on-delete", "delete-pod 0"));
}

TEST(Sequence, BeginsWithTheShorterOneOfItsSeed) {
  Sequence longer = draw(3, 30);
  longer.operations.resize(10);
  EXPECT_EQ(longer, draw(3, 10));
}

TEST(Sequence, MeetsEveryPrecondition) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const Sequence sequence = draw(seed, 60);
    World world(sequence.shape);
    for (const Operation& one : sequence.operations) {
      ASSERT_TRUE(world.admits(one)) << seed << ": " << text_of(one);
      world.apply(one);
    }
  }
}

TEST(Sequence, KeepsPreconditionsWhenOperationsAreLeftOut) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const Sequence whole = draw(seed, 40);
    std::vector<int> odd;
    for (int number : numbers_of(whole))
      if (number % 2 == 1) odd.push_back(number);
    const Sequence left = only(whole, odd);
    World world(left.shape);
    for (const Operation& one : left.operations) {
      ASSERT_TRUE(world.admits(one)) << seed << ": " << text_of(one);
      world.apply(one);
    }
    EXPECT_EQ(only(whole, numbers_of(whole)), whole);
  }
}

TEST(Sequence, DrawsEveryKindButTheControllersRestart) {
  std::set<std::string_view> drawn;
  for (std::uint32_t seed = 0; seed < 200; ++seed)
    for (const Operation& one : draw(seed, 60).operations) drawn.insert(name_of(one.kind));
  EXPECT_EQ(drawn.size(), 34U);
  EXPECT_FALSE(drawn.contains("restart-controller"));
}

TEST(Sequence, RestartsTheControllerOnlyWhereItMay) {
  bool restarts = false;
  for (const Operation& one : draw(5, 200, {.controller = true}).operations)
    restarts = restarts || one.kind == Kind::kRestartController;
  EXPECT_TRUE(restarts);
}

std::vector<int> up_to(int last) {
  std::vector<int> numbers;
  for (int i = 1; i <= last; ++i) numbers.push_back(i);
  return numbers;
}

Shows needs(std::vector<int> wanted, int& calls) {
  return [wanted = std::move(wanted), &calls](const std::vector<int>& numbers) {
    ++calls;
    return std::all_of(wanted.begin(), wanted.end(), [&](int one) {
      return std::find(numbers.begin(), numbers.end(), one) != numbers.end();
    });
  };
}

TEST(Shrink, FindsTheOperationsThatAreNeeded) {
  int calls = 0;
  EXPECT_THAT(shrink(up_to(20), needs({3, 7, 19}, calls), 1000), ElementsAre(3, 7, 19));
  EXPECT_THAT(shrink(up_to(20), needs({11}, calls), 1000), ElementsAre(11));
}

TEST(Shrink, FindsThatNoneIsNeeded) {
  int calls = 0;
  EXPECT_THAT(shrink(up_to(20), needs({}, calls), 1000), IsEmpty());
}

TEST(Shrink, KeepsTheReplaysWithinBounds) {
  int calls = 0;
  const std::vector<int> left = shrink(up_to(20), needs({3, 7, 19}, calls), 5);
  EXPECT_EQ(calls, 5);
  EXPECT_TRUE(needs({3, 7, 19}, calls)(left));
}

TEST(Shrink, KeepsWhatIsNotShownAgain) {
  EXPECT_THAT(shrink({1, 2, 3}, [](const auto&) { return false; }, 100), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace stateproof::explore
