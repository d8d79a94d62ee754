// Claims: how the binder sees them, how they go and how they grow.
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

/// The claim of web-1 waits for a volume that stands already, and "free" is one.
Shop unbound() {
  Shop shop;
  shop.unschedule(1);
  shop.claim(1)["status"]["phase"] = "Pending";
  shop.claim(1)["spec"] = {{"storageClassName", ""},
                           {"accessModes", {"ReadWriteOnce"}},
                           {"resources", {{"requests", {{"storage", "1Gi"}}}}}};
  shop.snapshot.volumes->pop_back();
  shop.snapshot.volumes->push_back(object(
      "PersistentVolume", "free",
      {{"spec",
        {{"capacity", {{"storage", "1Gi"}}}, {"accessModes", {"ReadWriteOnce"}}, {"storageClassName", ""}}},
       {"status", {{"phase", "Available"}}}},
      false));
  return shop;
}

TEST(Claims, AreNotAccusedWhereAVolumeMatches) {
  Shop shop = unbound();
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));  // the scheduler's word alone is left
}

TEST(Claims, TellWhatOfTheVolumeDoesNotMatch) {
  const std::vector<std::pair<json, std::vector<const char*>>> spoilt{
      {{{"spec", {{"accessModes", {"ReadWriteMany"}}}}}, {"access modes", "ReadWriteMany", "ReadWriteOnce"}},
      {{{"spec", {{"capacity", {{"storage", "512Mi"}}}}}}, {"size", "512Mi", "1Gi"}},
      {{{"spec", {{"volumeMode", "Block"}}}}, {"volume mode", "Block"}},
      {{{"spec", {{"storageClassName", "gold"}}}}, {"class", "gold"}}};
  for (const auto& [patch, words] : spoilt) {
    Shop shop = unbound();
    shop.snapshot.volumes->back().merge_patch(patch);
    ASSERT_THAT(shop.ids(), ElementsAre("volume-does-not-match")) << patch;
    for (const char* word : words) EXPECT_THAT(shop.first().cause, HasSubstr(word));
  }
}

TEST(Claims, TellASelectorThatNoVolumeMeets) {
  Shop shop = unbound();
  shop.claim(1)["spec"]["selector"]["matchLabels"] = {{"tier", "gold"}};
  ASSERT_THAT(shop.ids(), ElementsAre("volume-does-not-match"));
  EXPECT_THAT(shop.first().cause, HasSubstr("tier=gold"));
  EXPECT_EQ(shop.first().remedy.front().command, "kubectl label --overwrite persistentvolume free tier=gold");
  shop.snapshot.volumes->back()["metadata"]["labels"] = {{"tier", "gold"}};
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Claims, TellAReleasedVolumeByTheUidOfItsFormerClaim) {
  Shop shop = unbound();
  shop.claim(1)["spec"]["volumeName"] = "free";
  json& volume = shop.snapshot.volumes->back();
  volume["status"]["phase"] = "Released";
  volume["spec"]["claimRef"] = {{"namespace", "shop"}, {"name", "data-web-1"}, {"uid", "former"}};
  ASSERT_THAT(shop.ids(), ElementsAre("volume-released"));
  // Only what is there is taken away: a patch that removes a missing field is refused as a whole.
  EXPECT_EQ(
      shop.first().remedy.front().command,
      R"(kubectl patch persistentvolume free --type=json -p '[{"op":"remove","path":"/spec/claimRef/uid"}]')");
  ASSERT_EQ(shop.first().remedy.size(), 1U);
  volume["spec"]["claimRef"]["uid"] = "data-web-1";
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Claims, TellAVolumeThatIsNamedAndIsNotThere) {
  Shop shop = unbound();
  shop.claim(1)["spec"]["volumeName"] = "gone";
  ASSERT_THAT(shop.ids(), ElementsAre("volume-missing"));
  EXPECT_THAT(shop.first().cause, HasSubstr("gone"));
}

