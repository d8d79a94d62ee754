// What the API server, or the controller itself, keeps from being created.
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

Shop refused(const std::string& message) {
  Shop shop;
  shop.forget_last();
  shop.tell("StatefulSet", "web", "FailedCreate", message.c_str());
  return shop;
}

TEST(Creation, TellsAFullQuotaWithItsNumbers) {
  Shop shop = refused(
      "create Claim data-web-1 for Pod web-1 in StatefulSet web failed error: persistentvolumeclaims "
      "\"data-web-1\" is forbidden: exceeded "
      "quota: tenant, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=1, limited: "
      "persistentvolumeclaims=1");
  ASSERT_THAT(shop.ids(), ElementsAre("quota-exceeded"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("tenant"), HasSubstr("claim data-web-1"),
                                        HasSubstr("persistentvolumeclaims 1 of 1 used")));
  EXPECT_EQ(
      shop.first().remedy.front().command,
      R"(kubectl -n shop patch resourcequota tenant --type=merge -p '{"spec":{"hard":{"persistentvolumeclaims":"2"}}}')");
}

TEST(Creation, TellsAQuotaThatDemandsFromOneThatIsFull) {
  Shop shop = refused(
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: failed quota: compute: "
      "must specify limits.cpu for: "
      "prepare; limits.memory for: prepare; requests.cpu for: prepare");
  shop.pod_spec()["initContainers"] = {{{"name", "prepare"}}};
  ASSERT_THAT(shop.ids(), ElementsAre("quota-demands-resources"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("init container prepare"), HasSubstr("must specify"),
                                        HasSubstr("limits.cpu"), HasSubstr("not full")));
  EXPECT_THAT(
      shop.first().remedy[0].command,
      AllOf(HasSubstr("initContainers"), HasSubstr("\"limits\":{\"cpu\":\"500m\",\"memory\":\"128Mi\"}")));
  EXPECT_THAT(shop.first().remedy[1].command, HasSubstr("LimitRange"));
}

TEST(Creation, NamesAWebhookThatCannotBeReachedWithItsService) {
  Shop shop = refused(
      "create Pod web-1 in StatefulSet web failed error: Internal error occurred: failed calling webhook "
      "\"inject.example.com\": failed to "
      "call webhook: Post \"https://injector.mesh.svc:443/mutate?timeout=3s\": service \"injector\" not "
      "found");
  ASSERT_THAT(shop.ids(), ElementsAre("webhook-unreachable"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("inject.example.com"),
                                        HasSubstr("Service injector not found in namespace mesh")));
  shop.snapshot.webhooks = std::vector<json>{
      object("MutatingWebhookConfiguration", "mesh-injector",
             {{"webhooks",
               {{{"name", "inject.example.com"},
                 {"clientConfig", {{"service", {{"name", "injector"}, {"namespace", "mesh"}}}}}}}}},
             false)};
  EXPECT_THAT(shop.first().cause, HasSubstr("mutatingwebhookconfiguration/mesh-injector"));
  EXPECT_EQ(shop.first().remedy.back().command, "kubectl delete mutatingwebhookconfiguration/mesh-injector");
}

TEST(Creation, TellsAWebhookThatRefusesByItsWords) {
  Shop shop = refused(
      "create Pod web-1 in StatefulSet web failed error: admission webhook \"policy.example.com\" denied the "
      "request: images must be signed");
  ASSERT_THAT(shop.ids(), ElementsAre("admission-refused"));
  EXPECT_THAT(shop.first().cause, AllOf(HasSubstr("policy.example.com"), HasSubstr("images must be signed")));
}

TEST(Creation, TellsWhatIsMissingOrForbidden) {
  Shop priority = refused(
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: no PriorityClass with "
      "name gold was found");
  ASSERT_THAT(priority.ids(), ElementsAre("priority-class-missing"));
  EXPECT_THAT(priority.first().cause, HasSubstr("gold"));
  Shop account = refused(
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: error looking up "
      "service account shop/db: "
      "serviceaccount \"db\" not found");
  EXPECT_THAT(account.ids(), ElementsAre("service-account-missing"));
  Shop level = refused(
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: violates PodSecurity "
      "\"restricted:latest\": runAsNonRoot "
      "!= true (pod or container \"web\" must set securityContext.runAsNonRoot=true)");
  ASSERT_THAT(level.ids(), ElementsAre("pod-security-refused"));
  EXPECT_THAT(level.first().cause, AllOf(HasSubstr("restricted"), HasSubstr("runAsNonRoot != true")));
  Shop range = refused(
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: maximum cpu usage per "
      "Container is 100m, but limit is "
      "500m");
  ASSERT_THAT(range.ids(), ElementsAre("limit-range-refused"));
  EXPECT_THAT(range.first().cause, HasSubstr("maximum cpu usage per Container is 100m"));
  Shop invalid = refused(
      "create Pod web-1 in StatefulSet web failed error: Pod \"web-1\" is invalid: spec.containers[0].image: "
      "Required value");
  ASSERT_THAT(invalid.ids(), ElementsAre("creation-refused"));
  EXPECT_THAT(invalid.first().cause, HasSubstr("spec.containers[0].image: Required value"));
}

