#include "harness/model/server_version.h"

#include <gtest/gtest.h>

namespace stateproof {
namespace {

ServerVersion version(std::string_view text) { return parse_server_version(text).value(); }

TEST(ServerVersion, IsOrderedByItsNumbers) {
  EXPECT_LT(version("v1.34.4"), version("1.35"));
  EXPECT_LT(version("v1.9.11"), version("v1.10.0"));
  EXPECT_LT(version("v1.35.0"), version("v1.35.4"));
  EXPECT_EQ(version("v1.35.0"), version("1.35"));
  EXPECT_GT(version("v2.0.0"), version("v1.99.9"));
}

TEST(ServerVersion, APreReleaseComesBeforeWhatItLeadsTo) {
  EXPECT_LT(version("v1.37.0-alpha.1+abc"), version("1.37"));
  EXPECT_LT(version("v1.37.0-beta.0.12+0123456789abcd-dirty"), version("1.37"));
  EXPECT_LT(version("v1.37.0-rc.1"), version("1.37"));
  EXPECT_GT(version("v1.37.0-alpha.1+abc"), version("v1.36.9"));
}

TEST(ServerVersion, WhatVendorsAppendSaysNothing) {
  EXPECT_EQ(version("v1.34.4-gke.100"), version("v1.34.4"));
  EXPECT_EQ(version("v1.33.0-eks-7d7d2f8"), version("1.33"));
  EXPECT_EQ(version("v1.34.4+k3s1"), version("v1.34.4"));
  EXPECT_EQ(version("v1.35"), version("v1.35.0"));
}

TEST(ServerVersion, IsNotReadFromAnythingElse) {
  for (const std::string_view text : {"", "unknown", "v", "v1", "v1.", "1.x", "v-1.2", "v99999999999.1"})
    EXPECT_FALSE(parse_server_version(text).has_value()) << text;
}

}  // namespace
}  // namespace stateproof
