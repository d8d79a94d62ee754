#include "cli/copied_set.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace stateproof::cli {
namespace {

using nlohmann::json;

TEST(CopiedSet, WhatItsOwnNamespaceGaveIsTakenAway) {
  const json service =
      without_its_place(json::parse(R"({"kind": "Service", "metadata": {"name": "db", "namespace": "shop",
      "uid": "1", "resourceVersion": "2", "labels": {"app": "db"},
      "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}},
      "spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 1, "nodePort": 30000}]},
      "status": {}})"));
  EXPECT_EQ(service, json::parse(R"({"kind": "Service", "metadata": {"name": "db", "labels": {"app": "db"},
      "annotations": {"a": "b"}}, "spec": {"ports": [{"port": 1}]}})"));
}

TEST(CopiedSet, AHeadlessServiceStaysHeadless) {
  const json service = without_its_place(json::parse(
      R"({"kind": "Service", "metadata": {"name": "db"}, "spec": {"clusterIP": "None", "clusterIPs": ["None"]}})"));
  EXPECT_EQ(service.at("spec"), json::parse(R"({"clusterIP": "None"})"));
}

TEST(CopiedSet, AClaimIsBoundAnew) {
  const json claim = without_its_place(json::parse(
      R"({"kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": {"volumeName": "pv-1"}})"));
  EXPECT_TRUE(claim.at("spec").empty());
}

}  // namespace
}  // namespace stateproof::cli
