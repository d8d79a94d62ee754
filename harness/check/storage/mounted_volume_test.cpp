#include "harness/check/storage/mounted_volume.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(OwnVolumeIsMounted, AWholeLifecycleIsConformant) {
  EXPECT_THAT(own_volume_is_mounted(Story::lifecycle()), IsConformant());
}

TEST(OwnVolumeIsMounted, AFileSystemOfItsOwnIsNotComparedWithAPath) {
  Story story = Story{}.deployed();
  for (const int ordinal : {0, 1, 2})
    story.mounts(ordinal, [&](MountSeen& mount) {
      mount.root = "/";
      mount.source = "/dev/disk" + std::to_string(ordinal);
    });
  EXPECT_THAT(own_volume_is_mounted(story), IsConformant());
}

TEST(OwnVolumeIsMounted, NetworkFileSystemsMayShareASource) {
  Story story;
  story.deployed().rewrite([](Entry& entry) {
    if (auto* mount = std::get_if<MountSeen>(&entry))
      *mount = {mount->member, mount->pod, mount->path, true, "/", "nas:/export", "nfs4"};
  });
  EXPECT_THAT(own_volume_is_mounted(story), IsConformant());
}

/// A lifecycle in which each member mounts `root`, whatever the host path of its volume.
Story lifecycle_with_roots(const std::function<std::string(const MountSeen&)>& root) {
  Story story = Story::lifecycle();
  story.rewrite([&](Entry& entry) {
    if (auto* mount = std::get_if<MountSeen>(&entry)) mount->root = root(*mount);
  });
  return story;
}

TEST(OwnVolumeIsMounted, ADirectoryMayBeMountedOntoTheHostPath) {
  EXPECT_THAT(own_volume_is_mounted(
                  lifecycle_with_roots([](const MountSeen& mount) { return "/disks/" + mount.member; })),
              IsConformant());
}

TEST(OwnVolumeIsMounted, ADeviceMayBeUsedAgainAfterItWasDetached) {
  const auto sdb = [](MountSeen& mount) {
    mount.root = "/";
    mount.source = "/dev/sdb";
  };
  EXPECT_THAT(own_volume_is_mounted(Story{}.deployed().mounts(0, sdb).replaced(0).mounts(2, sdb)),
              IsConformant());
}

TEST(OwnVolumeIsMounted, RejectsADirectoryThatIsNewWithEachPod) {
  const Verdict verdict = own_volume_is_mounted(lifecycle_with_roots(
      [](const MountSeen& mount) { return "/kubelet/pods/" + mount.pod.value + "/empty-dir"; }));
  EXPECT_THAT(verdict, IsNonconformantAs(HasSubstr("/kubelet/pods/mariadb-0#2/empty-dir")));
}

TEST(OwnVolumeIsMounted, ASingleLookAtAStrangeDirectoryProvesNothing) {
  Story story = Story{}.deployed();
  story.rewrite([](Entry& entry) {
    if (auto* mount = std::get_if<MountSeen>(&entry)) mount->root = "/disks/" + mount->member;
  });
  EXPECT_THAT(own_volume_is_mounted(story),
              IsInconclusive(HasSubstr("/disks/mariadb-0, which mariadb-0 mounts")));
}

TEST(OwnVolumeIsMounted, RejectsTheDirectoryOfAnotherMember) {
  const Verdict verdict = own_volume_is_mounted(lifecycle_with_roots(
      [](const MountSeen&) { return "/var/lib/node/volumes/pv-mariadb-data-mariadb-0#1"; }));
  EXPECT_THAT(verdict, IsNonconformantAs(HasSubstr("the directory of mariadb-0")));
}

TEST(OwnVolumeIsMounted, RejectsAPodWithoutAMount) {
  Story story = Story{}.deployed().mounts(1, [](MountSeen& mount) { mount.present = false; });
  EXPECT_THAT(own_volume_is_mounted(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(OwnVolumeIsMounted, RejectsTheDirectoryOfAnotherVolume) {
  Story story =
      Story{}.deployed().mounts(1, [](MountSeen& mount) { mount.root = "/var/lib/node/volumes/pv-other"; });
  const Verdict verdict = own_volume_is_mounted(story);
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(story.last())));
  EXPECT_THAT(verdict.reason, HasSubstr("/var/lib/node/volumes/pv-other of /dev/vda1 was mounted there"));
}

TEST(OwnVolumeIsMounted, RejectsOneDeviceInTwoPodsOfANode) {
  Story story = Story{}.deployed();
  for (const int ordinal : {0, 2})
    story.mounts(ordinal, [](MountSeen& mount) {
      mount.root = "/";
      mount.source = "/dev/sdb";
    });
  EXPECT_THAT(own_volume_is_mounted(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(OwnVolumeIsMounted, AMountWithoutAClaimProvesNothing) {
  EXPECT_THAT(
      own_volume_is_mounted(Story{}.pods_look([](Pod& pod, int) { pod.volume_claims.clear(); }).deployed()),
      IsInconclusive(HasSubstr("what mariadb-0 of +05.000s mounts was not recorded")));
}

TEST(OwnVolumeIsMounted, TheReplacedPodMustBeLookedInto) {
  Story story = Story{}.deployed().fault(0).deleted(0).created(0).ready(0);
  EXPECT_THAT(own_volume_is_mounted(story), IsInconclusive(HasSubstr("what mariadb-0 of")));
}

}  // namespace
}  // namespace stateproof::check
