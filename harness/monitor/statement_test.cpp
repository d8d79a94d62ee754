#include "harness/monitor/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::monitor {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const Target kWebSet{"shop", "web"};

Pod running() {
  return std::get<Pod>(parse_object(json::parse(R"({"kind": "Pod",
      "metadata": {"name": "web-0", "namespace": "shop", "uid": "u", "labels": {"controller-revision-hash": "web-7c9f"},
        "ownerReferences": [{"kind": "StatefulSet", "name": "web", "uid": "s", "controller": true}]},
      "spec": {"nodeName": "worker", "containers": [{"name": "web"}, {"name": "agent"}]},
      "status": {"phase": "Running", "podIP": "10.0.0.7",
        "conditions": [{"type": "Ready", "status": "True"}],
        "initContainerStatuses": [{"name": "setup", "ready": true, "restartCount": 1}],
        "containerStatuses": [{"name": "web", "ready": true, "restartCount": 2}, {"name": "agent", "ready": true}]}})")));
}

TEST(PodStatement, SaysWhatAPersonAsksFor) {
  EXPECT_EQ(statement(running(), {"2/2", ""}, kWebSet),
            "Running, Ready, 2/2, restarted 3 times, revision 7c9f, on worker, 10.0.0.7");
}

TEST(PodStatement, AContainerThatWaitsSaysMoreThanThePhase) {
  Pod pod = running();
  pod.ready = false;
  pod.containers[1].waiting_reason = "CrashLoopBackOff";
  pod.containers[1].waiting_message = "back-off 5m0s\nrestarting";
  EXPECT_EQ(statement(pod, {"1/2", ""}, kWebSet),
            "CrashLoopBackOff, not Ready, 1/2, restarted 3 times, revision 7c9f, on worker, 10.0.0.7, "
            "web: back-off 5m0s restarting");
}

TEST(PodStatement, ATerminatingPodTellsWhatHoldsIt) {
  Pod pod = running();
  pod.meta.deletion = Timestamp{};
  pod.meta.finalizers = {"shop.example/backup"};
  EXPECT_EQ(state_of(pod), "Terminating");
  EXPECT_EQ(remark(pod, kWebSet), "held by finalizer shop.example/backup");
}

TEST(PodStatement, APodOfSomebodyElseOrOfNobodyIsSaidToBe) {
  Pod pod = running();
  pod.meta.owners.front().name = "other";
  EXPECT_EQ(remark(pod, kWebSet), "belongs to StatefulSet other");
  pod.meta.owners.clear();
  EXPECT_EQ(remark(pod, kWebSet), "has no owner");
}

TEST(PodStatement, APodThatNoNodeTookSaysWhy) {
  Pod pod = running();
  pod.phase = "Pending";
  pod.ready = false;
  pod.containers.clear();
  pod.unscheduled_message = "0/3 nodes are available";
  EXPECT_EQ(remark(pod, kWebSet), "unscheduled: 0/3 nodes are available");
}

TEST(PodStatement, WhatATerminalWouldObeyIsTakenOut) {
  Pod pod = running();
  pod.unscheduled_message = "\x1B[2Jnothing \x07left";
  EXPECT_EQ(remark(pod, kWebSet), "unscheduled: nothing left");
}

TEST(SetStatement, ARolloutNamesBothRevisions) {
  StatefulSet set;
  set.meta.ref.name = "web";
  set.meta.generation = 4;
  set.observed_generation = 3;
  set.replicas = set.current_pods = {3};
  set.ready_pods = set.available_pods = {2};
  set.updated_pods = {1};
  set.current_revision = "web-aaa";
  set.update_revision = "web-bbb";
  set.partition = 1;
  EXPECT_EQ(statement(set),
            "3 wanted, 3 created, 2 Ready, 2 available, 1 updated, revision aaa -> bbb, partition 1, "
            "generation 4, observed by the controller: 3");
}

TEST(SetStatement, OneThatTheControllerHasNotSeenHasNoRevision) {
  StatefulSet set;
  set.meta.ref.name = "web";
  set.meta.generation = 1;
  EXPECT_EQ(statement(set),
            "1 wanted, 0 created, 0 Ready, 0 available, generation 1, observed by the controller: 0");
}

TEST(ClaimStatement, AsksForOneSizeAndHasAnother) {
  Claim claim;
  claim.phase = "Pending";
  claim.storage_class = "fast";
  EXPECT_EQ(statement(claim, {"", "1Gi"}), "Pending, 1Gi, class fast");
  claim.phase = "Bound";
  claim.volume = "pv-1";
  EXPECT_EQ(statement(claim, {"", "2Gi"}), "Bound, volume pv-1, 2Gi, class fast");
}

TEST(EndpointStatement, TellsReadinessHostNameAndPod) {
  Endpoint endpoint{{"10.0.0.7"}, "web-0", {"Pod", "shop", "web-0", {}}, false, true, true};
  EXPECT_EQ(statement(endpoint), "terminating, serving, host name web-0, pod web-0");
  endpoint.ready = true;
  endpoint.terminating = false;
  EXPECT_EQ(state_of(endpoint), "ready");
}

TEST(ServiceStatement, OneWithAnAddressIsNotHeadless) {
  Service service;
  service.cluster_ip = "None";
  EXPECT_EQ(statement(service), "headless");
  service.cluster_ip = "10.96.0.9";
  EXPECT_EQ(statement(service), "not headless: 10.96.0.9");
}

TEST(EventStatement, ARepeatedOneIsCounted) {
  SeenEvent event{"e", std::nullopt, "Warning", "BackOff", "Pod web-0", "again\nand again", 1};
  EXPECT_EQ(statement(event), "Warning BackOff Pod web-0: again and again");
  event.count = 12;
  EXPECT_EQ(statement(event), "Warning BackOff Pod web-0: again and again (x12)");
}

TEST(AgeText, GrowsCoarserAndIsNeverNegative) {
  const Timestamp then{};
  const auto age = [&](std::chrono::seconds passed) { return age_text(then, then + passed); };
  EXPECT_EQ(age(-5s), "0s");
  EXPECT_EQ(age(119s), "119s");
  EXPECT_EQ(age(120s), "2m");
  EXPECT_EQ(age(3h + 10min), "3h10m");
  EXPECT_EQ(age(52h), "2d4h");
  EXPECT_EQ(age_text(std::nullopt, then), "?");
}

}  // namespace
}  // namespace stateproof::monitor