TEST(Claims, GetNoVolumeThatAnotherHasOrIsToHave) {
  Shop shop = unbound();
  json& volume = shop.snapshot.volumes->back();
  volume["spec"]["claimRef"] = {{"namespace", "lab"}, {"name", "another"}};
  ASSERT_THAT(shop.ids(), ElementsAre("volume-does-not-match"));
  EXPECT_THAT(shop.first().cause, HasSubstr("it is of claim lab/another"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("/spec/claimRef"));
  volume["status"]["phase"] = "Bound";
  EXPECT_THAT(shop.ids(), ElementsAre("no-volume-available"));
}

TEST(Claims, ThatAreLostNameTheirVolume) {
  Shop shop;
  shop.unschedule(1);
  shop.claim(1)["status"]["phase"] = "Lost";
  ASSERT_THAT(shop.ids(), ElementsAre("claim-lost"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("data-web-1 is Lost"), HasSubstr("disk-1")));
}

TEST(Claims, ThatAFinalizerHoldsNameIt) {
  Shop shop;
  shop.snapshot.pods->pop_back();
  shop.claim(1)["metadata"]["deletionTimestamp"] = kEarlier;
  shop.claim(1)["metadata"]["finalizers"] = {"kubernetes.io/pvc-protection", "backup.example.com/running"};
  ASSERT_THAT(shop.ids(), ElementsAre("claim-held"));
  const Finding finding = shop.first();
  EXPECT_THAT(finding.cause,
              AllOf(HasSubstr("data-web-1 is being deleted"), HasSubstr("backup.example.com/running"),
                    Not(HasSubstr("pvc-protection"))));
  EXPECT_THAT(finding.remedy.back().command, HasSubstr("/metadata/finalizers/1"));
  EXPECT_THAT(finding.remedy[1].command, HasSubstr("Retain"));
  // One that only its own pod holds goes by itself.
  shop.claim(1)["metadata"]["finalizers"] = {"kubernetes.io/pvc-protection"};
  EXPECT_THAT(shop.ids(), Not(Contains("claim-held")));
}

TEST(Claims, ThatGrowAreToldWhenNobodyMakesThemGrow) {
  Shop shop;
  shop.claim(1)["spec"]["resources"]["requests"]["storage"] = "5Gi";
  shop.claim(1)["status"]["capacity"]["storage"] = "1Gi";
  EXPECT_THAT(shop.ids(), IsEmpty());  // has just been asked for
  shop.tell("PersistentVolumeClaim", "data-web-1", "ExternalExpanding",
            "waiting for an external controller to expand this PVC");
  ASSERT_THAT(shop.ids(), ElementsAre("expansion-waits"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("5Gi"), HasSubstr("1Gi"), HasSubstr("disks")));
  EXPECT_TRUE(shop.first().note);
  shop.tell("PersistentVolumeClaim", "data-web-1", "VolumeResizeFailed", "quota of the backend");
  EXPECT_FALSE(shop.first().note);
  shop.claim(1)["status"]["capacity"]["storage"] = "5Gi";
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Claims, DoNotCovetVolumesOfAnotherClassBesideThoseOfTheirOwn) {
  Shop shop = unbound();
  shop.claim(1)["spec"]["storageClassName"] = "local";
  json local = shop.snapshot.storage_classes->front();
  local["metadata"] = {{"name", "local"}};
  local["provisioner"] = "kubernetes.io/no-provisioner";
  shop.snapshot.storage_classes->push_back(local);
  ASSERT_THAT(shop.ids(), ElementsAre("volume-does-not-match"));  // the free one alone is there
  json taken = shop.volume(0);
  taken["metadata"]["name"] = "taken";
  taken["spec"]["storageClassName"] = "local";
  shop.snapshot.volumes->push_back(taken);
  ASSERT_THAT(shop.ids(), ElementsAre("no-volume-available"));
  EXPECT_THAT(shop.first().cause, HasSubstr("taken of claim shop/data-web-0"));
}

TEST(Claims, TellAVolumeThatWasProvisionedAndDoesNotMatch) {
  Shop shop = unbound();
  shop.claim(1)["spec"]["storageClassName"] = "standard";
  shop.claim(1)["spec"]["volumeAttributesClassName"] = "gold";
  json& made = shop.snapshot.volumes->back();
  made["spec"]["storageClassName"] = "standard";
  made["spec"]["claimRef"] = {{"namespace", "shop"}, {"name", "data-web-1"}, {"uid", "data-web-1"}};
  made["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] = "disks";
  ASSERT_THAT(shop.ids(), ElementsAre("volume-does-not-match"));
  EXPECT_THAT(shop.first().cause, HasSubstr("(attributes class: the claim asks for \"gold\""));
  EXPECT_THAT(shop.first().remedy.back().command, HasSubstr("delete pod web-1"));
  shop.claim(1)["spec"].erase("volumeAttributesClassName");
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Claims, TellWhatTheyAskForWhenItIsNotProvisioned) {
  Shop shop = unbound();
  shop.claim(1)["spec"]["storageClassName"] = "standard";
  shop.claim(1)["spec"]["accessModes"] = {"ReadWriteMany"};
  shop.claim(1)["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] = "one";
  shop.tell("PersistentVolumeClaim", "data-web-1", "ProvisioningFailed", "one node only");
  ASSERT_THAT(shop.ids(), ElementsAre("provisioning-fails"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("data-web-1"), HasSubstr("access mode ReadWriteMany"),
                                        HasSubstr("one node only")));
  EXPECT_THAT(
      shop.first().remedy.front().command,
      HasSubstr(R"("path":"/spec/volumeClaimTemplates/0/spec/accessModes","value":["ReadWriteOnce"])"));
  // What is wrong with an ordinary claim only the provisioner knows.
  shop.claim(1)["spec"]["accessModes"] = {"ReadWriteOnce"};
  EXPECT_EQ(shop.first().remedy.front().command, "");
}

TEST(Claims, TellATemplateThatNamesOneVolumeForAll) {
  Shop shop = unbound();
  shop.claim(1)["spec"]["volumeName"] = "disk-0";
  shop.volume(0)["spec"]["capacity"]["storage"] = "1Gi";
  shop.volume(0)["spec"]["accessModes"] = {"ReadWriteOnce"};
  ASSERT_THAT(shop.ids(), ElementsAre("volume-does-not-match"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("disk-0"), HasSubstr("shop/data-web-0"),
                                        HasSubstr("a volume serves one claim")));
  EXPECT_EQ(shop.first().remedy.front().command, "kubectl -n shop scale statefulset/web --replicas=1");
}

}  // namespace
}  // namespace stateproof::diagnosis
