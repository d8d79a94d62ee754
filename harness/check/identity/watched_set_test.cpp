#include "harness/check/identity/watched_set.h"

#include <gtest/gtest.h>

#include "harness/check/ordering/creation_order.h"
#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A story that was only watched: the set, with its templates, is seen first, and owns its pods.
class Watched {
 public:
  explicit Watched(Change set_seen = Change::kListed) { see(set_seen, 3); }

  /// The set as served, in its newest version.
  Watched& see(Change change, int replicas, const std::function<void(StatefulSet&)>& look = [](auto&) {}) {
    StatefulSet set;
    set.meta.ref = {"StatefulSet", "database", "mariadb", {"set"}};
    set.replicas = {replicas};
    set.claim_templates = {story_.timeline().subject().claim_template};
    look(set);
    before_.emplace_back(story_.last(), ObjectSeen{change, set, nullptr, false});
    return *this;
  }

  Story& story() { return story_; }

  /// The story with the versions of the set at their places.
  [[nodiscard]] Timeline timeline() const {
    Timeline timeline = story_.timeline();
    std::vector<Observation> all;
    for (std::size_t i = 0; i <= timeline.size(); ++i) {
      for (const auto& [place, seen] : before_)
        if (place == i) all.push_back({0, i == 0 ? Elapsed{0} : timeline.observations[i - 1].at, seen});
      if (i < timeline.size()) all.push_back(timeline.observations[i]);
    }
    for (std::size_t i = 0; i < all.size(); ++i) all[i].index = i + 1;
    timeline.observations = std::move(all);
    complete_subject(timeline);
    return timeline;
  }

 private:
  Story story_;
  std::vector<std::pair<std::size_t, ObjectSeen>> before_;
};

Watched whole() {
  Watched watched(Change::kAdded);
  for (int i = 0; i < 3; ++i) watched.story().created(i).bound(i).ready(i);
  return watched;
}

TEST(WatchedSet, ThatNobodySawGivesDoubt) {
  const Timeline nothing;
  for (const auto checker :
       {watched_predecessors_were_ready, watched_pods_are_wanted, watched_pods_use_own_claims,
        watched_claims_have_own_volumes, watched_storage_is_found_again})
    EXPECT_THAT(checker(nothing), IsInconclusive(HasSubstr("not recorded")));
}

TEST(WatchedSet, ThatWasMadeAnewWithOtherRulesGivesDoubt) {
  Watched watched = whole();
  watched.see(Change::kModified, 3, [](StatefulSet& set) { set.first = {5}; });
  watched.story().created(4);
  EXPECT_THAT(watched_predecessors_were_ready(watched.timeline()), IsInconclusive(HasSubstr("changed at")));
  EXPECT_THAT(watched_pods_are_wanted(watched.timeline()), IsInconclusive(HasSubstr("changed at")));
  // Claims are the same, whatever ordinals are wanted.
  EXPECT_THAT(watched_claims_have_own_volumes(watched.timeline()), IsConformant());
}

TEST(WatchedOrder, AWholeCreationIsConformant) {
  const Verdict verdict = watched_predecessors_were_ready(whole().timeline());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "3 creations after Ready predecessors");
}

TEST(WatchedOrder, APodBeforeItsPredecessorWasReadyIsABreach) {
  Watched watched;
  watched.story().created(0).created(1);
  EXPECT_THAT(watched_predecessors_were_ready(watched.timeline()), IsNonconformant(ElementsAre(3)));
}

TEST(WatchedOrder, ASetThatBeginsInTheMiddleIsABreachOnlyWhenItsBeginningWasSeen) {
  Watched from_the_beginning(Change::kAdded);
  from_the_beginning.story().created(1).ready(1);
  EXPECT_THAT(watched_predecessors_were_ready(from_the_beginning.timeline()),
              IsNonconformant(ElementsAre(2)));
  Watched later;
  later.story().created(1).ready(1);
  EXPECT_THAT(watched_predecessors_were_ready(later.timeline()), IsConformant());
}

