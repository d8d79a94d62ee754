#include "harness/model/claim_size.h"

#include <gtest/gtest.h>

namespace stateproof {
namespace {

using nlohmann::json;

TEST(ClaimSize, IsReadFromSpecAndStatus) {
  const ClaimSize size = claim_size(json::parse(
      R"({"spec":{"resources":{"requests":{"storage":"32Mi"}}},"status":{"capacity":{"storage":"16Mi"},
          "conditions":[{"type":"FileSystemResizePending","status":"True"}]}})"));
  EXPECT_DOUBLE_EQ(size.requested, 32.0 * 1024 * 1024);
  EXPECT_DOUBLE_EQ(size.capacity, 16.0 * 1024 * 1024);
  EXPECT_TRUE(size.awaits_node);
}

TEST(ClaimSize, IsNothingWhereTheClaimDoesNotSay) {
  const ClaimSize size = claim_size(json::parse(R"({"spec":{},"status":{"phase":"Pending"}})"));
  EXPECT_EQ(size.requested, 0);
  EXPECT_EQ(size.capacity, 0);
  EXPECT_FALSE(size.awaits_node);
}

}  // namespace
}  // namespace stateproof
