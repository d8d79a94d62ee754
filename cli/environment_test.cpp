#include "cli/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace stateproof::cli {
namespace {

using nlohmann::json;

json node(const std::vector<std::string>& images, const json& spec = json::object()) {
  json listed = json::array();
  for (const std::string& image : images) listed.push_back({{"names", {image}}});
  return {{"spec", spec}, {"status", {{"images", listed}}}};
}

const json kControlPlane =
    node({}, {{"taints", {{{"key", "node-role.kubernetes.io/control-plane"}, {"effect", "NoSchedule"}}}}});

class ResolveImage : public testing::Test {
 protected:
  void SetUp() override { ::unsetenv("STATEPROOF_IMAGE"); }
  void TearDown() override { ::unsetenv("STATEPROOF_IMAGE"); }
};

TEST_F(ResolveImage, WhatTheUserGivesWins) {
  ::setenv("STATEPROOF_IMAGE", "from/environment:1", 1);
  EXPECT_EQ(resolve_image("from/flag:1", {node({kBuiltImage})}), "from/flag:1");
  EXPECT_EQ(resolve_image("", {node({kBuiltImage})}), "from/environment:1");
}

TEST_F(ResolveImage, TheBuiltOneWhenEveryNodeThatTakesPodsHasIt) {
  EXPECT_EQ(resolve_image("", {kControlPlane, node({"a", kBuiltImage}), node({kBuiltImage})}), kBuiltImage);
  EXPECT_EQ(resolve_image("", {node({kBuiltImage}), node({"a"})}), kPublishedImage);
}

TEST_F(ResolveImage, ThePublishedOneIsPinnedByDigest) {
  EXPECT_NE(std::string{kPublishedImage}.find("@sha256:"), std::string::npos);
  EXPECT_EQ(resolve_image("", {}), kPublishedImage);
}

}  // namespace
}  // namespace stateproof::cli