TEST(WatchedOrder, APodThatWasThereBeforeMayHaveBeenReadyBefore) {
  Watched watched;
  watched.story().created(0).listed(0).created(1);
  Timeline timeline = watched.timeline();
  timeline.observations.erase(timeline.observations.begin() + 1);  // the creation that nobody saw
  for (std::size_t i = 0; i < timeline.size(); ++i) timeline.observations[i].index = i + 1;
  EXPECT_THAT(watched_predecessors_were_ready(timeline), IsConformant());
}

TEST(WatchedOrder, APodThatAPersonMadeIsNotTheControllers) {
  Watched watched;
  watched.story().created(0).pods_look([](Pod& pod, int) { pod.meta.owners.clear(); }).created(1);
  EXPECT_THAT(watched_predecessors_were_ready(watched.timeline()), IsConformant());
}

TEST(WatchedOrder, UnderParallelThereIsNone) {
  Watched watched(Change::kListed);
  watched.story().created(0).created(1);
  Timeline timeline = watched.timeline();
  for (Observation& seen : timeline.observations)
    if (auto* object = std::get_if<ObjectSeen>(&seen.what))
      if (auto* set = std::get_if<StatefulSet>(&object->object)) set->pod_management = "Parallel";
  EXPECT_EQ(watched_predecessors_were_ready(timeline).outcome, Outcome::kNotApplicable);
}

TEST(WatchedOrder, WithoutACreationNothingIsProved) {
  EXPECT_THAT(watched_predecessors_were_ready(Watched().timeline()),
              IsInconclusive(HasSubstr("no pod was created")));
}

TEST(WatchedOrder, AGapProvesNothing) {
  Watched watched = whole();
  watched.story().gap("pods");
  EXPECT_THAT(watched_predecessors_were_ready(watched.timeline()), IsInconclusive(HasSubstr("lost events")));
}

TEST(WatchedPods, AreWanted) { EXPECT_THAT(watched_pods_are_wanted(whole().timeline()), IsConformant()); }

TEST(WatchedPods, BeyondTheNumberAreABreachWhenEveryNumberWasSeen) {
  Watched watched = whole();
  watched.story().created(3);
  EXPECT_THAT(watched_pods_are_wanted(watched.timeline()),
              IsNonconformant(ElementsAre(watched.timeline().size())));
}

TEST(WatchedPods, BeyondTheNumberMayHaveBeenWantedBefore) {
  Watched watched;
  watched.story().created(3);
  EXPECT_THAT(watched_pods_are_wanted(watched.timeline()), IsInconclusive(HasSubstr("mariadb-3")));
}

TEST(WatchedPods, ThatWereWantedOnceAreNoBreach) {
  Watched watched = whole();
  watched.see(Change::kModified, 5);
  watched.see(Change::kModified, 3);
  watched.story().created(4);
  EXPECT_THAT(watched_pods_are_wanted(watched.timeline()), IsConformant());
}

TEST(WatchedPods, OfNoOrdinalAreABreach) {
  Watched watched;
  watched.story().created(0).created_as("mariadb-x");
  EXPECT_THAT(watched_pods_are_wanted(watched.timeline()), IsNonconformant(ElementsAre(3)));
}

TEST(WatchedPods, ThatAPersonMadeAndTheSetAdoptedAreNotItsOwn) {
  Watched watched = whole();
  watched.story().pods_look([](Pod& pod, int) { pod.meta.owners.clear(); }).created(3);
  watched.story().modified(3,
                           [](Pod& pod) { pod.meta.owners = {{"StatefulSet", "mariadb", {"set"}, true}}; });
  EXPECT_THAT(watched_pods_are_wanted(watched.timeline()), IsConformant());
}

TEST(WatchedClaims, OfAPodThatWasThereBeforeMayBeThoseOfAnotherSet) {
  Watched watched;
  watched.story().pods_look([](Pod& pod, int) { pod.volume_claims.clear(); }).created(0).ready(0);
  EXPECT_THAT(watched_pods_use_own_claims(watched.timeline()), IsNonconformant(ElementsAre(2)));
  Timeline timeline = watched.timeline();
  std::get<ObjectSeen>(timeline.observations[1].what).change = Change::kListed;
  EXPECT_THAT(watched_pods_use_own_claims(timeline), IsInconclusive(HasSubstr("which existed before")));
}

TEST(WatchedClaims, AreTheirPodsOwn) {
  const Verdict verdict = watched_pods_use_own_claims(whole().timeline());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "3 pods, each with the claims that bear its name");
}

