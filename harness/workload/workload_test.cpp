#include "harness/workload/workload.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/model/fields.h"

namespace stateproof::workload {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string set_named(const std::string& name, const std::string& more = "") {
  return fmt::format(R"(apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {}
{}spec:
  serviceName: {}
  replicas: 3
  ordinals: {{start: 5}}
  template:
    spec:
      containers:
        - {{name: sidecar, image: side:1}}
        - name: server
          image: server:1
          volumeMounts:
            - {{name: data, mountPath: /var/data}}
            - {{name: logs, mountPath: /var/log}}
  volumeClaimTemplates:
    - metadata: {{name: data}}
    - metadata: {{name: logs}}
)",
                     name, more, name);
}

std::string object(const std::string& kind, const std::string& name, const std::string& version = "v1") {
  return fmt::format("apiVersion: {}\nkind: {}\nmetadata: {{name: {}}}\n", version, kind, name);
}

tl::expected<Workload, HarnessError> assembled(std::vector<std::string> documents,
                                               const Choice& choice = {}) {
  std::string text;
  for (const std::string& document : documents) text += "---\n" + document;
  return assemble("shop", {{"shop.yaml", text}}, choice);
}

std::string error_of(std::vector<std::string> documents, const Choice& choice = {}) {
  const auto workload = assembled(std::move(documents), choice);
  return workload ? "" : workload.error().sentence;
}

std::vector<std::string> kinds_of(const Workload& workload) {
  std::vector<std::string> kinds;
  for (const json& one : workload.objects) kinds.push_back(fields::text(one, "kind"));
  return kinds;
}

TEST(Workload, TheSubjectFollowsFromTheSet) {
  const auto workload = assembled({set_named("db")});
  ASSERT_TRUE(workload) << workload.error().sentence;
  const Subject subject = subject_of(*workload, "here");
  EXPECT_EQ(subject.ns, "here");
  EXPECT_EQ(subject.set, "db");
  EXPECT_EQ(subject.service, "db");
  EXPECT_EQ(subject.container, "server");
  EXPECT_EQ(subject.claim_template, "data");
  EXPECT_EQ(subject.mount_path, "/var/data");
  EXPECT_EQ(subject.first.value, 5);
  EXPECT_EQ(subject.replicas.value, 3);
  EXPECT_TRUE(subject.ordered);
  EXPECT_THAT(claim_paths(*workload), ElementsAre("/var/data", "/var/log"));
}

TEST(Workload, WhatOthersNeedIsCreatedFirstAndTheSetLast) {
  const auto workload = assembled({set_named("db"), object("Service", "db"), object("ConfigMap", "c"),
                                   object("Deployment", "web", "apps/v1"), object("ServiceAccount", "a")});
  ASSERT_TRUE(workload) << workload.error().sentence;
  EXPECT_THAT(kinds_of(*workload),
              ElementsAre("ServiceAccount", "ConfigMap", "Service", "Deployment", "StatefulSet"));
}

TEST(Workload, HooksAndForeignObjectsAreSkippedAndNamed) {
  const auto workload =
      assembled({"apiVersion: v1\nkind: Pod\nmetadata:\n  name: probe\n  annotations: {helm.sh/hook: test}\n",
                 set_named("db"), object("ServiceMonitor", "m", "monitoring.coreos.com/v1"),
                 object("HorizontalPodAutoscaler", "h", "autoscaling/v2")});
  ASSERT_TRUE(workload) << workload.error().sentence;
  EXPECT_THAT(kinds_of(*workload), ElementsAre("StatefulSet"));
  EXPECT_THAT(workload->skipped,
              ElementsAre("Pod probe (shop.yaml:2) is not created: it is a hook of Helm (test).",
                          HasSubstr("monitoring.coreos.com/v1 is not an API of Kubernetes itself"),
                          HasSubstr("it would scale the set while it is judged")));
}

TEST(Workload, AListIsWhatItHolds) {
  const auto workload =
      assembled({"apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Service\n"
                 "    metadata: {name: db}\n",
                 set_named("db")});
  ASSERT_TRUE(workload) << workload.error().sentence;
  EXPECT_THAT(kinds_of(*workload), ElementsAre("Service", "StatefulSet"));
}

TEST(Workload, WithoutASetThereIsNothingToJudge) {
  EXPECT_EQ(error_of({object("Service", "db")}), "shop.yaml has no StatefulSet: there is nothing to judge.");
}

TEST(Workload, OfTwoSetsOneMustBeChosen) {
  EXPECT_EQ(error_of({set_named("db"), set_named("queue")}),
            "shop has 2 StatefulSets, db, queue; choose the one that is judged with --statefulset NAME.");
  EXPECT_EQ(error_of({set_named("db"), set_named("queue")}, {.set = "cache", .ns = ""}),
            "shop has no StatefulSet cache; it has db, queue.");
  const auto workload = assembled({set_named("db"), set_named("queue")}, {.set = "db", .ns = ""});
  ASSERT_TRUE(workload);
  EXPECT_EQ(subject_of(*workload, "").set, "db");
  EXPECT_EQ(workload->objects.size(), 2U);
}

