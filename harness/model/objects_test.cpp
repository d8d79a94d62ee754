#include "harness/model/objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::Pair;

TEST(OrdinalOf, ReadsOnlyNamesOfTheSet) {
  EXPECT_EQ(ordinal_of("mariadb-0", "mariadb"), Ordinal{0});
  EXPECT_EQ(ordinal_of("mariadb-12", "mariadb"), Ordinal{12});
  for (const char* name : {"mariadb", "mariadb-", "mariadb-x", "mariadb-1x", "mariadb-01", "mariadb--1",
                           "mariadbx-1", "other-1", "mariadb-99999999999"})
    EXPECT_EQ(ordinal_of(name, "mariadb"), std::nullopt) << name;
}

TEST(ParseObject, ReadsAPodAsServed) {
  const auto object = parse_object(json::parse(R"({
    "kind":"Pod","metadata":{"name":"mariadb-1","namespace":"database","uid":"u1","resourceVersion":"7",
      "labels":{"app":"mariadb"},"creationTimestamp":"2026-03-01T10:00:00Z",
      "ownerReferences":[{"kind":"StatefulSet","name":"mariadb","uid":"s1","controller":true}]},
    "spec":{"nodeName":"worker","hostname":"mariadb-1","subdomain":"mariadb",
      "containers":[{"name":"mariadb","volumeMounts":[{"name":"mariadb-data","mountPath":"/var/lib/mysql"}]}],
      "volumes":[{"name":"mariadb-data","persistentVolumeClaim":{"claimName":"mariadb-data-mariadb-1"}},
                 {"name":"token","projected":{}}]},
    "status":{"phase":"Running","podIP":"10.1.0.7","podIPs":[{"ip":"10.1.0.7"},{"ip":"fd00::7"}],
      "conditions":[{"type":"PodScheduled","status":"True","lastTransitionTime":"2026-03-01T10:00:01Z"},
                    {"type":"Ready","status":"True","lastTransitionTime":"2026-03-01T10:00:05Z"}],
      "containerStatuses":[{"name":"mariadb","ready":true,"restartCount":2,
        "state":{"running":{"startedAt":"2026-03-01T10:00:02Z"}},"lastState":{"terminated":{"reason":"OOMKilled"}}}]}})"));
  const Pod& pod = std::get<Pod>(object);
  EXPECT_EQ(pod.meta.ref, (ObjectRef{"Pod", "database", "mariadb-1", Uid{"u1"}}));
  ASSERT_NE(pod.meta.controller(), nullptr);
  EXPECT_EQ(pod.meta.controller()->uid.value, "s1");
  EXPECT_TRUE(pod.ready);
  EXPECT_EQ(pod.ready_since, parse_rfc3339("2026-03-01T10:00:05Z"));
  EXPECT_THAT(pod.addresses, ElementsAre("10.1.0.7", "fd00::7"));
  EXPECT_THAT(pod.volume_claims, ElementsAre(Pair("mariadb-data", "mariadb-data-mariadb-1")));
  EXPECT_EQ(pod.claim_at("/var/lib/mysql"), "mariadb-data-mariadb-1");
  EXPECT_EQ(pod.claim_at("/tmp"), "");
  EXPECT_EQ(pod.containers.at(0).restarts, 2);
  EXPECT_EQ(pod.containers.at(0).terminated_reason, "OOMKilled");
  EXPECT_FALSE(pod.terminating());
}

TEST(ParseObject, ReadsAStatefulSetWithTheServersDefaults) {
  const auto object =
      parse_object(json::parse(R"({"kind":"StatefulSet","metadata":{"name":"mariadb","generation":3},
    "spec":{"serviceName":"mariadb","volumeClaimTemplates":[{"metadata":{"name":"mariadb-data"}}]},
    "status":{"observedGeneration":3,"replicas":1,"readyReplicas":1,"updateRevision":"mariadb-5f"}})"));
  const StatefulSet& set = std::get<StatefulSet>(object);
  EXPECT_EQ(set.replicas, Replicas{1});
  EXPECT_EQ(set.pod_management, "OrderedReady");
  EXPECT_EQ(set.when_scaled, "Retain");
  EXPECT_THAT(set.claim_templates, ElementsAre("mariadb-data"));
  EXPECT_EQ(set.observed_generation, set.meta.generation);
  EXPECT_FALSE(set.max_unavailable.has_value());
}

TEST(ParseObject, ReadsHowASetIsUpdated) {
  const auto strategy = [](const char* max_unavailable) {
    json object{{"kind", "StatefulSet"}, {"metadata", {{"name", "mariadb"}}}};
    object["spec"]["selector"]["matchLabels"] = {{"app", "mariadb"}};
    object["spec"]["updateStrategy"]["rollingUpdate"] = {{"partition", 1},
                                                         {"maxUnavailable", json::parse(max_unavailable)}};
    return std::get<StatefulSet>(parse_object(object));
  };
  EXPECT_EQ(strategy("2").max_unavailable, 2);
  EXPECT_EQ(strategy("2").partition, 1);
  EXPECT_THAT(strategy("2").match_labels, ElementsAre(Pair("app", "mariadb")));
  EXPECT_FALSE(strategy("\"40%\"").max_unavailable.has_value());
}

