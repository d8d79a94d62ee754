// `stateproof doctor` as a script meets it, with the rights of somebody who may see little.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/testing/child.h"
#include "harness/monitor/testing/served_set.h"

namespace stateproof::cli {
namespace {

// NOLINTNEXTLINE(google-build-using-namespace): its words are those of the tests
using namespace monitor::served;
using ::testing::AllOf;
using testing::Child;
using ::testing::HasSubstr;
using testing::kubeconfig_for;
using ::testing::Not;

/// What is not served may not be read either: nodes, volumes, classes, pods of other namespaces.
class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() {
    served_.server().always("GET " + kSets + "/web", [](Connection& c) { c.respond_json(web_set(1, 0)); });
    json service = object("Service", "web", 5);
    service["spec"] = {{"clusterIP", "None"}, {"selector", {{"app", "web"}}}};
    served_.serve(kCore + "services", {service});
  }

  [[nodiscard]] std::vector<std::string> arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> all{
        "doctor", "-n", "shop", "statefulset/web", "--kubeconfig", kubeconfig_for(served_.server(), folder_)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  kube::testing::TemporaryFolder folder_;
  ServedSet served_;
};

TEST_F(DoctorTest, ASetThatIsNotWholeForNoReasonThatCanBeSeenIsNotCalledHealthy) {
  Child child(arguments(), false);
  EXPECT_THAT(child.output(),
              AllOf(HasSubstr("0 of 1 pods Ready"), HasSubstr("not checked: nodes may not be listed"),
                    HasSubstr("Not all pods are Ready"), Not(HasSubstr("very-secret-token"))));
  EXPECT_EQ(child.code(), 2);
  Child machine(arguments({"-o", "json"}), false);
  EXPECT_THAT(machine.output(), HasSubstr("\"healthy\": false"));
  EXPECT_EQ(machine.code(), 2);
}

TEST_F(DoctorTest, AWholeSetIsHealthyWhateverElseMayNotBeRead) {
  served_.serve(kCore + "pods", {web_pod("web-0", 2, true)});
  Child child(arguments(), false);
  EXPECT_THAT(child.output(), HasSubstr("1 of 1 pods Ready, healthy"));
  EXPECT_EQ(child.code(), 0);
}

TEST_F(DoctorTest, AFindingIsCodeOneAlsoWithFewRights) {
  served_.serve(kCore + "services", {});
  Child child(arguments(), false);
  EXPECT_THAT(child.output(), HasSubstr("service-missing"));
  EXPECT_EQ(child.code(), 1);
}

/// web-0 runs and is not Ready since long ago.
json long_unready() {
  json pod = web_pod("web-0", 2, false);
  pod["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z";
  pod["spec"]["nodeName"] = "one";
  pod["status"] = {
      {"phase", "Running"},
      {"conditions",
       json::array(
           {{{"type", "Ready"}, {"status", "False"}, {"lastTransitionTime", "2026-01-01T00:00:00Z"}}})}};
  return pod;
}

TEST_F(DoctorTest, ASetThatIsNotWholeForLongIsSickAlsoWithFewRights) {
  served_.serve(kCore + "pods", {long_unready()});
  Child child(arguments(), false);
  EXPECT_THAT(child.output(),
              AllOf(HasSubstr("pod-stuck"), HasSubstr("stage: readiness"), Not(HasSubstr("healthy"))));
  EXPECT_EQ(child.code(), 1);
}

TEST_F(DoctorTest, MachinesAreToldStageSinceAndObjects) {
  served_.serve(kCore + "pods", {long_unready()});
  Child child(arguments({"-o", "json"}), false);
  const std::string output = child.output();
  const json told = json::parse(output.substr(output.find('{')));
  EXPECT_EQ(told.at("healthy"), false);
  const json& set = told.at("statefulSets").at(0);
  EXPECT_EQ(set.at("state"), "sick");
  const json& finding = set.at("findings").at(0);
  EXPECT_EQ(finding.at("stage"), "readiness");
  EXPECT_EQ(finding.at("pod"), "web-0");
  EXPECT_EQ(finding.at("since"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(finding.at("objects").at(0), "Pod shop/web-0");
  Child gauges(arguments({"-o", "prometheus"}), false);
  EXPECT_THAT(gauges.output(),
              HasSubstr("stateproof_doctor_finding{namespace=\"shop\",statefulset=\"web\",id=\"pod-"
                        "stuck\",kind=\"finding\",stage=\"readiness\"} 1"));
  Child scanned(arguments({"-o", "sarif"}), false);
  EXPECT_THAT(scanned.output(), AllOf(HasSubstr("\"ruleId\": \"pod-stuck\""), HasSubstr("2.1.0")));
}

TEST_F(DoctorTest, WhoLooksOnForAWhileSeesWhatGoesRound) {
  const auto turned = [](int version, bool ready) { return web_pod("web-0", version, ready); };
  served_.serve(kCore + "pods", {turned(9, true)});
  served_.server().always("WATCH " + kCore + "pods", stream({{"MODIFIED", turned(11, false)},
                                                             {"MODIFIED", turned(12, true)},
                                                             {"MODIFIED", turned(13, false)},
                                                             {"MODIFIED", turned(14, true)}}));
  Child child(arguments({"--for", "2s"}), false);
  EXPECT_THAT(child.output(), HasSubstr("readiness-flaps"));
  EXPECT_EQ(child.code(), 1);
}

TEST_F(DoctorTest, WithoutTheRightToPodsItCannotLook) {
  served_.server().always("GET " + kCore + "pods", refused("pods"));
  Child child(arguments(), false);
  (void)child.output();
  EXPECT_EQ(child.code(), 2);
}

}  // namespace
}  // namespace stateproof::cli