TEST(Workload, ClusterWideObjectsAreRefused) {
  EXPECT_THAT(error_of({object("ClusterRole", "all", "rbac.authorization.k8s.io/v1"), set_named("db")}),
              StartsWith("ClusterRole all (shop.yaml:2) is cluster-wide"));
  EXPECT_THAT(error_of({object("Namespace", "a"), object("StorageClass", "b"), set_named("db")}),
              StartsWith("Namespace a (shop.yaml:2), StorageClass b (shop.yaml:6) are cluster-wide"));
}

TEST(Workload, AFixedNamespaceIsRefusedUnlessItIsTheGivenOne) {
  const std::string fixed = set_named("db", "  namespace: prod\n");
  EXPECT_THAT(error_of({fixed}), StartsWith("shop.yaml:6: StatefulSet db is fixed to namespace \"prod\""));
  const auto workload = assembled({fixed}, {.set = "", .ns = "prod"});
  ASSERT_TRUE(workload) << workload.error().sentence;
  EXPECT_FALSE(workload->set().at("metadata").contains("namespace"));
}

TEST(Workload, WhatIsNoManifestNamesItsLine) {
  EXPECT_THAT(error_of({"a: 1\n", set_named("db")}), StartsWith("shop.yaml:2: this is no manifest"));
  EXPECT_THAT(error_of({set_named("db"), "apiVersion: v1\nkind: Service\n"}),
              HasSubstr("has no metadata.name"));
  EXPECT_THAT(error_of({"a: [\n"}), HasSubstr("this is not YAML"));
  EXPECT_THAT(error_of({set_named("db"), set_named("db")}),
              HasSubstr("stands there already, at shop.yaml:2"));
  EXPECT_THAT(error_of({object("StatefulSet", "db", "apps/v1")}),
              HasSubstr("no spec.template.spec.containers"));
}

TEST(Workload, TheContractNamesSetAndContainer) {
  const std::string manifest = set_named("db") + "---\n" + set_named("queue");
  const auto workload = assemble(
      "shop",
      {{"shop/all.yaml", manifest}, {"shop/workload.yaml", "statefulset: queue\ncontainer: sidecar\n"}});
  ASSERT_TRUE(workload) << workload.error().sentence;
  EXPECT_EQ(subject_of(*workload, "").set, "queue");
  EXPECT_EQ(subject_of(*workload, "").container, "sidecar");
  const auto wrong =
      assemble("shop", {{"all.yaml", set_named("db")}, {"workload.yaml", "container: none\n"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().sentence, "workload.yaml:1: the StatefulSet has no container none.");
}

TEST(Workload, RoleBindingsNameTheNamespaceOfTheirAccounts) {
  const auto workload = assembled({object("RoleBinding", "r", "rbac.authorization.k8s.io/v1") +
                                       "subjects: [{kind: ServiceAccount, name: a}]\n",
                                   set_named("db")});
  ASSERT_TRUE(workload) << workload.error().sentence;
  EXPECT_EQ(objects_in(*workload, "here").front().at("subjects").at(0).at("namespace"), "here");
}

TEST(Overlay, ChangesWhatItNames) {
  auto workload = assembled({set_named("db")});
  ASSERT_TRUE(workload);
  const auto laid = lay_over(workload->objects,
                             {"mutants/x.yaml",
                              "kind: StatefulSet\nmetadata: {name: db}\nspec:\n  ordinals: null\n"
                              "  template:\n    spec:\n      containers:\n"
                              "        - {name: server, image: worse:1}\n"
                              "        - {name: sidecar, $patch: delete}\n"
                              "  volumeClaimTemplates:\n    - {metadata: {name: data}, spec: {a: 1}}\n"});
  ASSERT_TRUE(laid) << laid.error().sentence;
  const json& spec = workload->set().at("spec");
  EXPECT_FALSE(spec.contains("ordinals"));
  EXPECT_EQ(spec.at("template").at("spec").at("containers").size(), 1U);
  EXPECT_EQ(spec.at("template").at("spec").at("containers").at(0).at("image"), "worse:1");
  EXPECT_EQ(spec.at("template").at("spec").at("containers").at(0).at("volumeMounts").size(), 2U);
  EXPECT_EQ(spec.at("volumeClaimTemplates").at(0).at("spec").at("a"), 1);
  EXPECT_EQ(spec.at("volumeClaimTemplates").size(), 2U);
}

TEST(Overlay, WhatIsNotThereIsNamed) {
  auto workload = assembled({set_named("db")});
  ASSERT_TRUE(workload);
  const auto laid = lay_over(workload->objects, {"m.yaml", "kind: Service\nmetadata: {name: db}\n"});
  ASSERT_FALSE(laid);
  EXPECT_EQ(laid.error().sentence, "m.yaml:1: the workload has no Service db to change.");
}

}  // namespace
}  // namespace stateproof::workload
