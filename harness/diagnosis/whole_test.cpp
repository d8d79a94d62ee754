// A set that is not whole is never called healthy; what is under way is told as such.
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

TEST(Whole, IsOnlyASetWhosePodsAreAsItWantsThem) {
  Shop shop;
  shop.unready(1, kEarlier);
  Diagnosis diagnosis = shop.diagnosis();
  ASSERT_THAT(shop.ids(), ElementsAre("pod-stuck"));
  EXPECT_EQ(diagnosis.findings.front().pod, "web-1");
  EXPECT_EQ(diagnosis.findings.front().stage, "readiness");
  EXPECT_EQ(diagnosis.findings.front().since, parse_rfc3339(kEarlier));
  shop.unready(1, kJustNow);
  diagnosis = shop.diagnosis();
  EXPECT_THAT(diagnosis.findings, IsEmpty());
  EXPECT_EQ(diagnosis.state(), Diagnosis::State::kUnderWay);
}

TEST(Whole, TellsTheStageAndTheNewestWarning) {
  Shop shop;
  shop.unready(1);
  shop.tell("Pod", "web-1", "Strange", "something odd", kJustNow);
  shop.snapshot.events->back()["type"] = "Warning";
  EXPECT_THAT(shop.first().cause, HasSubstr("Strange: something odd"));
}

TEST(Whole, AMissingPodOfWhichNothingSaysWhyIsAFinding) {
  Shop shop;
  shop.forget_last();
  ASSERT_THAT(shop.ids(), ElementsAre("pod-stuck"));
  EXPECT_EQ(shop.first().stage, "no pod");
  shop.set()["metadata"]["managedFields"] = {{{"manager", "kubectl"}, {"time", kJustNow}}};
  EXPECT_THAT(shop.ids(), IsEmpty());
  EXPECT_FALSE(shop.diagnosis().healthy());
}

