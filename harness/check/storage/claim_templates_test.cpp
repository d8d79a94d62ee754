#include "harness/check/storage/claim_templates.h"

#include <gmock/gmock.h>

#include "harness/check/storage/claim_binding.h"
#include "harness/check/storage/claim_lifetime.h"
#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kArchive = "archive";

std::string archive_of(const std::string& claim) {
  return kArchive + claim.substr(std::string{"mariadb-data"}.size());
}

/// The same story of a set that has a second claim template: of each claim there are two.
Timeline with_archive(const Timeline& timeline) {
  Timeline both{timeline.header, {}, timeline.finish};
  const auto add = [&both](Observation seen) {
    seen.index = both.observations.size() + 1;
    both.observations.push_back(std::move(seen));
  };
  for (Observation seen : timeline) {
    auto* event = std::get_if<ObjectSeen>(&seen.what);
    if (event == nullptr) {
      add(seen);
      continue;
    }
    if (auto* set = std::get_if<StatefulSet>(&event->object))
      set->claim_templates = {"mariadb-data", kArchive};
    if (auto* pod = std::get_if<Pod>(&event->object); pod != nullptr && !pod->volume_claims.empty()) {
      pod->volume_claims[kArchive] = archive_of(pod->volume_claims.begin()->second);
      pod->mounts.push_back({"mariadb", kArchive, "/archive"});
    }
    if (std::holds_alternative<Claim>(event->object)) {
      Observation copy = seen;
      auto& claim = std::get<Claim>(std::get<ObjectSeen>(copy.what).object);
      claim.meta.ref.name = archive_of(claim.meta.ref.name);
      claim.meta.ref.uid.value += "-archive";
      add(copy);
    }
    add(seen);
  }
  return both;
}

TEST(ClaimTemplates, EachGivesEveryPodAClaim) {
  const Timeline timeline = with_archive(Story{}.deployed());
  EXPECT_THAT(each_template_gives_a_claim(timeline), IsConformant());
  EXPECT_THAT(each_template_gives_a_claim(timeline).reason, HasSubstr("claim template archive: 3 pods"));
}

TEST(ClaimTemplates, OneIsNotEnoughToJudge) {
  Story story;
  EXPECT_THAT(each_template_gives_a_claim(story.deployed()), IsInconclusive(HasSubstr("only one")));
}

TEST(ClaimTemplates, ThePodsMayNotShareTheSecondClaim) {
  Timeline timeline = with_archive(Story{}.deployed());
  for (Observation& seen : timeline.observations)
    if (auto* event = std::get_if<ObjectSeen>(&seen.what))
      if (auto* pod = std::get_if<Pod>(&event->object)) pod->volume_claims[kArchive] = "archive-mariadb-0";
  const Verdict verdict = each_template_gives_a_claim(timeline);
  EXPECT_EQ(verdict.outcome, Outcome::kNonconformant);
  EXPECT_THAT(verdict.findings, SizeIs(2));
}

TEST(ClaimTemplates, AClaimOfTheSecondGoesWithScaleDownToo) {
  Story story = Story{}.deployed();
  story.begins(steps::ScaleDown{.from = 3, .to = 1}).member_removed(2).claim_deleted(2);
  story.member_removed(1).claim_deleted(1).reaches<steps::ScaleDown>();
  Timeline timeline = with_archive(story);
  EXPECT_THAT(for_each_claim_template(timeline, claims_go_with_scale_down), IsConformant());
  std::size_t index = 0;
  std::erase_if(timeline.observations, [](const Observation& seen) {
    const Claim* claim = seen.object<Claim>();
    return claim != nullptr && seen.is_deletion() && claim->meta.ref.name == "archive-mariadb-2";
  });
  for (Observation& seen : timeline.observations) seen.index = ++index;
  EXPECT_EQ(for_each_claim_template(timeline, claims_go_with_scale_down).outcome, Outcome::kNonconformant);
}

}  // namespace
}  // namespace stateproof::check
