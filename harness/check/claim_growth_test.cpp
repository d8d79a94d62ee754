#include "harness/check/claim_growth.h"

#include <gmock/gmock.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"

namespace stateproof::check {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kAsked = "40Mi";

json answers(int code) {
  json all;
  for (const int ordinal : {0, 1, 2})
    all["mariadb-data-mariadb-" + std::to_string(ordinal)] = {{"code", code}};
  return {{"request", kAsked}, {"answers", all}};
}

Timeline on_class(bool allowed, const Story& story) {
  Timeline timeline = story;
  timeline.header.environment = {{"storageClass", "standard"}, {"allowVolumeExpansion", allowed}};
  return timeline;
}

Story asked(int code) {
  Story story = Story{}.deployed();
  return story.begins("expand", answers(code));
}

/// The scenario after the step "expand": the set is made anew, the rows are read.
Story& read_again(Story& story) {
  story.reaches("expand").begins("recreate");
  for (const int ordinal : {0, 1, 2})
    story.terminating(ordinal).deleted(ordinal).created(ordinal).ready(ordinal);
  story.reaches("recreate");
  return story;
}

Story& rows_found(Story& story) {
  story.begins("read");
  for (const int ordinal : {0, 1, 2}) story.reads(ordinal);
  return story.reaches("read");
}

Story& request_served(Story& story) {
  for (const int ordinal : {0, 1, 2})
    story.claim(ordinal, [](Claim& claim) {
      claim.requested = "40Mi";
      claim.capacity = "32Mi";
    });
  return story;
}

Story& capacity_follows(Story& story) {
  for (const int ordinal : {0, 1, 2}) story.claim(ordinal, [](Claim& claim) { claim.capacity = "41943040"; });
  return story;
}

Story grown() {
  Story story = asked(200);
  return rows_found(read_again(capacity_follows(request_served(story))));
}

TEST(ClaimTemplatesAreFixed, WhenTheChangeIsInvalid) {
  Story story = Story{}.begins("edit-claim-template", {{"code", 422}, {"message", "field is immutable"}});
  EXPECT_THAT(claim_templates_are_fixed(story.reaches("edit-claim-template")), IsConformant());
}

TEST(ClaimTemplatesAreFixed, NotWhenTheChangeIsTaken) {
  Story story = Story{}.begins("edit-claim-template", {{"code", 200}}).reaches("edit-claim-template");
  EXPECT_THAT(claim_templates_are_fixed(story), IsNonconformantAs(HasSubstr("answered 200")));
}

TEST(ClaimTemplatesAreFixed, IsNotProvedByAMissingRight) {
  Story story = Story{}.begins("edit-claim-template", {{"code", 403}, {"message", "cannot patch"}});
  EXPECT_THAT(claim_templates_are_fixed(story.reaches("edit-claim-template")),
              IsInconclusive(HasSubstr("cannot patch")));
}

TEST(ClaimsGrow, WhenCapacityFollowsAndRowsStay) {
  EXPECT_THAT(claims_grow(on_class(true, grown())), IsConformant());
}

TEST(ClaimsGrow, IsNotApplicableWhereTheClassDoesNotAllowIt) {
  const Verdict verdict = claims_grow(on_class(false, grown()));
  EXPECT_EQ(verdict.outcome, Outcome::kNotApplicable);
  EXPECT_THAT(verdict.reason, HasSubstr("StorageClass standard does not set allowVolumeExpansion"));
}

TEST(ClaimsGrow, IsInconclusiveWhenTheClassIsNotKnown) {
  Timeline timeline = grown();
  timeline.header.environment = json::object();
  EXPECT_THAT(claims_grow(timeline), IsInconclusive(HasSubstr("does not tell")));
}

TEST(ClaimsGrow, NotWhenTheRequestIsRefused) {
  Story story = asked(403);
  EXPECT_THAT(claims_grow(on_class(true, rows_found(read_again(request_served(story))))),
              IsNonconformantAs(HasSubstr("answered 403")));
}

TEST(ClaimsGrow, NotWhenTheRequestIsForgotten) {
  Story story = asked(200);
  EXPECT_THAT(claims_grow(on_class(true, rows_found(read_again(story)))),
              IsNonconformantAs(HasSubstr("it requests")));
}

TEST(ClaimsGrow, NotWhenTheCapacityNeverFollows) {
  Story story = asked(200);
  read_again(request_served(story)).begins("grown").times_out("grown");
  EXPECT_THAT(claims_grow(on_class(true, rows_found(story))), IsNonconformantAs(HasSubstr("it is 32Mi")));
}

TEST(ClaimsGrow, IsInconclusiveWhenNobodyWaitedForTheCapacity) {
  Story story = asked(200);
  EXPECT_THAT(claims_grow(on_class(true, rows_found(read_again(request_served(story))))),
              IsInconclusive(HasSubstr("status.capacity")));
}

TEST(ClaimsGrow, NotWhenTheClaimIsMadeAnew) {
  Story story = asked(200);
  read_again(capacity_follows(request_served(story))).claim_deleted(1).claim_pending(1).bound(1);
  story.claim(1, [](Claim& claim) { claim.requested = claim.capacity = "40Mi"; });
  EXPECT_THAT(claims_grow(on_class(true, rows_found(story))), IsNonconformantAs(HasSubstr("it has UID")));
}

TEST(ClaimsGrow, NotWhenRowsAreLost) {
  Story story = asked(200);
  read_again(capacity_follows(request_served(story))).begins("read");
  story.reads(0).reads(1, {}).reads(2).reaches("read");
  EXPECT_EQ(claims_grow(on_class(true, story)).outcome, Outcome::kNonconformant);
}

TEST(ClaimsGrow, IsInconclusiveWhenRowsWereNotRead) {
  Story story = asked(200);
  read_again(capacity_follows(request_served(story))).begins("read").reads(0).reads(1).reaches("read");
  EXPECT_THAT(claims_grow(on_class(true, story)),
              IsInconclusive(HasSubstr("no rows were read from mariadb-2")));
}

TEST(GrowthNeedsPermission, WhenMoreIsForbidden) {
  Story story = asked(403);
  EXPECT_THAT(growth_needs_permission(on_class(false, story.reaches("expand"))), IsConformant());
}

TEST(GrowthNeedsPermission, NotWhenMoreIsGranted) {
  Story story = asked(200);
  EXPECT_THAT(growth_needs_permission(on_class(false, story.reaches("expand"))),
              IsNonconformantAs(HasSubstr("answered 200")));
}

TEST(GrowthNeedsPermission, IsNotApplicableWhereTheClassAllowsIt) {
  Story story = asked(200);
  EXPECT_EQ(growth_needs_permission(on_class(true, story.reaches("expand"))).outcome,
            Outcome::kNotApplicable);
}

TEST(GrowthNeedsPermission, IsInconclusiveForWhoMayNotAsk) {
  json args = answers(403);
  for (json& one : args.at("answers"))
    one["message"] = R"(claims is forbidden: User "ann" cannot patch resource "persistentvolumeclaims")";
  Story story = Story{}.deployed().begins("expand", args);
  EXPECT_THAT(growth_needs_permission(on_class(false, story.reaches("expand"))),
              IsInconclusive(HasSubstr("cannot patch")));
}

TEST(GrowthNeedsPermission, IsInconclusiveWithoutAnswers) {
  Story story = Story{}.deployed().begins("expand", {{"request", kAsked}});
  EXPECT_THAT(growth_needs_permission(on_class(false, story.reaches("expand"))),
              IsInconclusive(HasSubstr("was not recorded")));
}

}  // namespace
}  // namespace stateproof::check
