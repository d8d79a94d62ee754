#include "harness/model/quantity.h"

#include <gtest/gtest.h>

namespace stateproof {
namespace {

TEST(Quantity, IsReadInItsBaseUnit) {
  EXPECT_DOUBLE_EQ(parse_quantity("250m").value(), 0.25);
  EXPECT_DOUBLE_EQ(parse_quantity("1.5").value(), 1.5);
  EXPECT_DOUBLE_EQ(parse_quantity("64Mi").value(), 64.0 * 1024 * 1024);
  EXPECT_DOUBLE_EQ(parse_quantity("2k").value(), 2000);
  EXPECT_DOUBLE_EQ(parse_quantity("1e3").value(), 1000);
  EXPECT_DOUBLE_EQ(parse_quantity("3E").value(), 3e18);
}

TEST(Quantity, IsNothingElse) {
  EXPECT_FALSE(parse_quantity(""));
  EXPECT_FALSE(parse_quantity("much"));
  EXPECT_FALSE(parse_quantity("3 apples"));
}

}  // namespace
}  // namespace stateproof
