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

TEST(FeatureGates, AreReadFromTheApiServersMetrics) {
  const auto gates = parse_feature_gates(
      "# HELP kubernetes_feature_enabled [BETA] This metric records the data about the stage of a feature.\n"
      "kubernetes_feature_enabled{name=\"MaxUnavailableStatefulSet\",stage=\"BETA\"} 1\n"
      "kubernetes_feature_enabled{name=\"StatefulSetRecreateStrategy\",stage=\"ALPHA\"} 0\n"
      "kubernetes_feature_enabled{name=\"StatefulSetAutoDeletePVC\",stage=\"\"} 1\n"
      "process_start_time_seconds 1.7e+09\n"
      "kubernetes_feature_enabled{name=\"CutOff\"");
  EXPECT_EQ(gates, (std::map<std::string, bool>{{"MaxUnavailableStatefulSet", true},
                                                {"StatefulSetRecreateStrategy", false}}));
}

TEST(Environment, ComesBackFromARecording) {
  Environment environment;
  environment.server_version = "v1.37.2";
  environment.nodes = 3;
  environment.schedulable_nodes = 2;
  environment.storage_class = "standard";
  environment.allows_expansion = true;
  environment.node_system = "Debian GNU/Linux 12, containerd://2.3.7, amd64";
  environment.dns = "coredns:v1.12.1";
  environment.feature_gates = {{"MaxUnavailableStatefulSet", true}};
  EXPECT_EQ(environment_from_json(environment.to_json()).properties(), environment.properties());
  EXPECT_EQ(environment.properties().at("DNS"), "coredns:v1.12.1");
  EXPECT_FALSE(Environment{}.properties().contains("DNS"));
}

TEST(Environment, TellsNothingOfGatesThatItCouldNotRead) {
  Environment environment;
  EXPECT_FALSE(environment.to_json().contains("featureGates"));
  EXPECT_EQ(environment.properties().at("feature gates"), "unknown: /metrics could not be read");
  environment.feature_gates.emplace().emplace("MaxUnavailableStatefulSet", true);
  EXPECT_EQ(environment.to_json().at("featureGates").at("MaxUnavailableStatefulSet"), true);
}

TEST(ClusterDomain, IsTheFirstZoneThatCoreDnsAnswersFromKubernetes) {
  EXPECT_EQ(cluster_domain_in(".:53 {\n    errors\n    kubernetes corp.example. in-addr.arpa ip6.arpa {\n"
                              "       pods insecure\n    }\n    forward . /etc/resolv.conf\n}\n"),
            "corp.example");
  EXPECT_EQ(cluster_domain_in("kubernetes in-addr.arpa cluster.local{\n"), "");
  EXPECT_EQ(cluster_domain_in("kubernetes 10.0.0.0/8 cluster.local {\n"), "cluster.local");
  EXPECT_EQ(cluster_domain_in("# kubernetes cluster.local\n"), "");
  EXPECT_EQ(cluster_domain_in(""), "");
}

TEST(PodMutators, AreThoseWhoseRulesReachPodsOrClaims) {
  const auto webhook = [](const char* name, const json& groups, const json& resources) {
    const json rules = json::array({{{"apiGroups", groups}, {"resources", resources}}});
    return json{{"metadata", {{"name", name}}}, {"webhooks", json::array({{{"rules", rules}}})}};
  };
  const json list{
      {"items",
       {webhook("sidecars", {""}, {"pods"}), webhook("certificates", {"example.org"}, {"issuers"}),
        webhook("everything", {"*"}, {"*"}), webhook("deployments", {"apps"}, {"deployments"})}}};
  EXPECT_EQ(pod_mutators_in(list), (std::vector<std::string>{"sidecars", "everything"}));
}

}  // namespace
}  // namespace stateproof::cli
