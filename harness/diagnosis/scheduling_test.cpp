// Pods that no node takes: what the objects show, and what the scheduler says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/diagnosis/diagnosis_text.h"
#include "harness/diagnosis/node_fit.h"
#include "harness/diagnosis/testing/shop.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kEarlier;
using testing::kJustNow;
using ::testing::Not;
using testing::object;
using testing::Shop;

/// web-1 waits for a node, beside web-0 on the node "one".
Shop waiting() {
  Shop shop;
  shop.unschedule(1);
  return shop;
}

json apart() {
  return {{"podAntiAffinity",
           {{kRequired,
             {{{"labelSelector", {{"matchLabels", {{"app", "web"}}}}},
               {"topologyKey", "kubernetes.io/hostname"}}}}}}};
}

TEST(Scheduling, TellsRequiredAntiAffinityAlsoWhileTheClaimWaitsForItsFirstConsumer) {
  Shop shop = waiting();
  shop.claim(1)["status"]["phase"] = "Pending";
  shop.claim(1)["spec"].erase("volumeName");
  shop.pod(1)["spec"]["affinity"] = shop.pod_spec()["affinity"] = apart();
  json& tainted = shop.add_node("plane");
  tainted["spec"]["taints"] = {{{"key", "node-role.kubernetes.io/control-plane"}, {"effect", "NoSchedule"}}};
  ASSERT_THAT(shop.ids(), ElementsAre("pod-anti-affinity"));
  const Finding finding = shop.first();
  EXPECT_THAT(finding.cause,
              AllOf(HasSubstr("wants 2 pods"), HasSubstr("1 node that"), HasSubstr("pod shop/web-0 is there"),
                    HasSubstr("1 other node: taint node-role.kubernetes.io/control-plane:NoSchedule")));
  EXPECT_THAT(finding.remedy[0].command, HasSubstr("preferredDuringSchedulingIgnoredDuringExecution"));
  EXPECT_EQ(finding.remedy[2].command, "kubectl -n shop delete pod web-0");
  EXPECT_EQ(finding.remedy[3].way, 2);
  EXPECT_EQ(finding.pod, "web-1");
}

TEST(Scheduling, DoesNotBlameAntiAffinityWhereAnotherNodeIsFree) {
  Shop shop = waiting();
  shop.pod(1)["spec"]["affinity"] = apart();
  shop.add_node("two");
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
  // Nor where the pods that it would keep away are others.
  Shop other = waiting();
  other.pod(1)["spec"]["affinity"] = apart();
  other.pod(0)["metadata"]["labels"]["app"] = "else";
  EXPECT_THAT(other.ids(), ElementsAre("unschedulable"));
}

TEST(Scheduling, SeesThatOthersKeepThePodAway) {
  Shop shop = waiting();
  shop.pod(0)["spec"]["affinity"] = apart();
  ASSERT_THAT(shop.ids(), ElementsAre("pod-anti-affinity"));
  EXPECT_THAT(shop.first().cause, HasSubstr("of other pods"));
}

TEST(Scheduling, TellsWhoHoldsTheHostPort) {
  Shop shop = waiting();
  const json ports{{{"containerPort", 3306}, {"hostPort", 23306}}};
  for (const std::size_t ordinal : {0U, 1U}) shop.pod(ordinal)["spec"]["containers"][0]["ports"] = ports;
  shop.pod_spec()["containers"][0]["ports"] = ports;
  ASSERT_THAT(shop.ids(), ElementsAre("host-port-taken"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("hostPort 23306"), HasSubstr("pod shop/web-0 on one"),
                                        HasSubstr("free ports")));
  EXPECT_THAT(shop.first().remedy.front().command,
              HasSubstr("/spec/template/spec/containers/0/ports/0/hostPort"));
  shop.pod(0)["spec"]["containers"][0]["ports"][0]["protocol"] = "UDP";
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Scheduling, TellsWhichResourceNobodyHas) {
  for (const auto& [resource, amount, offered] : {std::tuple{"ephemeral-storage", "500Gi", true},
                                                  {"hugepages-2Mi", "64Mi", false},
                                                  {"example.com/gpu", "1", false}}) {
    Shop shop = waiting();
    shop.node()["status"]["allocatable"]["ephemeral-storage"] = "20Gi";
    shop.pod(1)["spec"]["containers"][0]["resources"]["requests"] = {{"cpu", "10m"}, {resource, amount}};
    ASSERT_THAT(shop.ids(), ElementsAre("insufficient-resources")) << resource;
    EXPECT_THAT(shop.first().cause, HasSubstr(resource));
    EXPECT_THAT(shop.first().cause, HasSubstr(offered ? "than any node has free" : "offers any"));
  }
}

