#include "harness/diagnosis/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/diagnosis/diagnosis_text.h"
#include "harness/diagnosis/testing/shop.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kEarlier;
using testing::kJustNow;
using ::testing::Not;
using testing::object;
using testing::Shop;

TEST(Diagnose, FindsNothingWrongWithAHealthySet) {
  EXPECT_THAT(Shop().ids(), IsEmpty());
  Shop parallel;
  parallel.set()["spec"]["podManagementPolicy"] = "Parallel";
  EXPECT_THAT(parallel.ids(), IsEmpty());
  EXPECT_TRUE(Shop().diagnosis().healthy());
  Shop none;
  none.set()["spec"]["replicas"] = 0;
  none.snapshot.pods->clear();
  EXPECT_THAT(none.ids(), IsEmpty());
}

TEST(Diagnose, FindsNothingWhereThingsAreUnderWay) {
  Shop starting;
  starting.contain(0, {{"ready", false}, {"state", {{"waiting", {{"reason", "ContainerCreating"}}}}}});
  EXPECT_THAT(starting.ids(), IsEmpty());
  Shop probed;
  probed.pod(0)["spec"]["containers"][0]["readinessProbe"] = {{"periodSeconds", 10}};
  probed.contain(0, {{"ready", false}, {"state", {{"running", {{"startedAt", kJustNow}}}}}});
  EXPECT_THAT(probed.ids(), IsEmpty());
  Shop terminating;
  terminating.pod(1)["metadata"]["deletionTimestamp"] = "2026-03-01T10:10:20Z";
  EXPECT_THAT(terminating.ids(), IsEmpty());
  Shop scheduling;
  scheduling.unschedule(0);
  scheduling.pod(0)["status"]["conditions"][0]["lastTransitionTime"] = kJustNow;
  EXPECT_THAT(scheduling.ids(), IsEmpty());
}

TEST(Diagnose, ConcludesNothingFromWhatItMayNotRead) {
  Shop shop;
  shop.unschedule(0);
  shop.claim(0)["status"]["phase"] = "Pending";
  shop.snapshot.storage_classes.reset();
  shop.snapshot.nodes.reset();
  shop.snapshot.services.reset();
  shop.snapshot.events.reset();
  shop.snapshot.volumes.reset();
  // That no node was found for it is known from the pod itself.
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
}

TEST(Diagnose, NamesTheClassThatIsMissingOnceForAllPods) {
  Shop shop;
  for (const std::size_t ordinal : {0U, 1U}) {
    shop.unschedule(ordinal);
    shop.claim(ordinal)["status"]["phase"] = "Pending";
    shop.claim(ordinal)["spec"] = {{"storageClassName", "fast"}};
  }
  const auto findings = shop.findings();
  ASSERT_THAT(shop.ids(), ElementsAre("storage-class-missing"));
  EXPECT_THAT(findings.front().also, ElementsAre("web-1"));
  EXPECT_THAT(findings.front().cause, HasSubstr("fast"));
}

TEST(Diagnose, SaysWhoWaitsForThePodThatIsNotReady) {
  Shop shop;
  shop.contain(0, {{"ready", false}, {"state", {{"waiting", {{"reason", "ImagePullBackOff"}}}}}});
  shop.snapshot.pods->pop_back();
  ASSERT_THAT(shop.ids(), ElementsAre("image-not-pulled"));
  EXPECT_THAT(shop.findings().front().waiting, ElementsAre("web-1"));
}

TEST(Diagnose, PutsTheClaimBeforeWhatFollowsFromIt) {
  Shop shop;
  shop.claim(0)["metadata"]["deletionTimestamp"] = kEarlier;
  EXPECT_THAT(shop.ids(), ElementsAre("claim-deleted"));
  EXPECT_THAT(shop.findings().front().remedy.front().command, HasSubstr("patch persistentvolume disk-0"));
}

