#include "harness/check/storage/claim_retention.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

Story scaled_down() { return Story{}.deployed().scaled_up().scaled_down(); }

/// What the first finding is, when `happens` right after scale-down and the scenario goes on.
Verdict judged_after(const std::function<void(Story&)>& happens) {
  Story story = scaled_down();
  happens(story);
  return claims_outlive_scale_down(story.scaled_back().cleaned_up());
}

TEST(ClaimsOutliveScaleDown, AWholeLifecycleIsConformant) {
  const Verdict verdict = claims_outlive_scale_down(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "5 claims kept through the scale-down");
}

TEST(ClaimsOutliveScaleDown, ClaimsMayChangeInOtherWays) {
  EXPECT_THAT(judged_after([](Story& story) {
                story.claim(4, [](Claim& claim) { claim.meta.annotations["note"] = "unused"; });
              }),
              IsConformant());
}

TEST(ClaimsOutliveScaleDown, RejectsADeletedClaim) {
  Story story = scaled_down().claim_deleted(4);
  EXPECT_THAT(claims_outlive_scale_down(story), IsNonconformant(ElementsAre(story.last())));
}

TEST(ClaimsOutliveScaleDown, RejectsAClaimThatIsBeingDeleted) {
  EXPECT_THAT(judged_after([](Story& story) {
                story.claim(3, [](Claim& claim) { claim.meta.deletion = Timestamp{}; });
              }),
              IsNonconformantAs(HasSubstr("it had a deletionTimestamp")));
}

TEST(ClaimsOutliveScaleDown, RejectsThePodAsOwner) {
  const auto own = [](Claim& claim) {
    claim.meta.owners = {{"Pod", "mariadb-4", Uid{"mariadb-4#1"}, false}};
  };
  EXPECT_THAT(judged_after([&](Story& story) { story.claim(4, own); }),
              IsNonconformantAs(HasSubstr("it had an owner")));
}

TEST(ClaimsOutliveScaleDown, RejectsTheSetAsOwnerFromTheBeginning) {
  Story story = Story{}.deployed().claim(
      1, [](Claim& claim) { claim.meta.owners = {{"StatefulSet", "mariadb", Uid{"set"}, false}}; });
  EXPECT_THAT(claims_outlive_scale_down(story.scaled_up().scaled_down().scaled_back()),
              IsNonconformantAs(HasSubstr("it had an owner")));
}

TEST(ClaimsOutliveScaleDown, RejectsAReleasedOrDeletedVolume) {
  EXPECT_THAT(
      judged_after([](Story& story) { story.volume(2, [](Volume& volume) { volume.phase = "Released"; }); }),
      IsNonconformantAs(HasSubstr("its phase was Released")));
  EXPECT_THAT(judged_after([](Story& story) { story.volume_deleted(3); }),
              IsNonconformantAs(HasSubstr("it was deleted")));
}

TEST(ClaimsOutliveScaleDown, RejectsAVolumeGivenToAnotherClaim) {
  EXPECT_THAT(judged_after([](Story& story) {
                story.volume(3, [](Volume& volume) { volume.claim.uid = {"another"}; });
              }),
              IsNonconformantAs(HasSubstr("its claimRef was another")));
}

TEST(ClaimsOutliveScaleDown, RejectsARecreatedClaim) {
  const Verdict verdict =
      judged_after([](Story& story) { story.claim_deleted(4).volume_deleted(4).claim_pending(4); });
  EXPECT_THAT(verdict.findings, SizeIs(3));  // the claim, its volume, and the new claim
}

TEST(ClaimsOutliveScaleDown, RejectsThatTheClaimsOfStayingPodsGo) {
  EXPECT_THAT(judged_after([](Story& story) { story.claim_deleted(0); }),
              IsNonconformantAs(HasSubstr("it was deleted")));
}

TEST(ClaimsOutliveScaleDown, RejectsALostClaim) {
  EXPECT_THAT(judged_after([](Story& story) { story.claim(4, [](Claim& claim) { claim.phase = "Lost"; }); }),
              IsNonconformantAs(HasSubstr("it was Lost")));
}