TEST(Scheduling, CountsSidecarsAndPodsThatAreThere) {
  Shop shop = waiting();
  shop.pod(1)["spec"]["containers"][0]["resources"]["requests"] = {{"cpu", "1"}};
  shop.pod(0)["spec"]["containers"][0]["resources"]["requests"] = {{"cpu", "900m"}};
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
  shop.pod(1)["spec"]["initContainers"] = {
      {{"name", "proxy"}, {"restartPolicy", "Always"}, {"resources", {{"requests", {{"cpu", "200m"}}}}}}};
  EXPECT_THAT(shop.ids(), ElementsAre("insufficient-resources"));
  // One that only runs before the others takes nothing beside them.
  shop.pod(1)["spec"]["initContainers"][0].erase("restartPolicy");
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

json spread(const char* key) {
  return {{{"maxSkew", 1},
           {"topologyKey", key},
           {"whenUnsatisfiable", "DoNotSchedule"},
           {"labelSelector", {{"matchLabels", {{"app", "web"}}}}}}};
}

TEST(Scheduling, TellsALabelOfTheSpreadThatNoNodeHas) {
  Shop shop = waiting();
  shop.pod(1)["spec"]["topologySpreadConstraints"] = spread("rack");
  ASSERT_THAT(shop.ids(), ElementsAre("topology-label-missing"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("rack"), HasSubstr("1 of 1 node do not have")));
  shop.node()["metadata"]["labels"]["rack"] = "a";
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Scheduling, TellsASpreadThatCountsANodeWhichTakesNoPods) {
  Shop shop = waiting();
  shop.pod(1)["spec"]["topologySpreadConstraints"] = spread("kubernetes.io/hostname");
  json& plane = shop.add_node("plane");
  plane["spec"]["taints"] = {{{"key", "node-role.kubernetes.io/control-plane"}, {"effect", "NoSchedule"}}};
  ASSERT_THAT(shop.ids(), ElementsAre("topology-spread"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("nodeTaintsPolicy"));
  shop.pod(1)["spec"]["topologySpreadConstraints"][0]["whenUnsatisfiable"] = "ScheduleAnyway";
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Scheduling, TellsWhomAPodWantsToBeBeside) {
  Shop shop = waiting();
  json together = {{"podAffinity",
                    {{kRequired,
                      {{{"labelSelector", {{"matchLabels", {{"app", "cache"}}}}},
                        {"topologyKey", "kubernetes.io/hostname"}}}}}}};
  shop.pod(1)["spec"]["affinity"] = together;
  ASSERT_THAT(shop.ids(), ElementsAre("pod-affinity"));
  EXPECT_THAT(shop.first().cause, HasSubstr("app=cache"));
  // The first of those that want each other may go anywhere.
  together["podAffinity"][kRequired][0]["labelSelector"]["matchLabels"] = {{"app", "web"}};
  shop.pod(1)["spec"]["affinity"] = together;
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Scheduling, NamesTheLabelThatNoNodeHas) {
  Shop shop = waiting();
  shop.pod(1)["spec"]["affinity"]["nodeAffinity"][kRequired]["nodeSelectorTerms"] = {
      {{"matchExpressions", {{{"key", "disk"}, {"operator", "In"}, {"values", {"nvme"}}}}}}};
  ASSERT_THAT(shop.ids(), ElementsAre("node-selector-matches-none"));
  EXPECT_THAT(shop.first().cause, HasSubstr("disk In (nvme)"));
}

TEST(Scheduling, CountsPodsAgainstWhatANodeTakes) {
  Shop shop = waiting();
  shop.node()["status"]["allocatable"]["pods"] = "1";
  EXPECT_THAT(shop.ids(), ElementsAre("too-many-pods"));
}

TEST(Scheduling, TellsTwoVolumesOnDifferentNodes) {
  Shop shop = waiting();
  shop.add_node("two");
  shop.pod(1)["spec"]["volumes"].push_back(
      {{"name", "wal"}, {"persistentVolumeClaim", {{"claimName", "wal-web-1"}}}});
  json claim = shop.claim(1);
  claim["metadata"]["name"] = claim["metadata"]["uid"] = "wal-web-1";
  claim["spec"]["volumeName"] = "disk-wal";
  shop.snapshot.claims->push_back(claim);
  const auto stand = [](json& volume, const char* node) {
    volume["spec"]["local"]["path"] = "/disks";
    volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"] = {
        {{"matchExpressions",
          {{{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", {node}}}}}}};
  };
  json wal = shop.volume(1);
  wal["metadata"]["name"] = "disk-wal";
  stand(wal, "two");
  shop.snapshot.volumes->push_back(wal);
  stand(shop.volume(1), "one");
  ASSERT_THAT(shop.ids(), ElementsAre("volumes-apart"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("disk-1"), HasSubstr("on one"), HasSubstr("disk-wal"),
                                        HasSubstr("on two"), HasSubstr("no node satisfies both")));
  stand(shop.snapshot.volumes->back(), "one");
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Scheduling, BelievesTheSchedulerWhereNodesMayNotBeRead) {
  Shop shop = waiting();
  shop.snapshot.nodes.reset();
  shop.pod(1)["status"]["conditions"][0]["message"] =
      "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 "
      "node(s) didn't match pod "
      "anti-affinity rules. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
      "2 No preemption victims "
      "found for incoming pod.";
  ASSERT_THAT(shop.ids(), ElementsAre("pod-anti-affinity"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("2 node(s) didn't match pod anti-affinity rules"),
                                        Not(HasSubstr("preemption"))));
}

TEST(Scheduling, SeesThatNobodySchedules) {
  Shop shop = waiting();
  shop.pod(1)["status"] = {{"phase", "Pending"}};
  shop.pod(1)["spec"]["schedulerName"] = "stork";
  ASSERT_THAT(shop.ids(), ElementsAre("scheduler-silent"));
  EXPECT_THAT(shop.first().cause, HasSubstr("stork"));
  shop.pod(1)["metadata"]["creationTimestamp"] = kJustNow;
  EXPECT_THAT(shop.ids(), IsEmpty());
}

/// The claim of web-1 is not bound, and asks for a volume of the class.
void unbind(Shop& shop, const char* class_name) {
  shop.claim(1)["status"]["phase"] = "Pending";
  shop.claim(1)["spec"] = {{"storageClassName", class_name},
                           {"resources", {{"requests", {{"storage", "1Gi"}}}}}};
  shop.snapshot.volumes->pop_back();
}

TEST(Scheduling, TellsAClassThatProvisionsWhereNoNodeIs) {
  Shop shop = waiting();
  unbind(shop, "standard");
  shop.snapshot.storage_classes->front()["allowedTopologies"] = {
      {{"matchLabelExpressions", {{{"key", "zone"}, {"values", {"eu-1a"}}}}}}};
  ASSERT_THAT(shop.ids(), ElementsAre("no-volume-available"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("data-web-1"), HasSubstr("StorageClass standard"),
                                        HasSubstr("zone In (eu-1a)")));
  EXPECT_EQ(shop.first().remedy.front().command, "kubectl label node <node> zone=eu-1a");
  shop.node()["metadata"]["labels"]["zone"] = "eu-1a";
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Scheduling, TellsAFreeVolumeThatStandsWhereThePodMayNotGo) {
  Shop shop = waiting();
  unbind(shop, "local");
  json local = shop.snapshot.storage_classes->front();
  local["metadata"] = {{"name", "local"}};
  local["provisioner"] = "kubernetes.io/no-provisioner";
  shop.snapshot.storage_classes->push_back(local);
  shop.snapshot.volumes->push_back(object(
      "PersistentVolume", "free",
      {{"spec",
        {{"capacity", {{"storage", "1Gi"}}},
         {"storageClassName", "local"},
         {"nodeAffinity",
          {{"required",
            {{"nodeSelectorTerms",
              {{{"matchExpressions",
                 {{{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", {"one"}}}}}}}}}}}}}},
       {"status", {{"phase", "Available"}}}},
      false));
  shop.pod(1)["spec"]["affinity"] = apart();
  shop.add_node("two");
  ASSERT_THAT(shop.ids(), ElementsAre("pod-anti-affinity"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("pod shop/web-0 is there"),
                                        HasSubstr("1 other node: no free volume for claim data-web-1")));
}

TEST(Scheduling, TellsWhereThePodsAreThatARuleLooksForInItsOwnNamespace) {
  Shop shop = waiting();
  const json rule{{"podAffinity",
                   {{kRequired,
                     {{{"labelSelector", {{"matchLabels", {{"app", "cache"}}}}},
                       {"topologyKey", "kubernetes.io/hostname"}}}}}}};
  shop.pod(1)["spec"]["affinity"] = shop.pod_spec()["affinity"] = rule;
  json cache = shop.pod(0);
  cache["metadata"] = {{"name", "cache"}, {"namespace", "fast"}, {"labels", {{"app", "cache"}}}};
  shop.snapshot.pods->push_back(cache);
  ASSERT_THAT(shop.ids(), ElementsAre("pod-affinity"));
  EXPECT_THAT(shop.first().cause, HasSubstr("such pods run in namespace fast"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr(R"("value":["fast"])"));
  shop.pod(1)["spec"]["affinity"]["podAffinity"][kRequired][0]["namespaces"] = {"fast"};
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Scheduling, NamesTheRuntimeClassThatAddsTheSelector) {
  Shop shop = waiting();
  shop.pod(1)["spec"]["nodeSelector"] = {{"runtime", "sandbox"}};
  shop.pod(1)["spec"]["runtimeClassName"] = shop.pod_spec()["runtimeClassName"] = "kata";
  ASSERT_THAT(shop.ids(), ElementsAre("node-selector-matches-none"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("runtime=sandbox"), HasSubstr("RuntimeClass kata adds")));
  EXPECT_THAT(shop.first().remedy[1].command, HasSubstr("runtimeClassName"));
  shop.pod_spec()["nodeSelector"] = {{"runtime", "sandbox"}};
  EXPECT_THAT(shop.first().cause, Not(HasSubstr("kata")));
}

TEST(Scheduling, AsksForLessWhereThePodAsWholeAsks) {
  Shop shop = waiting();
  shop.pod(1)["spec"]["resources"]["requests"]["cpu"] = "64";
  ASSERT_THAT(shop.ids(), ElementsAre("insufficient-resources"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr(R"("resources":{"requests":{"cpu":"1800m"}})"));
}

TEST(Scheduling, TakesTheHostsNetworkAwayWithItsPorts) {
  Shop shop = waiting();
  const json ports{{{"containerPort", 3306}, {"hostPort", 3306}}};
  for (const std::size_t ordinal : {0U, 1U}) shop.pod(ordinal)["spec"]["containers"][0]["ports"] = ports;
  shop.pod_spec()["containers"][0]["ports"] = ports;
  shop.pod_spec()["hostNetwork"] = true;
  ASSERT_THAT(shop.ids(), ElementsAre("host-port-taken"));
  EXPECT_THAT(
      shop.first().remedy.front().command,
      AllOf(HasSubstr(R"({"op":"remove","path":"/spec/template/spec/containers/0/ports/0/hostPort"})"),
            HasSubstr(R"({"op":"remove","path":"/spec/template/spec/hostNetwork"})")));
}

TEST(Scheduling, TellsAClaimOfADeviceThatDoesNotExist) {
  Shop shop = waiting();
  shop.pod(1)["status"] = {{"phase", "Pending"}};
  const json claims{{{"name", "gpu"}, {"resourceClaimName", "shared-gpu"}}};
  shop.pod(1)["spec"]["resourceClaims"] = shop.pod_spec()["resourceClaims"] = claims;
  shop.pod_spec()["containers"][0]["resources"]["claims"] = {{{"name", "gpu"}}};
  shop.snapshot.resource_claims.emplace();
  ASSERT_THAT(shop.ids(), ElementsAre("resource-claim-missing"));
  EXPECT_THAT(shop.first().cause, HasSubstr("ResourceClaim shared-gpu"));
  EXPECT_THAT(shop.first().remedy[1].command,
              AllOf(HasSubstr("/spec/template/spec/containers/0/resources/claims"),
                    HasSubstr("/spec/template/spec/resourceClaims")));
  shop.snapshot.resource_claims->push_back(object("ResourceClaim", "shared-gpu", json::object()));
  EXPECT_THAT(shop.ids(), ElementsAre("scheduler-silent"));
  // Where they may not be read, nothing is concluded from their absence.
  shop.snapshot.resource_claims.reset();
  EXPECT_THAT(shop.ids(), ElementsAre("scheduler-silent"));
}

TEST(Scheduling, BlamesNoSchedulerThatHasChosenANode) {
  Shop shop = waiting();
  shop.pod(1)["status"] = {{"phase", "Pending"}, {"nominatedNodeName", "one"}};
  EXPECT_THAT(shop.ids(), Not(Contains("scheduler-silent")));
}

}  // namespace
}  // namespace stateproof::diagnosis
