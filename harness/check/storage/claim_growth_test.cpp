#include "harness/check/storage/claim_growth.h"

#include <gmock/gmock.h>

#include <map>
#include <memory>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kAsked = "40Mi";

steps::Expand answered(int code, const std::string& message = {}) {
  std::map<std::string, Answer> answers;
  for (const int ordinal : {0, 1, 2})
    answers["mariadb-data-mariadb-" + std::to_string(ordinal)] = {code, message};
  return {.request = kAsked, .answers = answers};
}

/// The size of a claim is taken from the object as served.
class Growth {
 public:
  explicit Growth(int code) : story_(Story{}.deployed()) { story_.begins(answered(code)); }

  Growth& serve(int ordinal, const std::string& requested, const std::string& capacity) {
    story_.claim(ordinal, [](Claim&) {});
    served_[story_.last()] = {{"spec", {{"resources", {{"requests", {{"storage", requested}}}}}}},
                              {"status", {{"capacity", {{"storage", capacity}}}}}};
    return *this;
  }
  Growth& all_serve(const std::string& requested, const std::string& capacity) {
    for (const int ordinal : {0, 1, 2}) serve(ordinal, requested, capacity);
    return *this;
  }
  /// The scenario after the step "expand": the set is recreated, the rows are read.
  Growth& recreated() {
    story_.reaches<steps::Expand>().begins(steps::Recreate{});
    for (const int ordinal : {0, 1, 2})
      story_.terminating(ordinal).deleted(ordinal).created(ordinal).ready(ordinal);
    story_.reaches<steps::Recreate>();
    return *this;
  }
  Growth& rows_found() {
    story_.begins(steps::Read{});
    for (const int ordinal : {0, 1, 2}) story_.reads(ordinal);
    story_.reaches<steps::Read>();
    return *this;
  }
  Story& story() { return story_; }

  [[nodiscard]] Timeline on_class(bool allowed) const {
    Timeline timeline = story_;
    timeline.header.environment = {{"storageClass", "standard"}, {"allowVolumeExpansion", allowed}};
    for (const auto& [index, served] : served_)
      std::get<ObjectSeen>(timeline.observations.at(index - 1).what).served =
          std::make_shared<const json>(served);
    return timeline;
  }

 private:
  Story story_;
  std::map<std::size_t, json> served_;
};

Timeline on_class(bool allowed, const Story& story) {
  Timeline timeline = story;
  timeline.header.environment = {{"storageClass", "standard"}, {"allowVolumeExpansion", allowed}};
  return timeline;
}

Story asked(int code) {
  Story story = Story{}.deployed();
  return story.begins(answered(code));
}

Growth grown() {
  Growth growth(200);
  return growth.all_serve(kAsked, "32Mi").all_serve(kAsked, "41943040").recreated().rows_found();
}

TEST(ClaimTemplatesAreFixed, WhenTheChangeIsInvalid) {
  Story story = Story{}.begins(steps::EditClaimTemplate{.code = 422, .message = "field is immutable"});
  EXPECT_THAT(claim_templates_are_fixed(story.reaches<steps::EditClaimTemplate>()), IsConformant());
}

TEST(ClaimTemplatesAreFixed, NotWhenTheChangeIsTaken) {
  Story story = Story{}.begins(steps::EditClaimTemplate{.code = 200}).reaches<steps::EditClaimTemplate>();
  EXPECT_THAT(claim_templates_are_fixed(story), IsNonconformantAs(HasSubstr("answered 200")));
}

TEST(ClaimTemplatesAreFixed, IsNotProvedByAMissingRight) {
  Story story = Story{}.begins(steps::EditClaimTemplate{.code = 403, .message = "cannot patch"});
  EXPECT_THAT(claim_templates_are_fixed(story.reaches<steps::EditClaimTemplate>()),
              IsInconclusive(HasSubstr("cannot patch")));
}

TEST(ClaimsGrow, WhenCapacityFollowsAndRowsStay) {
  EXPECT_THAT(claims_grow(grown().on_class(true)), IsConformant());
}

TEST(ClaimsGrow, IsNotApplicableWhereTheClassDoesNotAllowIt) {
  const Verdict verdict = claims_grow(grown().on_class(false));
  EXPECT_EQ(verdict.outcome, Outcome::kNotApplicable);
  EXPECT_THAT(verdict.reason, HasSubstr("StorageClass standard does not set allowVolumeExpansion"));
}

