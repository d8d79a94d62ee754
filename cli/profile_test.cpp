// `stateproof run --all-storage-classes` where nothing can be played.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/testing/child.h"
#include "harness/monitor/testing/served_set.h"

namespace stateproof::cli {
namespace {

using nlohmann::json;
using testing::Child;
using ::testing::HasSubstr;

constexpr const char* kClasses = "/apis/storage.k8s.io/v1/storageclasses";

class EveryClass : public ::testing::Test {
 protected:
  void expect_refusal(const std::string& sentence) {
    const std::string out = folder_.path() + "/out";
    Child child({"run", "--profile", "quick", "--all-storage-classes", "--out", out, "--kubeconfig",
                 testing::kubeconfig_for(served_.server(), folder_)},
                false);
    EXPECT_THAT(child.output(), HasSubstr(sentence));
    EXPECT_EQ(child.code(), 2);
    EXPECT_FALSE(std::filesystem::exists(out));
  }

  kube::testing::TemporaryFolder folder_;
  monitor::served::ServedSet served_;
};

TEST_F(EveryClass, NeedsOneThatMakesVolumes) {
  json by_hand = monitor::served::object("StorageClass", "local", 3);
  by_hand["provisioner"] = "kubernetes.io/no-provisioner";
  served_.serve(kClasses, {by_hand});
  expect_refusal("StorageClass local is left out: its volumes are made by hand.");
  expect_refusal("No StorageClass of this cluster provisions volumes; see kubectl get storageclass.");
}

TEST_F(EveryClass, NeedsTheRightToListThem) { expect_refusal("storageclasses"); }

}  // namespace
}  // namespace stateproof::cli
