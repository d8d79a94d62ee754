#include "harness/check/storage/claim_binding.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Story with_pods(const std::function<void(Pod&, int)>& look) { return Story{}.pods_look(look).deployed(); }

TEST(OneClaimPerPod, AWholeLifecycleIsConformant) {
  const Verdict verdict = one_claim_per_pod(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "5 pods, each with the Bound claim that bears its name");
}

TEST(OneClaimPerPod, OtherVolumesOfAPodAreItsOwnAffair) {
  EXPECT_THAT(one_claim_per_pod(with_pods([](Pod& pod, int) {
                pod.volume_claims["backup"] = "backup-share";
                pod.mounts.push_back({"mariadb", "backup", "/backup"});
              })),
              IsConformant());
}

TEST(OneClaimPerPod, RejectsAnEmptyDirForTheData) {
  EXPECT_THAT(one_claim_per_pod(with_pods([](Pod& pod, int) { pod.volume_claims.clear(); })),
              IsNonconformantAs(HasSubstr("mariadb-0 of +05.000s mounts no claim there (and 2 more)")));
}

TEST(OneClaimPerPod, RejectsOneClaimSharedByAll) {
  EXPECT_THAT(
      one_claim_per_pod(with_pods([](Pod& pod, int) { pod.volume_claims["mariadb-data"] = "shared"; })),
      IsNonconformantAs(HasSubstr("mounts claim shared there (and 2 more)")));
}

TEST(OneClaimPerPod, RejectsTheClaimOfAnotherPod) {
  EXPECT_THAT(one_claim_per_pod(with_pods(
                  [](Pod& pod, int) { pod.volume_claims["mariadb-data"] = "mariadb-data-mariadb-0"; })),
              IsNonconformantAs(HasSubstr("mariadb-1 of +10.000s mounts claim mariadb-data-mariadb-0")));
  EXPECT_THAT(one_claim_per_pod(
                  with_pods([](Pod& pod, int) { pod.volume_claims["too"] = "mariadb-data-mariadb-0"; })),
              IsNonconformantAs(HasSubstr("which belongs to mariadb-0")));
}

TEST(OneClaimPerPod, RejectsAClaimMountedElsewhere) {
  EXPECT_THAT(one_claim_per_pod(with_pods([](Pod& pod, int) { pod.mounts.at(0).path = "/data"; })),
              IsNonconformantAs(HasSubstr("mounts no claim there")));
}

TEST(OneClaimPerPod, RejectsAReadyPodWhoseClaimNeverBinds) {
  Story story = Story{}.deployed();
  story.rewrite([](Entry& entry) {
    auto* seen = std::get_if<ObjectSeen>(&entry);
    if (auto* claim = seen == nullptr ? nullptr : std::get_if<Claim>(&seen->object)) claim->phase = "Pending";
  });
  EXPECT_THAT(one_claim_per_pod(story), IsNonconformantAs(HasSubstr("its claim was Pending")));
}

TEST(OneClaimPerPod, RejectsALostClaim) {
  EXPECT_THAT(one_claim_per_pod(Story{}.deployed().claim(1, [](Claim& claim) { claim.phase = "Lost"; })),
              IsNonconformantAs(HasSubstr("its claim was Lost")));
}

TEST(OneClaimPerPod, APodThatWaitsForItsClaimProvesNothing) {
  Story story = Story{}.begins(steps::Create{.replicas = {3}}).claim_pending(0).created(0);
  story.modified(0, [](Pod& pod) { pod.unscheduled_message = "unbound immediate PersistentVolumeClaims"; });
  EXPECT_THAT(one_claim_per_pod(story.times_out<steps::Create>()),
              IsInconclusive(HasSubstr("unbound immediate")));
}

TEST(ClaimAndVolume, AWholeLifecycleIsConformant) {
  EXPECT_THAT(claim_and_volume_are_one_to_one(Story::lifecycle()), IsConformant());
}

TEST(ClaimAndVolume, VolumesOfOthersAreOfNoConcern) {
  EXPECT_THAT(
      claim_and_volume_are_one_to_one(
          Story{}
              .volume(
                  7, [](Volume& volume) { volume.claim = {"PersistentVolumeClaim", "other", "x", Uid{"x"}}; })
              .deployed()),
      IsConformant());
}

TEST(ClaimAndVolume, TheVolumesWatchMayBeBehind) {
  Story story = Story{}.deployed().claim(3, [](Claim& claim) {
    claim.phase = "Bound";
    claim.volume = "pv-mariadb-data-mariadb-3#1";
  });
  EXPECT_THAT(claim_and_volume_are_one_to_one(story.volume(3, [](Volume&) {})), IsConformant());
}