TEST(ClaimsGrow, IsInconclusiveWhenTheClassIsNotKnown) {
  Timeline timeline = grown().on_class(true);
  timeline.header.environment = json::object();
  EXPECT_THAT(claims_grow(timeline), IsInconclusive(HasSubstr("does not show")));
}

TEST(ClaimsGrow, NotWhenTheRequestIsRefused) {
  Growth growth(403);
  growth.all_serve("32Mi", "32Mi").recreated().rows_found();
  EXPECT_THAT(claims_grow(growth.on_class(true)), IsNonconformantAs(HasSubstr("answered 403")));
}

TEST(ClaimsGrow, NotWhenTheRequestIsForgotten) {
  Growth growth(200);
  growth.all_serve("32Mi", "32Mi").recreated().rows_found();
  EXPECT_THAT(claims_grow(growth.on_class(true)), IsNonconformantAs(HasSubstr("it requests 33554432")));
}

TEST(ClaimsGrow, NotWhenTheCapacityNeverFollows) {
  Growth growth(200);
  growth.all_serve(kAsked, "32Mi").recreated().story().begins(steps::Grown{}).times_out<steps::Grown>();
  EXPECT_THAT(claims_grow(growth.rows_found().on_class(true)),
              IsNonconformantAs(HasSubstr("it is 33554432 bytes")));
}

TEST(ClaimsGrow, IsInconclusiveWhenNobodyWaitedForTheCapacity) {
  Growth growth(200);
  growth.all_serve(kAsked, "32Mi").recreated().rows_found();
  EXPECT_THAT(claims_grow(growth.on_class(true)), IsInconclusive(HasSubstr("status.capacity")));
}

TEST(ClaimsGrow, NotWhenTheClaimIsMadeAnew) {
  Growth growth(200);
  growth.all_serve(kAsked, kAsked).recreated().story().claim_deleted(1).claim_pending(1).bound(1);
  EXPECT_THAT(claims_grow(growth.serve(1, kAsked, kAsked).rows_found().on_class(true)),
              IsNonconformantAs(HasSubstr("it has UID")));
}

TEST(ClaimsGrow, NotWhenRowsAreLost) {
  Growth growth(200);
  growth.all_serve(kAsked, kAsked)
      .recreated()
      .story()
      .begins(steps::Read{})
      .reads(0)
      .reads(1, {})
      .reads(2)
      .reaches<steps::Read>();
  EXPECT_EQ(claims_grow(growth.on_class(true)).outcome, Outcome::kNonconformant);
}

TEST(ClaimsGrow, IsInconclusiveWhenRowsWereNotRead) {
  Growth growth(200);
  growth.all_serve(kAsked, kAsked)
      .recreated()
      .story()
      .begins(steps::Read{})
      .reads(0)
      .reads(1)
      .reaches<steps::Read>();
  EXPECT_THAT(claims_grow(growth.on_class(true)),
              IsInconclusive(HasSubstr("no rows were read from mariadb-2")));
}

TEST(GrowthNeedsPermission, WhenMoreIsForbidden) {
  Story story = asked(403);
  EXPECT_THAT(growth_needs_permission(on_class(false, story.reaches<steps::Expand>())), IsConformant());
}

TEST(GrowthNeedsPermission, NotWhenMoreIsGranted) {
  Story story = asked(200);
  EXPECT_THAT(growth_needs_permission(on_class(false, story.reaches<steps::Expand>())),
              IsNonconformantAs(HasSubstr("answered 200")));
}

TEST(GrowthNeedsPermission, IsNotApplicableWhereTheClassAllowsIt) {
  Story story = asked(200);
  EXPECT_EQ(growth_needs_permission(on_class(true, story.reaches<steps::Expand>())).outcome,
            Outcome::kNotApplicable);
}

TEST(GrowthNeedsPermission, IsInconclusiveForWhoMayNotAsk) {
  Story story = Story{}.deployed().begins(
      answered(403, R"(claims is forbidden: User "ann" cannot patch resource "persistentvolumeclaims")"));
  EXPECT_THAT(growth_needs_permission(on_class(false, story.reaches<steps::Expand>())),
              IsInconclusive(HasSubstr("cannot patch")));
}

TEST(GrowthNeedsPermission, IsInconclusiveWithoutAnswers) {
  Story story = Story{}.deployed().begins(steps::Expand{.request = kAsked});
  EXPECT_THAT(growth_needs_permission(on_class(false, story.reaches<steps::Expand>())),
              IsInconclusive(HasSubstr("was not recorded")));
}

}  // namespace
}  // namespace stateproof::check