TEST(ParseObject, ReadsClaimAndVolumeReferences) {
  const auto claim = std::get<Claim>(parse_object(json::parse(
      R"({"kind":"PersistentVolumeClaim","metadata":{"name":"c","uid":"cu"},"spec":{"volumeName":"pv-1"},
          "status":{"phase":"Bound"}})")));
  const auto volume = std::get<Volume>(parse_object(json::parse(
      R"({"kind":"PersistentVolume","metadata":{"name":"pv-1"},
          "spec":{"claimRef":{"kind":"PersistentVolumeClaim","namespace":"d","name":"c","uid":"cu"},
                  "local":{"path":"/data/pv-1"}},"status":{"phase":"Bound"}})")));
  EXPECT_EQ(claim.volume, volume.meta.ref.name);
  EXPECT_EQ(volume.claim.uid, claim.meta.ref.uid);
  EXPECT_EQ(volume.host_path, "/data/pv-1");
}

TEST(ParseObject, EndpointWithoutConditionsIsReady) {
  const auto slice = std::get<EndpointSlice>(parse_object(json::parse(
      R"({"kind":"EndpointSlice","metadata":{"name":"s","labels":{"kubernetes.io/service-name":"mariadb"}},
          "endpoints":[{"addresses":["10.1.0.7"],"hostname":"mariadb-0"},
                       {"addresses":["10.1.0.8"],"conditions":{"ready":false,"terminating":true}}]})")));
  EXPECT_EQ(slice.service, "mariadb");
  EXPECT_TRUE(slice.endpoints.at(0).ready);
  EXPECT_FALSE(slice.endpoints.at(1).ready);
  EXPECT_TRUE(slice.endpoints.at(1).terminating);
}

TEST(ParseObject, ReadsWhyAPodIsBeingDisrupted) {
  const auto object = parse_object(json::parse(
      R"({"kind":"Pod","metadata":{"name":"mariadb-0"},"status":{"conditions":[
          {"type":"DisruptionTarget","status":"True","reason":"PreemptionByScheduler"}]}})"));
  EXPECT_EQ(std::get<Pod>(object).disruption, "PreemptionByScheduler");
}

TEST(ParseObject, ReadsTheAddressFamiliesOfAService) {
  const auto object = parse_object(json::parse(
      R"({"kind":"Service","metadata":{"name":"mariadb"},"spec":{"clusterIP":"None","ipFamilies":["IPv6","IPv4"]}})"));
  EXPECT_THAT(std::get<Service>(object).ip_families, ElementsAre("IPv6", "IPv4"));
}

TEST(ParseObject, FieldsOfAWrongTypeCountAsLeftOut) {
  const auto object = parse_object(json::parse(
      R"({"kind":"Pod","metadata":{"name":5,"labels":[1],"ownerReferences":"x"},"spec":[],"status":{"conditions":{}}})"));
  EXPECT_EQ(std::get<Pod>(object).meta.ref.name, "");
  EXPECT_FALSE(std::get<Pod>(object).ready);
  EXPECT_TRUE(std::holds_alternative<OtherObject>(parse_object(json::parse("null"))));
}

TEST(Owners, AreTheObjectItselfOrASetOfThatName) {
  ObjectMeta set;
  set.ref = {"StatefulSet", "shop", "web", Uid{"s1"}};
  ObjectMeta pod;
  EXPECT_FALSE(pod.is_controlled_by(set));
  EXPECT_FALSE(pod.is_controlled_by_set("web"));
  pod.owners = {{"StatefulSet", "web", Uid{"s1"}, false}};
  EXPECT_TRUE(pod.is_owned_by(set));
  EXPECT_TRUE(pod.is_owned_by_set("web"));
  EXPECT_FALSE(pod.is_controlled_by(set));
  pod.owners.front().controller = true;
  EXPECT_TRUE(pod.is_controlled_by(set));
  EXPECT_TRUE(pod.is_controlled_by_set("web"));
  EXPECT_FALSE(pod.is_controlled_by_set("we"));
  set.ref.uid = Uid{"s2"};  // another one of that name
  EXPECT_FALSE(pod.is_controlled_by(set));
  EXPECT_FALSE(pod.is_owned_by(set));
  EXPECT_TRUE(pod.is_controlled_by_set("web"));
  pod.owners.front().kind = "ReplicaSet";
  EXPECT_FALSE(pod.is_controlled_by_set("web"));
  EXPECT_FALSE(pod.is_owned_by_set("web"));
  set.ref.uid = Uid{"s1"};
  EXPECT_FALSE(pod.is_owned_by(set));
}

}  // namespace
}  // namespace stateproof
