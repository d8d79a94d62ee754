#include "harness/model/rfc3339.h"

#include <gtest/gtest.h>

namespace stateproof {
namespace {

using std::chrono::microseconds;

TEST(Rfc3339, ReadsWhatTheApiServerWrites) {
  const auto seconds = parse_rfc3339("2026-03-01T10:00:00Z");
  const auto micro = parse_rfc3339("2026-03-01T10:00:00.250000Z");
  ASSERT_TRUE(seconds && micro);
  EXPECT_EQ(*micro - *seconds, microseconds{250'000});
}

TEST(Rfc3339, AppliesTheOffset) {
  EXPECT_EQ(parse_rfc3339("2026-03-01T12:30:00+02:30"), parse_rfc3339("2026-03-01T10:00:00Z"));
  EXPECT_EQ(parse_rfc3339("2026-02-28T22:00:00-02:00"), parse_rfc3339("2026-03-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026-03-01", "2026-03-01T10:00:00", "2026-13-01T10:00:00Z", "2026-02-30T10:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T10:00:00.Z", "2026-03-01T10:00:00Zx", "-026-03-01T10:00:00Z"})
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

TEST(Rfc3339, WritesUtcWithMilliseconds) {
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2026-03-01T10:00:00.0426+01:00")), "2026-03-01T09:00:00.042Z");
}

}  // namespace
}  // namespace stateproof