TEST(ClaimsOutliveScaleDown, CleanupMayDeleteThem) {
  EXPECT_THAT(claims_outlive_scale_down(scaled_down().scaled_back().cleaned_up()), IsConformant());
}

TEST(ClaimsOutliveScaleDown, ARecordingThatStopsTooEarlyProvesNothing) {
  EXPECT_THAT(claims_outlive_scale_down(scaled_down().cut_off()),
              IsInconclusive("the recording is incomplete"));
  EXPECT_THAT(claims_outlive_scale_down(Story{}.deployed()), IsInconclusive(HasSubstr("was not recorded")));
  EXPECT_THAT(claims_outlive_scale_down(scaled_down().gap("persistentvolumeclaims")),
              IsInconclusive(HasSubstr("lost events")));
}

TEST(ScaleUpFindsOldStorage, AWholeLifecycleIsConformant) {
  const Verdict verdict = scale_up_finds_old_storage(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "1 pod recreated with the old claim, volume and rows");
}

TEST(ScaleUpFindsOldStorage, RejectsANewClaim) {
  Story story = scaled_down()
                    .claim_deleted(2)
                    .volume_deleted(2)
                    .begins(steps::ScaleBack{.from = 2, .to = 3})
                    .claim_pending(2);
  const std::size_t breach = story.last();
  EXPECT_THAT(
      scale_up_finds_old_storage(story.created(2).bound(2).ready(2).reaches<steps::ScaleBack>().reads(2)),
      IsNonconformant(ElementsAre(breach)));
}

TEST(ScaleUpFindsOldStorage, RejectsAnotherVolume) {
  EXPECT_THAT(scale_up_finds_old_storage(
                  scaled_down().claim(2, [](Claim& claim) { claim.volume = "pv-new"; }).scaled_back()),
              IsNonconformantAs(HasSubstr("pv-new")));
}

TEST(ScaleUpFindsOldStorage, RejectsAnotherClaimInThePod) {
  Story story = scaled_down().pods_look(
      [](Pod& pod, int) { pod.volume_claims["mariadb-data"] = "mariadb-data-mariadb-4"; });
  EXPECT_THAT(scale_up_finds_old_storage(story.scaled_back()),
              IsNonconformantAs(HasSubstr("mounts claim mariadb-data-mariadb-4")));
}

TEST(ScaleUpFindsOldStorage, RejectsLostRows) {
  Story story = scaled_down()
                    .begins(steps::ScaleBack{.from = 2, .to = 3})
                    .created(2)
                    .ready(2)
                    .reaches<steps::ScaleBack>()
                    .reads(2, {});
  const Verdict verdict = scale_up_finds_old_storage(story);
  EXPECT_THAT(verdict, IsNonconformant(ElementsAre(story.last())));
  EXPECT_THAT(verdict.reason, HasSubstr("3 of 3 rows were missing, first mariadb-2/0"));
}

TEST(ScaleUpFindsOldStorage, AReadThatFailsOrIsMissingProvesNothing) {
  Story story = scaled_down()
                    .begins(steps::ScaleBack{.from = 2, .to = 3})
                    .created(2)
                    .ready(2)
                    .reaches<steps::ScaleBack>();
  EXPECT_THAT(scale_up_finds_old_storage(Story{story}),
              IsInconclusive(HasSubstr("no rows of mariadb-2 were read after it was recreated")));
  EXPECT_THAT(scale_up_finds_old_storage(story.read_fails(2, "refused")),
              IsInconclusive(HasSubstr("failed: refused")));
}

TEST(ScaleUpFindsOldStorage, APodThatDoesNotComeBackProvesNothing) {
  EXPECT_THAT(scale_up_finds_old_storage(scaled_down()),
              IsInconclusive(HasSubstr("\"scale-back\" was not recorded")));
  EXPECT_THAT(scale_up_finds_old_storage(
                  scaled_down().begins(steps::ScaleBack{.from = 2, .to = 3}).times_out<steps::ScaleBack>()),
              IsInconclusive(HasSubstr("mariadb-2 was not created again")));
}

}  // namespace
}  // namespace stateproof::check