TEST(Diagnose, KnowsAVolumeWhoseClaimWasReplaced) {
  Shop shop;
  json lost = shop.volume(0);
  lost["metadata"]["name"] = "disk-9";
  lost["status"]["phase"] = "Released";
  lost["spec"]["claimRef"]["uid"] = "former";
  shop.snapshot.volumes->push_back(lost);
  EXPECT_THAT(shop.ids(), ElementsAre("claim-replaced"));
  lost["spec"]["claimRef"]["namespace"] = "elsewhere";
  shop.snapshot.volumes->back() = lost;
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Diagnose, TellsAnUpdateThatWaitsForAPodWhichTheOldTemplateBroke) {
  Shop shop;
  shop.contain(1, {{"ready", false}, {"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}});
  shop.set()["status"]["updateRevision"] = "web-2";
  EXPECT_THAT(shop.ids(), ElementsAre("update-awaits-broken-pod"));
  EXPECT_EQ(shop.findings().front().remedy.front().command, "kubectl -n shop delete pod web-1");
  // Below the partition the old template is wanted.
  shop.set()["spec"]["updateStrategy"]["rollingUpdate"] = {{"partition", 2}};
  EXPECT_THAT(shop.ids(), ElementsAre("image-not-pulled", "update-held-by-partition"));
}

TEST(Diagnose, FindsWhyNoNodeTakesThePod) {
  Shop big;
  big.unschedule(1);
  big.pod(1)["spec"]["containers"][0]["resources"]["requests"] = {{"memory", "8Gi"}};
  EXPECT_THAT(big.ids(), ElementsAre("insufficient-resources"));
  Shop picky;
  picky.unschedule(1);
  picky.pod(1)["spec"]["nodeSelector"] = {{"disk", "fast"}};
  EXPECT_THAT(picky.ids(), ElementsAre("node-selector-matches-none"));
  Shop tainted;
  tainted.unschedule(1);
  tainted.node()["spec"]["taints"] = {{{"key", "only"}, {"value", "others"}, {"effect", "NoSchedule"}}};
  EXPECT_THAT(tainted.ids(), ElementsAre("taint-not-tolerated"));
  tainted.pod(1)["spec"]["tolerations"] = {{{"key", "only"}, {"operator", "Exists"}}};
  EXPECT_THAT(tainted.ids(), ElementsAre("unschedulable"));
  Shop bound;
  bound.unschedule(1);
  bound.volume(1)["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"] = {
      {{"matchExpressions", {{{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", {"two"}}}}}}};
  EXPECT_THAT(bound.ids(), ElementsAre("volume-node-conflict"));
}

TEST(Diagnose, DoesNotForceAwayThePodOfALostNode) {
  Shop shop;
  shop.node()["status"]["conditions"][0]["status"] = "Unknown";
  ASSERT_THAT(shop.ids(), ElementsAre("node-lost"));
  const Finding finding = shop.findings().front();
  EXPECT_THAT(finding.also, ElementsAre("web-1"));
  EXPECT_THAT(finding.trap, HasSubstr("two pods"));
  for (const Remedy& step : finding.remedy) EXPECT_THAT(step.command, Not(HasSubstr("--force")));
}

TEST(Diagnose, SeesThatAPodHangsInItsEnd) {
  Shop shop;
  shop.pod(1)["metadata"]["deletionTimestamp"] = kEarlier;
  EXPECT_THAT(shop.ids(), ElementsAre("termination-hangs"));
  shop.pod(1)["metadata"]["finalizers"] = {"shop/backup"};
  shop.pod(1)["status"]["containerStatuses"][0]["state"] = {{"terminated", {{"exitCode", 0}}}};
  EXPECT_THAT(shop.ids(), ElementsAre("finalizer-holds-pod"));
}

TEST(Diagnose, NamesTheNodeThatStillHoldsTheVolume) {
  Shop shop;
  shop.pod(0)["status"] = {{"phase", "Pending"}};
  shop.tell("Pod", "web-0", "FailedAttachVolume", "Multi-Attach error for volume \"disk-0\"");
  EXPECT_THAT(shop.ids(), IsEmpty());
  shop.snapshot.attachments->push_back(
      object("VolumeAttachment", "csi-1",
             {{"spec", {{"nodeName", "two"}, {"source", {{"persistentVolumeName", "disk-0"}}}}},
              {"status", {{"attached", true}}}},
             false));
  EXPECT_THAT(shop.ids(), ElementsAre("volume-attached-elsewhere"));
}

TEST(Diagnose, ReadsWhatADatabaseSaysBeforeItEnds) {
  Shop shop;
  shop.contain(0, {{"ready", false},
                   {"restartCount", 4},
                   {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
                   {"lastState", {{"terminated", {{"reason", "Error"}, {"exitCode", 1}}}}}});
  EXPECT_THAT(shop.ids(), ElementsAre("container-crashes"));
  ASSERT_EQ(logs_wanted(shop.snapshot).size(), 1U);
  EXPECT_TRUE(logs_wanted(shop.snapshot).front().previous);
  shop.snapshot.logs["shop/web-0/web"] = "starting\nwrite: No space left on device\n";
  EXPECT_THAT(shop.ids(), ElementsAre("volume-full"));
  shop.pod(0)["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] = "OOMKilled";
  EXPECT_THAT(shop.ids(), ElementsAre("out-of-memory"));
}

TEST(Diagnose, NamesTheLogOfTheRunThatEnded) {
  Shop shop;
  const json ended = {{"terminated", {{"reason", "Error"}, {"exitCode", 3}}}};
  shop.contain(0, {{"ready", false}, {"restartCount", 0}, {"state", ended}});
  ASSERT_THAT(shop.ids(), ElementsAre("container-crashes"));
  EXPECT_THAT(shop.findings().front().remedy.front().command, EndsWith("logs web-0 -c web"));
  shop.contain(0, {{"ready", false}, {"restartCount", 1}, {"state", ended}, {"lastState", ended}});
  EXPECT_THAT(shop.findings().front().remedy.front().command, EndsWith("logs web-0 -c web --previous"));
}

TEST(Diagnose, SeesAReplicaThatLacksItsPrimarysLogs) {
  Shop shop;
  shop.pod(1)["spec"]["containers"][0]["readinessProbe"] = {{"exec", {{"command", {"healthcheck.sh"}}}},
                                                            {"periodSeconds", 2}};
  shop.contain(1, {{"ready", false}, {"state", {{"running", {{"startedAt", kEarlier}}}}}});
  EXPECT_THAT(shop.ids(), ElementsAre("probe-fails"));
  shop.snapshot.logs["shop/web-1/web"] =
      "[Warning] Access denied for user 'root'@'localhost'\n"
      "[ERROR] Slave I/O: Got fatal error 1236 from master when reading data from binary log: 'Could not "
      "find GTID "
      "state requested by slave in any binlog files.', Internal MariaDB error code: 1236\n";
  ASSERT_THAT(shop.ids(), ElementsAre("replica-cannot-catch-up"));
  const Finding finding = shop.findings().front();
  EXPECT_THAT(finding.evidence.front().value, HasSubstr("error 1236"));
  ASSERT_EQ(finding.remedy.size(), 3U);
  EXPECT_THAT(finding.remedy[1].command, HasSubstr("delete pvc data-web-1 --wait=false"));
  EXPECT_THAT(finding.remedy[2].command, HasSubstr("delete pod web-1"));
  EXPECT_THAT(finding.trap, HasSubstr("primary"));
}

TEST(Diagnose, ForgetsARefusalThatIsOver) {
  Shop shop;
  const char* refused =
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: exceeded quota: small, "
      "requested: pods=1, used: pods=1, limited: pods=1";
  shop.tell("StatefulSet", "web", "FailedCreate", refused);
  EXPECT_THAT(shop.ids(), IsEmpty());
  const json pod = shop.pod(1);
  shop.snapshot.pods->pop_back();
  EXPECT_THAT(shop.ids(), ElementsAre("quota-exceeded"));
  shop.tell("StatefulSet", "web", "SuccessfulCreate", "create Pod web-1 in StatefulSet web successful",
            kJustNow);
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Diagnose, SeesAControllerThatDoesNotWork) {
  Shop shop;
  shop.set()["metadata"]["generation"] = 2;
  shop.set()["metadata"]["managedFields"] = {{{"manager", "kubectl"}, {"time", kJustNow}}};
  EXPECT_THAT(shop.ids(), IsEmpty());
  shop.set()["metadata"]["managedFields"][0]["time"] = kEarlier;
  EXPECT_THAT(shop.ids(), ElementsAre("controller-silent"));
}

TEST(DiagnosisText, TellsCauseEvidenceRemedyAndTrap) {
  Shop shop;
  shop.snapshot.services->clear();
  const auto all = diagnose_all(shop.snapshot);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(all.front().healthy());
  const std::string text = text_of(all.front(), shop.snapshot.taken);
  EXPECT_THAT(text, HasSubstr("StatefulSet shop/web: 2 of 2 pods Ready"));
  EXPECT_THAT(text, HasSubstr("service-missing: "));
  EXPECT_THAT(text, HasSubstr("spec.serviceName: web"));
  EXPECT_THAT(text, HasSubstr("$ kubectl -n shop set selector service/web app=web"));
  EXPECT_THAT(text, HasSubstr("beware"));
  EXPECT_EQ(json_of(all.front()).at("findings").at(0).at("id"), "service-missing");
}

TEST(DiagnosisText, LetsNoControlCharacterOfALogThrough) {
  Shop shop;
  shop.contain(0, {{"ready", false},
                   {"restartCount", 4},
                   {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
                   {"lastState", {{"terminated", {{"exitCode", 1}}}}}});
  shop.snapshot.logs["shop/web-0/web"] = "\x1b[31mred";
  EXPECT_THAT(text_of(diagnose_all(shop.snapshot).front(), shop.snapshot.taken), Not(HasSubstr("\x1b")));
}

TEST(Diagnose, WithoutTheRightToStorageClassesTheEventOfAPendingClaimIsTold) {
  Shop shop;
  shop.unschedule(0);
  shop.claim(0)["status"]["phase"] = "Pending";
  shop.claim(0)["spec"].erase("volumeName");
  shop.snapshot.storage_classes.reset();
  shop.snapshot.volumes.reset();
  shop.snapshot.nodes.reset();
  EXPECT_THAT(shop.ids(), ElementsAre("unschedulable"));
  shop.tell("PersistentVolumeClaim", "data-web-0", "ProvisioningFailed",
            "storageclass \"nowhere\" not found");
  ASSERT_THAT(shop.ids(), ElementsAre("claim-not-bound"));
  EXPECT_THAT(shop.findings().front().evidence.back().value, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace stateproof::diagnosis