TEST(ClaimAndVolume, RejectsAReferenceToAnotherUid) {
  Story story = Story{}.deployed().volume(1, [](Volume& volume) { volume.claim.uid = {"an earlier claim"}; });
  EXPECT_THAT(claim_and_volume_are_one_to_one(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(ClaimAndVolume, RejectsVolumesSwappedBetweenOrdinals) {
  Story story = Story{}.deployed();
  const auto swap = [](Claim& claim) {
    claim.volume = claim.volume == "pv-mariadb-data-mariadb-0#1" ? "pv-mariadb-data-mariadb-1#1"
                                                                 : "pv-mariadb-data-mariadb-0#1";
  };
  EXPECT_EQ(claim_and_volume_are_one_to_one(story.claim(0, swap).claim(1, swap)).findings.size(), 2U);
}

TEST(ClaimAndVolume, RejectsTwoClaimsOfOneVolume) {
  Story story = Story{}.deployed();
  story.rewrite([](Entry& entry) {
    auto* seen = std::get_if<ObjectSeen>(&entry);
    auto* claim = seen == nullptr ? nullptr : std::get_if<Claim>(&seen->object);
    if (claim != nullptr && !claim->volume.empty()) claim->volume = "pv-mariadb-data-mariadb-0#1";
  });
  const Verdict verdict = claim_and_volume_are_one_to_one(story);
  EXPECT_THAT(verdict, IsNonconformantAs(HasSubstr("claim mariadb-data-mariadb-1")));
}

TEST(ClaimAndVolume, RejectsTwoVolumesOfOneClaim) {
  Story story = Story{}.deployed();
  story.volume(7, [&](Volume& volume) {
    volume.claim = {"PersistentVolumeClaim", "database", "mariadb-data-mariadb-1",
                    Uid{"mariadb-data-mariadb-1#1"}};
  });
  EXPECT_THAT(claim_and_volume_are_one_to_one(story), IsNonconformantAs(HasSubstr("was also bound to it")));
}

TEST(ClaimAndVolume, RejectsAVolumeThatDoesNotExist) {
  Story story = Story{}.deployed();
  story.claim(8, [](Claim& claim) {
    claim.phase = "Bound";
    claim.volume = "nowhere";
  });
  EXPECT_THAT(claim_and_volume_are_one_to_one(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(ClaimAndVolume, RejectsOneStorageUnderTwoNames) {
  Story story = Story{}.deployed();
  for (const int ordinal : {0, 1})
    story.volume(ordinal, [](Volume& volume) { volume.csi_handle = "vol-17"; });
  EXPECT_THAT(claim_and_volume_are_one_to_one(story), IsNonconformantAs(HasSubstr("the same volumeHandle")));
}

TEST(ClaimAndVolume, AGapInEitherWatchLeavesADoubt) {
  EXPECT_THAT(claim_and_volume_are_one_to_one(Story{}.deployed().gap("persistentvolumes")),
              IsInconclusive(HasSubstr("persistentvolumes")));
  EXPECT_THAT(claim_and_volume_are_one_to_one(Story{}),
              IsInconclusive(HasSubstr("claim mariadb-data-mariadb-0 was never Bound")));
}

TEST(SameStorage, AWholeLifecycleIsConformant) {
  const Verdict verdict = same_storage_after_replacement(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "3 pods replaced, each with the same claim and volume");
}

TEST(SameStorage, RejectsARecreatedClaim) {
  Story story = Story{}
                    .deployed()
                    .begins(steps::Replace{.ordinal = {1}})
                    .fault(1)
                    .deleted(1)
                    .claim_deleted(1)
                    .volume_deleted(1);
  story.claim_pending(1);
  const std::size_t breach = story.last();
  EXPECT_THAT(same_storage_after_replacement(story.created(1).bound(1).ready(1).reaches<steps::Replace>()),
              IsNonconformant(ElementsAre(breach)));
}

TEST(SameStorage, RejectsADeletedClaim) {
  EXPECT_THAT(same_storage_after_replacement(
                  Story{}.deployed().claim(1, [](Claim& claim) { claim.meta.deletion = Timestamp{}; })),
              IsNonconformantAs(HasSubstr("it was being deleted")));
}

TEST(SameStorage, RejectsAnotherVolume) {
  EXPECT_THAT(same_storage_after_replacement(
                  Story{}.deployed().claim(0, [](Claim& claim) { claim.volume = "pv-other"; })),
              IsNonconformantAs(HasSubstr("\"pv-other\"")));
}

TEST(SameStorage, RejectsANewVolumeOfTheOldName) {
  Story story = Story{}.deployed();
  story.volume(1, [](Volume& volume) { volume.meta.ref.uid = {"another"}; });
  const std::size_t breach = story.last();
  EXPECT_THAT(same_storage_after_replacement(story.replaced(0).replaced(1).replaced(2)),
              IsNonconformant(ElementsAre(breach)));
}

TEST(SameStorage, RejectsAVolumeThatLeadsElsewhere) {
  Story story = Story{}.deployed().replaced(0).replaced(1);
  EXPECT_THAT(same_storage_after_replacement(
                  story.volume(1, [](Volume& volume) { volume.csi_handle = "vol-2"; }).replaced(2)),
              IsNonconformantAs(HasSubstr("it pointed to another location")));
}

TEST(SameStorage, RejectsANewPodWithAnotherClaim) {
  Story story = Story{}.deployed().pods_look(
      [](Pod& pod, int) { pod.volume_claims["mariadb-data"] = "mariadb-data-mariadb-2"; });
  EXPECT_THAT(same_storage_after_replacement(story.replaced(0)),
              IsNonconformantAs(HasSubstr("mounts claim mariadb-data-mariadb-2")));
}

TEST(SameStorage, WhatHappensAfterScaleDownIsJudgedElsewhere) {
  Story story = Story{}.deployed().replaced(0).replaced(1).replaced(2).scaled_up().scaled_down();
  EXPECT_THAT(same_storage_after_replacement(story.claim_deleted(2)), IsConformant());
}

TEST(SameStorage, APodThatDoesNotBecomeReadyProvesNothing) {
  EXPECT_THAT(same_storage_after_replacement(Story{}.deployed().fault(0).deleted(0).created(0)),
              IsInconclusive(HasSubstr("the new mariadb-0 was never Ready: Pending")));
}

}  // namespace
}  // namespace stateproof::check