TEST(WatchedClaims, OfAnotherPodAreABreach) {
  Watched watched = whole();
  watched.story().modified(1, [](Pod& pod) {
    for (auto& [volume, claim] : pod.volume_claims) claim = "mariadb-data-mariadb-0";
  });
  EXPECT_THAT(watched_pods_use_own_claims(watched.timeline()),
              IsNonconformantAs(HasSubstr("mariadb-data-mariadb-0")));
}

TEST(WatchedClaims, OfASetWithoutTemplatesAreNotDemanded) {
  Timeline timeline = whole().timeline();
  for (Observation& seen : timeline.observations)
    if (auto* object = std::get_if<ObjectSeen>(&seen.what))
      if (auto* set = std::get_if<StatefulSet>(&object->object)) set->claim_templates.clear();
  for (const auto checker :
       {watched_pods_use_own_claims, watched_claims_have_own_volumes, watched_storage_is_found_again})
    EXPECT_EQ(checker(timeline).outcome, Outcome::kNotApplicable);
}

TEST(WatchedVolumes, BelongToOneClaimEach) {
  EXPECT_THAT(watched_claims_have_own_volumes(whole().timeline()), IsConformant());
}

TEST(WatchedVolumes, OfTwoClaimsAtATimeAreABreach) {
  Watched watched = whole();
  const std::string volume = "pv-taken";
  watched.story().claim(0, [&](Claim& claim) { claim.volume = volume; });
  watched.story().claim(1, [&](Claim& claim) { claim.volume = volume; });
  EXPECT_THAT(watched_claims_have_own_volumes(watched.timeline()),
              IsNonconformant(ElementsAre(watched.timeline().size())));
}

TEST(WatchedVolumes, OfAClaimThatIsGoneMayHaveAnotherOne) {
  Watched watched = whole();
  const std::string volume = "pv-taken";
  watched.story().claim(0, [&](Claim& claim) { claim.volume = volume; }).claim_deleted(0);
  watched.story().claim(1, [&](Claim& claim) { claim.volume = volume; });
  EXPECT_NE(watched_claims_have_own_volumes(watched.timeline()).outcome, Outcome::kNonconformant);
}

TEST(WatchedVolumes, ThatMayNotBeSeenGiveDoubt) {
  Timeline timeline = whole().timeline();
  std::erase_if(timeline.observations,
                [](const Observation& seen) { return seen.object<Volume>() != nullptr; });
  EXPECT_THAT(watched_claims_have_own_volumes(timeline), IsInconclusive(HasSubstr("was not recorded")));
}

Watched replaced() {
  Watched watched = whole();
  watched.story().terminating(1).deleted(1).created(1).ready(1);
  return watched;
}

TEST(WatchedStorage, IsFoundAgain) {
  const Verdict verdict = watched_storage_is_found_again(replaced().timeline());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "1 pod replaced, each with the same claims and volumes as before");
}

TEST(WatchedStorage, ThatSomebodyDeletedGivesDoubt) {
  Watched watched = whole();
  watched.story().terminating(1).deleted(1).claim_deleted(1).created(1).bound(1).ready(1);
  EXPECT_THAT(watched_storage_is_found_again(watched.timeline()), IsInconclusive(HasSubstr("recreated")));
}

TEST(WatchedStorage, ThatIsDeletedInTheEndWasFoundAllTheSame) {
  Watched watched = replaced();
  watched.story().terminating(1).deleted(1).claim_deleted(1);
  EXPECT_THAT(watched_storage_is_found_again(watched.timeline()), IsConformant());
}

TEST(WatchedStorage, AnotherVolumeOfTheSameClaimIsABreach) {
  Watched watched = replaced();
  watched.story().claim(1, [](Claim& claim) { claim.volume = "pv-other"; });
  EXPECT_THAT(watched_storage_is_found_again(watched.timeline()), IsNonconformantAs(HasSubstr("pv-other")));
}

TEST(WatchedStorage, WithoutAReplacementNothingIsProved) {
  EXPECT_THAT(watched_storage_is_found_again(whole().timeline()),
              IsInconclusive(HasSubstr("no pod was replaced")));
}

}  // namespace
}  // namespace stateproof::check