TEST(Whole, AnUpdateThatDoesNotComeIsAFinding) {
  Shop shop;
  shop.set()["status"]["updateRevision"] = "web-2";
  shop.set()["metadata"]["managedFields"] = {{{"manager", "kubectl"}, {"time", kEarlier}}};
  ASSERT_THAT(shop.ids(), Contains("pod-stuck"));
  EXPECT_EQ(shop.first().stage, "update");
  shop.set()["metadata"]["managedFields"][0]["time"] = kJustNow;
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Availability, OfAnHourHoldsAnUpdateThatHasNotBegun) {
  Shop shop;
  shop.set()["spec"]["minReadySeconds"] = 3600;
  shop.set()["status"]["updateRevision"] = "web-2";
  for (const std::size_t ordinal : {0U, 1U})
    shop.pod(ordinal)["status"]["conditions"] = {
        {{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", kJustNow}}};
  ASSERT_THAT(shop.ids(), ElementsAre("min-ready-holds"));
  EXPECT_THAT(shop.first().cause, HasSubstr("web-1 waits until web-0 has been Ready for 3600 s"));
  // Without an update nothing waits.
  shop.set()["status"]["updateRevision"] = "web-1";
  EXPECT_THAT(shop.ids(), IsEmpty());
}

void make_available_after(Shop& shop, int seconds) {
  shop.forget_last();
  shop.set()["spec"]["minReadySeconds"] = seconds;
  shop.pod(0)["status"]["conditions"] = {
      {{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", kJustNow}}};
}

TEST(Availability, OfAnHourIsToldAsWhatHoldsTheNextPod) {
  Shop shop;
  make_available_after(shop, 3600);
  ASSERT_THAT(shop.ids(), ElementsAre("min-ready-holds"));
  EXPECT_THAT(shop.first().cause,
              AllOf(HasSubstr("web-1 waits until web-0"), HasSubstr("3600 s"), HasSubstr("minReadySeconds")));
}

TEST(Availability, OfSecondsIsUnderWay) {
  Shop shop;
  make_available_after(shop, 30);
  const Diagnosis diagnosis = shop.diagnosis();
  EXPECT_THAT(diagnosis.findings, IsEmpty());
  ASSERT_EQ(diagnosis.under_way.size(), 2U);
  EXPECT_THAT(diagnosis.under_way.front().waits_for, HasSubstr("minReadySeconds"));
  EXPECT_EQ(diagnosis.under_way.front().until, parse_rfc3339("2026-03-01T10:10:28Z"));
}

TEST(Updates, ByHandAreANoteAndNamePods) {
  Shop shop;
  shop.set()["spec"]["updateStrategy"]["type"] = "OnDelete";
  EXPECT_THAT(shop.ids(), IsEmpty());
  shop.set()["status"]["updateRevision"] = "web-2";
  ASSERT_THAT(shop.ids(), ElementsAre("update-on-delete"));
  EXPECT_TRUE(shop.first().note);
  EXPECT_THAT(shop.first().cause,
              AllOf(HasSubstr("OnDelete"), HasSubstr("web-1, web-0"), HasSubstr("old revision")));
  EXPECT_THAT(text_of(shop.diagnosis(), shop.snapshot.taken),
              AllOf(HasSubstr("2 of 2 pods Ready, 1 note"), Not(HasSubstr("healthy"))));
  EXPECT_TRUE(shop.diagnosis().healthy());
  EXPECT_FALSE(shop.diagnosis(Rigour::kStrict).healthy());
}

TEST(Updates, ThatAPartitionHoldsAreCanariesOrReachNobody) {
  Shop shop;
  shop.set()["status"]["updateRevision"] = "web-2";
  shop.set()["spec"]["updateStrategy"]["rollingUpdate"] = {{"partition", 1}};
  shop.pod(1)["metadata"]["labels"]["controller-revision-hash"] = "web-2";
  ASSERT_THAT(shop.ids(), ElementsAre("update-canary"));
  EXPECT_TRUE(shop.first().note);
  shop.pod(1)["metadata"]["labels"]["controller-revision-hash"] = "web-1";
  shop.set()["spec"]["updateStrategy"]["rollingUpdate"] = {{"partition", 5}};
  ASSERT_THAT(shop.ids(), ElementsAre("update-held-by-partition"));
  EXPECT_FALSE(shop.first().note);
  shop.set()["status"]["updateRevision"] = "web-1";
  EXPECT_THAT(shop.ids(), IsEmpty());
}

void evict(Shop& shop, const char* uid, const char* message, const char* at = "2026-03-01T10:08:00Z") {
  shop.tell("Pod", "web-1", "Evicted", message, at);
  shop.snapshot.events->back()["involvedObject"]["uid"] = uid;
}

TEST(Loops, OfEvictionsAreSeenAlthoughThePodIsReady) {
  Shop shop;
  constexpr const char* kOver = "Usage of EmptyDir volume \"scratch\" exceeds the limit \"4Mi\". ";
  evict(shop, "a", kOver);
  evict(shop, "b", kOver);
  ASSERT_THAT(shop.ids(), ElementsAre("evicted-over-limit"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("Evicted"), HasSubstr("2 times"),
                                        HasSubstr("emptyDir scratch"), HasSubstr("4Mi")));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("\"sizeLimit\":\"32Mi\""));
  // What somebody has mended since is over.
  shop.set()["metadata"]["managedFields"] = {{{"manager", "kubectl"}, {"time", kJustNow}}};
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Loops, AreNoneWhenAPodMovedOnce) {
  Shop shop;
  evict(shop, "a", "The node was low on resource: memory. ");
  EXPECT_THAT(shop.ids(), IsEmpty());
  evict(shop, "b", "The node was low on resource: memory. ");
  EXPECT_THAT(shop.ids(), ElementsAre("evicted-under-pressure"));
}

TEST(Loops, OfPodsThatANodeDoesNotLetIn) {
  Shop shop;
  shop.pod(1)["status"] = {{"phase", "Failed"},
                           {"reason", "SysctlForbidden"},
                           {"message", "forbidden sysctl: \"net.core.somaxconn\" not allowlisted"}};
  shop.pod_spec()["securityContext"]["sysctls"] = {{{"name", "net.core.somaxconn"}, {"value", "1024"}}};
  ASSERT_THAT(shop.ids(), ElementsAre("sysctl-forbidden"));
  EXPECT_THAT(shop.first().cause, HasSubstr("net.core.somaxconn"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("securityContext/sysctls/0"));
}

TEST(Loops, OfPodsWhoseTemplateNamesTheirNode) {
  Shop shop;
  shop.pod(1)["status"] = {
      {"phase", "Failed"}, {"reason", "OutOfcpu"}, {"message", "Node didn't have enough resource: cpu"}};
  ASSERT_THAT(shop.ids(), ElementsAre("pod-rejected"));
  EXPECT_EQ(shop.first().remedy.front().command, "");
  shop.pod_spec()["nodeName"] = "one";
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("/spec/template/spec/nodeName"));
  // Whose successor waits for the scheduler is no longer rejected.
  Shop over;
  over.unschedule(1);
  for (const char* uid : {"a", "b"}) {
    over.tell("Pod", "web-1", "NodeAffinity", "node(s) didn't match", testing::kJustNow);
    over.snapshot.events->back()["involvedObject"]["uid"] = uid;
  }
  EXPECT_THAT(over.ids(), Not(Contains("pod-rejected")));
  Shop labels = shop;
  labels.pod(1)["status"]["reason"] = "NodeAffinity";
  labels.pod_spec()["nodeSelector"] = {{"tier", "gold"}};
  EXPECT_THAT(labels.first().remedy.front().command, HasSubstr("/spec/template/spec/nodeSelector"));
  EXPECT_EQ(labels.first().remedy.back().command, "kubectl label node one tier=gold");
  labels.node()["metadata"]["labels"]["tier"] = "gold";
  EXPECT_THAT(labels.first().remedy.front().command, HasSubstr("/spec/template/spec/nodeName"));
  // One that asks for more than any node has would find no other.
  shop.pod_spec()["containers"][0]["resources"]["requests"]["cpu"] = "900";
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr("--requests=cpu=1000m"));
}

TEST(Loops, OfContainersAreSeenAlthoughThePodIsReady) {
  Shop shop;
  json& status = shop.pod(1)["status"]["containerStatuses"][0];
  status["restartCount"] = 5;
  status["lastState"] = {
      {"terminated", {{"exitCode", 1}, {"reason", "Error"}, {"finishedAt", "2026-03-01T10:09:00Z"}}}};
  ASSERT_THAT(shop.ids(), ElementsAre("container-crashes"));
  EXPECT_THAT(shop.first().cause, HasSubstr("5 restarts"));
  ASSERT_EQ(logs_wanted(shop.snapshot).size(), 1U);
  EXPECT_TRUE(logs_wanted(shop.snapshot).front().previous);
  // A run that has lasted much longer than the last one shows that what ended that one is over.
  status["lastState"]["terminated"]["startedAt"] = "2026-03-01T10:08:50Z";
  status["state"]["running"]["startedAt"] = "2026-03-01T10:09:01Z";
  EXPECT_THAT(shop.ids(), ElementsAre("container-crashes"));
  shop.snapshot.taken += std::chrono::minutes{2};
  EXPECT_THAT(shop.ids(), IsEmpty());
  shop.snapshot.taken -= std::chrono::minutes{2};
  // An end of last week is over.
  status["lastState"]["terminated"]["finishedAt"] = "2026-02-21T10:09:00Z";
  EXPECT_THAT(shop.ids(), IsEmpty());
}

TEST(Loops, OfReadinessAreSeenByALongerLook) {
  Shop shop;
  for (const char* ready : {"True", "False", "True", "False"}) {
    json former = shop.pod(1);
    former["status"]["conditions"][0]["status"] = ready;
    shop.snapshot.former_pods.push_back(former);
  }
  EXPECT_THAT(shop.ids(), ElementsAre("readiness-flaps"));
}

TEST(Ends, ThatTakeVeryLongAreTold) {
  Shop shop;
  json& meta = shop.pod(1)["metadata"];
  meta["deletionGracePeriodSeconds"] = 3600;
  meta["deletionTimestamp"] = "2026-03-01T11:09:00Z";
  shop.pod(1)["spec"]["containers"][0]["lifecycle"]["preStop"] = {{"exec", {{"command", {"sleep", "3600"}}}}};
  ASSERT_THAT(shop.ids(), ElementsAre("termination-waits"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("preStop hook"), HasSubstr("3600 s")));
  meta["deletionGracePeriodSeconds"] = 120;
  meta["deletionTimestamp"] = "2026-03-01T10:11:00Z";
  EXPECT_THAT(shop.ids(), IsEmpty());
  EXPECT_EQ(shop.diagnosis().state(), Diagnosis::State::kUnderWay);
}

TEST(ScaleDown, WaitsForThePodThatIsNotReady) {
  Shop shop;
  shop.set()["spec"]["replicas"] = 1;
  shop.contain(0, {{"ready", false}, {"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}});
  ASSERT_THAT(shop.ids(), ElementsAre("image-not-pulled"));
  EXPECT_THAT(shop.first().waiting, ElementsAre("web-1 (to be deleted)"));
  EXPECT_THAT(shop.first().cause, HasSubstr("The scale-down waits for this pod: web-1"));
}

TEST(Manager, IsNamedAsTheOneToChange) {
  Shop shop;
  shop.set()["metadata"]["annotations"] = {{"meta.helm.sh/release-name", "db"},
                                           {"meta.helm.sh/release-namespace", "shop"}};
  shop.contain(0, {{"ready", false}, {"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}});
  EXPECT_EQ(shop.diagnosis().managed_by, "Helm release db (namespace shop)");
  EXPECT_THAT(shop.first().trap, HasSubstr("Helm release db"));
  shop.set()["metadata"]["ownerReferences"] = {
      {{"kind", "Postgres"}, {"name", "main"}, {"uid", "o"}, {"controller", true}}};
  EXPECT_EQ(shop.diagnosis().managed_by, "Postgres shop/main");
}

}  // namespace
}  // namespace stateproof::diagnosis
