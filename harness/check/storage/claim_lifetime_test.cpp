#include "harness/check/storage/claim_lifetime.h"

#include <gmock/gmock.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void be_deleted(Claim& claim) { claim.meta.deletion = Timestamp{}; }

/// mariadb-2 has to go, and is kept from ending until step "scale-down".
Story kept_from_ending() {
  Story story = Story{}.deployed();
  story.begins(steps::BeginScaleDown{.ordinal = {2}, .from = 3, .to = 1}).terminating(2);
  return story.reaches<steps::BeginScaleDown>().begins(steps::HoldScaledClaim{.ordinal = {2}});
}

Story& let_go(Story& story) {
  story.reaches<steps::HoldScaledClaim>().begins(steps::ScaleDown{.from = 3, .to = 1}).deleted(2);
  return story.claim(2, be_deleted)
      .claim_deleted(2)
      .member_removed(1)
      .claim_deleted(1)
      .reaches<steps::ScaleDown>();
}

TEST(ScaledClaimWaitsForItsPod, WhenItIsDeletedAfterwards) {
  Story story = kept_from_ending();
  EXPECT_THAT(scaled_claim_waits_for_its_pod(let_go(story)), IsConformant());
  EXPECT_THAT(claims_go_with_scale_down(story), IsConformant());
}

TEST(ScaledClaimWaitsForItsPod, NotWhenItIsToldToGoWhileThePodIsThere) {
  Story story = kept_from_ending();
  story.claim(2, be_deleted);
  const std::size_t breach = story.last();
  EXPECT_THAT(scaled_claim_waits_for_its_pod(let_go(story)), IsNonconformant(ElementsAre(breach)));
}

TEST(ScaledClaimWaitsForItsPod, NotWhenItIsToldToGoBeforeThePod) {
  Story story = Story{}.deployed();
  story.begins(steps::BeginScaleDown{.ordinal = {2}, .from = 3, .to = 1}).claim(2, be_deleted).terminating(2);
  story.reaches<steps::BeginScaleDown>().begins(steps::HoldScaledClaim{.ordinal = {2}});
  EXPECT_EQ(scaled_claim_waits_for_its_pod(let_go(story)).outcome, Outcome::kNonconformant);
}

TEST(ScaledClaimWaitsForItsPod, IsInconclusiveWhenThePodDidNotStay) {
  Story story = kept_from_ending();
  story.deleted(2).claim(2, be_deleted).reaches<steps::HoldScaledClaim>().begins(steps::ScaleDown{.to = 1});
  EXPECT_THAT(scaled_claim_waits_for_its_pod(story.reaches<steps::ScaleDown>()),
              IsInconclusive(HasSubstr("did not stay")));
}

TEST(ScaledClaimWaitsForItsPod, IsInconclusiveWhenNothingShowsThatThePodWasAlive) {
  Story story = kept_from_ending();
  EXPECT_THAT(scaled_claim_waits_for_its_pod(story.claim(2, be_deleted).reaches<steps::HoldScaledClaim>()),
              IsInconclusive(HasSubstr("was still running")));
}

TEST(ScaledClaimWaitsForItsPod, IsInconclusiveInARecordingWithoutTheHold) {
  EXPECT_THAT(scaled_claim_waits_for_its_pod(Story::lifecycle()), IsInconclusive(HasSubstr("not recorded")));
}

Story owned(const std::string& kind, const std::string& uid) {
  Story story = Story{}.deployed();
  for (const int ordinal : {0, 1, 2})
    story.claim(ordinal, [&](Claim& claim) { claim.meta.owners = {{kind, "mariadb", Uid{uid}, true}}; });
  return story.begins(steps::HoldClaims{}).reaches<steps::HoldClaims>();
}

TEST(ClaimsBelongToTheirSet, ByItsUid) {
  EXPECT_THAT(claims_belong_to_their_set(owned("StatefulSet", "set")), IsConformant());
  EXPECT_EQ(claims_belong_to_their_set(owned("StatefulSet", "former set")).outcome, Outcome::kNonconformant);
  EXPECT_EQ(claims_belong_to_their_set(owned("Pod", "set")).outcome, Outcome::kNonconformant);
}

TEST(ClaimsBelongToTheirSet, NotWithoutAnOwner) {
  Story story = Story{}.deployed().begins(steps::HoldClaims{}).reaches<steps::HoldClaims>();
  EXPECT_THAT(claims_belong_to_their_set(story), IsNonconformantAs(HasSubstr("none of its 0 owners")));
}

Story set_deleted() {
  Story story = Story{}.deployed().begins(steps::DeleteSet{});
  for (const int ordinal : {0, 1, 2}) story.terminating(ordinal).deleted(ordinal);
  return story;
}

Story& set_made_anew(Story& story) {
  story.reaches<steps::DeleteSet>().begins(steps::Recreate{});
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  return story.reaches<steps::Recreate>();
}

TEST(ClaimsOutliveSet, WithTheirVolumes) {
  Story story = set_deleted();
  EXPECT_THAT(claims_outlive_set(set_made_anew(story)), IsConformant());
}

TEST(ClaimsOutliveSet, NotWhenAVolumeIsReleased) {
  Story story = set_deleted();
  story.volume(1, [](Volume& volume) { volume.phase = "Released"; });
  EXPECT_THAT(claims_outlive_set(set_made_anew(story)), IsNonconformantAs(HasSubstr("it was Released")));
}

TEST(ClaimsOutliveSet, NotWhenAVolumeGoesWhileTheSetIsMadeAnew) {
  Story story = set_deleted();
  story.reaches<steps::DeleteSet>().begins(steps::Recreate{}).volume_deleted(0);
  EXPECT_THAT(claims_outlive_set(story.reaches<steps::Recreate>()),
              IsNonconformantAs(HasSubstr("it was deleted")));
}

/// The claim of mariadb-1 was deleted while its pod ran; now the pod is.
Story pod_follows_its_claim() {
  Story story = Story{}.deployed().claim(1, be_deleted).begins(steps::LetGo{.ordinal = {1}});
  return story.fault(1).terminating(1).deleted(1).claim_deleted(1);
}

TEST(MissingClaimIsMade, UnderItsOldName) {
  Story story = pod_follows_its_claim();
  story.claim_pending(1)
      .reaches<steps::LetGo>()
      .begins(steps::Recover{.ordinal = {1}})
      .created(1)
      .bound(1)
      .ready(1);
  EXPECT_THAT(missing_claim_is_made(story.reaches<steps::Recover>()), IsConformant());
}

TEST(MissingClaimIsMade, NotWhenThePodWaitsForNone) {
  Story story = pod_follows_its_claim();
  story.created(1).after(std::chrono::seconds{120}).times_out<steps::LetGo>();
  EXPECT_THAT(missing_claim_is_made(story), IsNonconformantAs(HasSubstr("there was none")));
}

TEST(MissingClaimIsMade, IsInconclusiveWhenNobodyWaitedForIt) {
  Story story = pod_follows_its_claim();
  EXPECT_EQ(missing_claim_is_made(story.created(1).times_out<steps::LetGo>()).outcome,
            Outcome::kInconclusive);
}

TEST(MissingClaimIsMade, IsInconclusiveWhenThePodIsNotThereEither) {
  Story story = pod_follows_its_claim();
  EXPECT_EQ(missing_claim_is_made(story.after(std::chrono::seconds{120}).times_out<steps::LetGo>()).outcome,
            Outcome::kInconclusive);
}

}  // namespace
}  // namespace stateproof::check
