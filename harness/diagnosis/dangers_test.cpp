// What is not wrong yet: notes, and findings for those who ask strictly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/diagnosis/diagnosis_text.h"
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

TEST(Dangers, OfClaimsThatAreSmallerThanTheirTemplate) {
  Shop shop;
  shop.set()["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] = "5Gi";
  for (const std::size_t ordinal : {0U, 1U})
    shop.claim(ordinal)["spec"]["resources"]["requests"]["storage"] = "1Gi";
  ASSERT_THAT(shop.ids(), ElementsAre("claim-smaller-than-template"));
  EXPECT_TRUE(shop.first().note);
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("5Gi"), HasSubstr("1Gi"), HasSubstr("data-web-0")));
  EXPECT_EQ(shop.first().remedy.front().command, "");  // the class does not allow it
  shop.snapshot.storage_classes->front()["allowVolumeExpansion"] = true;
  ASSERT_EQ(shop.first().remedy.size(), 3U);
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("patch persistentvolumeclaim data-web-0"));
  EXPECT_EQ(shop.first().remedy.back().way, 2);
  EXPECT_THAT(
      shop.first().remedy.back().command,
      HasSubstr(R"("path":"/spec/volumeClaimTemplates/0/spec/resources/requests/storage","value":"1Gi")"));
  // Those that were made larger are as their owner wants them.
  for (const std::size_t ordinal : {0U, 1U})
    shop.claim(ordinal)["spec"]["resources"]["requests"]["storage"] = "9Gi";
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Dangers, OfATemplateThatNobodyMounts) {
  Shop shop;
  shop.pod_spec()["containers"][0].erase("volumeMounts");
  EXPECT_THAT(shop.ids(), ElementsAre("claim-not-mounted"));
  shop.pod_spec()["containers"][0]["volumeDevices"] = {{{"name", "data"}, {"devicePath", "/dev/data"}}};
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Dangers, OfAServiceThatSelectsAnotherSet) {
  Shop shop;
  json other = shop.set();
  other["metadata"]["name"] = other["metadata"]["uid"] = "billing";
  other["spec"]["serviceName"] = "billing";
  other["spec"]["template"]["metadata"]["labels"] = {{"app", "web"}, {"release", "billing"}};
  other["spec"]["selector"]["matchLabels"] = {{"release", "billing"}};
  shop.snapshot.sets->push_back(other);
  shop.snapshot.wanted_set = "web";
  ASSERT_THAT(shop.ids(), Contains("service-selects-other-set"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("Service web"), HasSubstr("billing")));
  // Two sets that share one governing Service mean it.
  shop.snapshot.sets->back()["spec"]["serviceName"] = "web";
  EXPECT_THAT(shop.ids(), Not(Contains("service-selects-other-set")));
}

TEST(Dangers, OfSelectorsThatOverlap) {
  Shop shop;
  json other = shop.set();
  other["metadata"]["name"] = other["metadata"]["uid"] = "twin";
  shop.snapshot.sets->push_back(other);
  EXPECT_THAT(shop.ids(), ElementsAre("selectors-overlap"));
  shop.snapshot.sets->back()["spec"]["selector"]["matchLabels"]["app"] = "twin";
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Dangers, OfAllMembersOnOneNode) {
  Shop shop;
  shop.snapshot.budgets.emplace();
  EXPECT_THAT(shop.ids(), IsEmpty());  // there is no other
  shop.add_node("two");
  ASSERT_THAT(shop.ids(), ElementsAre("members-share-node"));
  shop.snapshot.budgets->push_back(
      object("PodDisruptionBudget", "web", {{"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}}}}));
  EXPECT_THAT(shop.ids(), IsEmpty());
  shop.snapshot.budgets->clear();
  shop.pod(1)["spec"]["nodeName"] = "two";
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Dangers, OfTwoWhoSetTheReplicas) {
  Shop shop;
  shop.snapshot.autoscalers =
      std::vector<json>{object("HorizontalPodAutoscaler", "web",
                               {{"spec",
                                 {{"minReplicas", 3},
                                  {"maxReplicas", 5},
                                  {"scaleTargetRef", {{"kind", "StatefulSet"}, {"name", "web"}}}}}})};
  ASSERT_THAT(shop.ids(), ElementsAre("autoscaler-against-replicas"));
  shop.snapshot.autoscalers->front()["spec"]["minReplicas"] = 1;
  EXPECT_THAT(shop.ids(), IsEmpty());
  shop.set()["metadata"]["managedFields"] = {{{"manager", "helm"},
                                              {"time", kEarlier},
                                              {"fieldsV1", {{"f:spec", {{"f:replicas", json::object()}}}}}}};
  ASSERT_THAT(shop.ids(), ElementsAre("autoscaler-against-replicas"));
  EXPECT_THAT(shop.first().cause, HasSubstr("helm"));
}

TEST(Dangers, ThatEverybodyHasAreToldToTheStrictAlone) {
  const Shop shop;  // its volumes are deleted with their claims, as everywhere
  EXPECT_TRUE(shop.diagnosis().healthy());
  const Diagnosis strict = shop.diagnosis(Rigour::kStrict);
  EXPECT_FALSE(strict.healthy());
  EXPECT_EQ(strict.findings.front().id, "reclaim-policy-deletes");
}

TEST(Dangers, OfMembersThatTheTemplateTiesToOneNode) {
  Shop shop;
  shop.add_node("two");
  shop.snapshot.budgets.emplace();
  shop.set()["spec"].erase("volumeClaimTemplates");
  EXPECT_THAT(shop.ids(), Not(Contains("members-share-node")));
  shop.pod_spec()["nodeSelector"] = {{"kubernetes.io/hostname", "one"}};
  EXPECT_THAT(shop.ids(), Contains("members-share-node"));
}

}  // namespace
}  // namespace stateproof::diagnosis
