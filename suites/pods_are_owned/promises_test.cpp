#include "suites/pods_are_owned/promises.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/check/identity/pods_are_owned.h"
#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"

namespace stateproof::check {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// The set itself is told, with the UID that its pods name.
Story lifecycle_of_a_set() {
  return Story{}.set([](StatefulSet&) {}).deployed().replaced(1).cleaned_up();
}

/// Changes what one pod says of its owner.
Story lifecycle_with(const std::function<void(OwnerReference&)>& change) {
  Story story = lifecycle_of_a_set();
  story.rewrite([&](Entry& entry) {
    auto* seen = std::get_if<ObjectSeen>(&entry);
    Pod* pod = seen == nullptr ? nullptr : std::get_if<Pod>(&seen->object);
    if (pod != nullptr && pod->meta.ref.name == "mariadb-1") change(pod->meta.owners.front());
  });
  return story;
}

TEST(PodsAreOwned, ByTheirSetInAConformingCluster) {
  EXPECT_THAT(pods_are_owned(lifecycle_of_a_set()), IsConformant());
}

TEST(PodsAreOwned, NotByNobodyNorByAnotherObject) {
  EXPECT_THAT(pods_are_owned(lifecycle_with([](OwnerReference& owner) { owner.controller = false; })),
              IsNonconformant(Not(IsEmpty())));
  EXPECT_THAT(pods_are_owned(lifecycle_with([](OwnerReference& owner) { owner.kind = "ReplicaSet"; })),
              IsNonconformant(Not(IsEmpty())));
}

TEST(PodsAreOwned, ByUidAndNotByNameAlone) {
  EXPECT_THAT(pods_are_owned(lifecycle_with([](OwnerReference& owner) { owner.uid = {"its namesake"}; })),
              IsNonconformant(Not(IsEmpty())));
}

TEST(PodsAreOwned, IsInDoubtWhenThereWasNoPod) {
  EXPECT_THAT(pods_are_owned(Story{}), IsInconclusive(HasSubstr("no pod")));
}

}  // namespace
}  // namespace stateproof::check
