// `stateproof doctor` as a script meets it, with the rights of somebody who may see little.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/testing/child.h"

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
    std::vector<std::string> all{"doctor",          "-n",           "shop",
                                 "statefulset/web", "--kubeconfig", kubeconfig_for(served_, folder_)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  kube::testing::TemporaryFolder folder_;
  ServedSet served_;
};

TEST_F(DoctorTest, ASetThatIsNotWholeForNoReasonThatCanBeSeenIsNotCalledHealthy) {
  Child child(arguments(), false);
  EXPECT_THAT(child.output(),
              AllOf(HasSubstr("0 of 1 pods Ready"), HasSubstr("not looked at: nodes may not be listed"),
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

TEST_F(DoctorTest, WithoutTheRightToPodsItCannotLook) {
  served_.server().always("GET " + kCore + "pods", refused("pods"));
  Child child(arguments(), false);
  (void)child.output();
  EXPECT_EQ(child.code(), 2);
}

}  // namespace
}  // namespace stateproof::cli