TEST(Creation, SpeaksOfThePodThatWasRefusedAndOfNoOther) {
  Shop shop = refused(
      "create Pod web-10 in StatefulSet web failed error: pods \"web-10\" is forbidden: exceeded quota: "
      "small");
  EXPECT_THAT(shop.ids(), Not(Contains("quota-exceeded")));
}

TEST(Creation, TellsAForeignPodThatHasTheName) {
  Shop shop;
  shop.set()["spec"]["selector"]["matchLabels"]["role"] = "replica";
  shop.pod(1)["metadata"].erase("ownerReferences");
  shop.pod(1)["metadata"]["labels"]["role"] = "primary";
  ASSERT_THAT(shop.ids(), ElementsAre("name-taken"));
  const Finding finding = shop.first();
  EXPECT_THAT(finding.cause, AllOf(HasSubstr("web-1"), HasSubstr("not owned"), HasSubstr("selector"),
                                   HasSubstr("role=primary")));
  EXPECT_EQ(finding.remedy[0].command, "kubectl -n shop label pod web-1 --overwrite role=replica");
  EXPECT_EQ(finding.remedy[1].way, 2);
  shop.pod(1)["metadata"]["labels"]["role"] = "replica";
  shop.pod(1)["metadata"]["ownerReferences"] = {
      {{"kind", "Job"}, {"name", "web"}, {"uid", "j"}, {"controller", true}}};
  EXPECT_THAT(shop.first().cause, HasSubstr("controlled by Job web"));
}

TEST(Creation, TellsPodsThatLackTheClaimOfANewTemplate) {
  Shop shop;
  shop.set()["spec"]["volumeClaimTemplates"].push_back({{"metadata", {{"name", "wal"}}}});
  shop.pod_spec()["containers"][0]["volumeMounts"].push_back({{"name", "wal"}, {"mountPath", "/wal"}});
  ASSERT_THAT(shop.ids(), ElementsAre("pods-lack-claim"));
  EXPECT_THAT(shop.first().cause,
              AllOf(HasSubstr("web-0, web-1"), HasSubstr("wal"), HasSubstr("FailedUpdate")));
  EXPECT_EQ(shop.first().remedy.size(), 2U);
}

TEST(Creation, EndsAtAnyNumberOfReplicas) {
  Shop shop;
  shop.set()["spec"]["replicas"] = 2147483647;
  shop.set()["spec"]["ordinals"]["start"] = 2147483600;
  shop.set()["spec"]["podManagementPolicy"] = "Parallel";
  const Diagnosis diagnosis = shop.diagnosis();
  EXPECT_FALSE(diagnosis.healthy());
  ASSERT_FALSE(diagnosis.findings.empty());
  EXPECT_EQ(diagnosis.findings.front().id, "pod-stuck");
}

TEST(Creation, PatchesTheTemplateToWhatAPodSecurityLevelAsksFor) {
  Shop shop = refused(
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: violates PodSecurity "
      "\"restricted:latest\": allowPrivilegeEscalation != false (container \"web\" must set "
      "securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"web\" must "
      "set "
      "securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"web\" must set "
      "securityContext.runAsNonRoot=true), seccompProfile (pod or container \"web\" must set "
      "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")");
  EXPECT_THAT(shop.first().remedy.front().command,
              AllOf(HasSubstr(R"("allowPrivilegeEscalation":false)"), HasSubstr(R"("drop":["ALL"])"),
                    HasSubstr(R"("runAsUser":<uid>)"), HasSubstr(R"("type":"RuntimeDefault")")));
  shop.pod_spec()["securityContext"]["runAsUser"] = 999;
  EXPECT_THAT(shop.first().remedy.front().command,
              AllOf(HasSubstr(R"("runAsNonRoot":true)"), Not(HasSubstr("runAsUser"))));
  Shop host = refused(
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: violates PodSecurity "
      "\"baseline:latest\": hostPath volumes (volume \"disk\")");
  EXPECT_EQ(host.first().remedy.front().command, "");
}

TEST(Creation, BringsARequestWithinTheRatioOfALimitRange) {
  Shop shop = refused(
      "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: cpu max limit to "
      "request "
      "ratio per Container is 2, but provided ratio is 10.000000");
  shop.pod_spec()["containers"][0]["resources"] = {{"requests", {{"cpu", "10m"}}},
                                                   {"limits", {{"cpu", "100m"}}}};
  ASSERT_THAT(shop.ids(), ElementsAre("limit-range-refused"));
  EXPECT_THAT(shop.first().remedy.front().command, HasSubstr(R"("requests":{"cpu":"50m"})"));
}

}  // namespace
}  // namespace stateproof::diagnosis
