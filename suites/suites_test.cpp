#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"
#include "suites/catalogue.h"

namespace stateproof {
namespace {

using check::Story;
using testing::AnyOf;
using testing::Contains;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Ids of the requirements that the story breaks, of all promises of its scenario.
std::set<std::string_view> broken_by(const Timeline& timeline) {
  std::set<std::string_view> broken;
  for (const Promise& promise : catalogue()) {
    if (promise.scenario != timeline.header.scenario) continue;
    for (const RequirementVerdict& judged : judge(promise, timeline).requirements)
      if (judged.verdict.outcome == Outcome::kNonconformant) broken.insert(judged.requirement->id);
  }
  return broken;
}

/// Rewrites all objects of one kind in an otherwise perfect lifecycle.
template <class T>
Story lifecycle_with(const std::function<void(T&)>& change) {
  Story story = Story::lifecycle();
  story.rewrite([&](Entry& entry) {
    auto* seen = std::get_if<ObjectSeen>(&entry);
    if (T* object = seen == nullptr ? nullptr : std::get_if<T>(&seen->object); object != nullptr)
      change(*object);
  });
  return story;
}

TEST(Catalogue, HasTheFivePromises) {
  std::vector<std::string_view> ids;
  for (const Promise& promise : catalogue())
    if (promise.profile == Profile::kQuick) ids.push_back(promise.id);
  EXPECT_THAT(ids, ElementsAre("ordered-creation", "stable-dns", "claim-binding", "data-survival",
                               "claim-retention"));
}

TEST(Catalogue, FindsAPromiseByItsId) {
  EXPECT_EQ(find_promise("stable-dns"), &catalogue().at(1));
  EXPECT_EQ(find_promise("unstable-dns"), nullptr);
}

TEST(Catalogue, EveryRequirementSaysWhatItDemandsAndWhereThatIsPromised) {
  std::set<std::string_view> ids;
  for (const Promise& promise : catalogue()) {
    EXPECT_THAT(promise.requirements, Not(IsEmpty())) << promise.id;
    for (const Requirement& requirement : promise.requirements) {
      EXPECT_TRUE(ids.insert(requirement.id).second || promise.group == "reference model" ||
                  promise.scenario == "workload")
          << requirement.id;
      EXPECT_THAT(requirement.sentence, AnyOf(HasSubstr("MUST"), HasSubstr("SHOULD"))) << requirement.id;
      // RFC 2119: "no pod MUST be created" permits it; what is forbidden MUST NOT be.
      EXPECT_THAT(std::string{requirement.sentence},
                  Not(ContainsRegex("(^|[,:;] |and )([Nn]o|[Nn]one|[Nn]either) [^,:;.]*MUST [^N]")))
          << requirement.id;
      EXPECT_THAT(requirement.source, AnyOf(StartsWith("https://kubernetes.io/docs/"),
                                            StartsWith("https://github.com/kubernetes/")));
      EXPECT_NE(requirement.checker, nullptr) << requirement.id;
    }
  }
}

TEST(Promises, AConformingLifecycleKeepsThemAll) {
  const Story story = Story::lifecycle();
  for (const Promise& promise : catalogue()) {
    if (promise.profile != Profile::kQuick) continue;
    for (const RequirementVerdict& judged : judge(promise, story).requirements)
      EXPECT_THAT(judged.verdict, check::IsConformant()) << judged.requirement->id;
  }
}

TEST(Promises, AnEmptyRecordingProvesNone) {
  for (const Promise& promise : catalogue())
    for (const RequirementVerdict& judged : judge(promise, Timeline{}).requirements)
      EXPECT_EQ(judged.verdict.outcome, Outcome::kInconclusive) << judged.requirement->id;
}

TEST(Promises, RejectParallelCreation) {
  Story story = Story{}
                    .begins(steps::Create{.replicas = {3}})
                    .created(0)
                    .created(1)
                    .created(2)
                    .ready(2)
                    .ready(0)
                    .ready(1);
  EXPECT_THAT(broken_by(story.reaches<steps::Create>()), ElementsAre("ORD-01"));
}

TEST(Promises, RejectAServiceWithAClusterAddress) {
  EXPECT_THAT(broken_by(lifecycle_with<Service>([](Service& service) { service.cluster_ip = "10.96.0.77"; })),
              ElementsAre("DNS-08"));
}

TEST(Promises, RejectOneClaimForAllPods) {
  EXPECT_THAT(broken_by(lifecycle_with<Pod>([](Pod& pod) { pod.volume_claims["mariadb-data"] = "shared"; })),
              Contains("STO-01"));
}

TEST(Promises, RejectDataInThePod) {
  Story story = Story::lifecycle();
  story.rewrite([](Entry& entry) {
    auto* operation = std::get_if<SqlOperation>(&entry);
    if (operation != nullptr && operation->kind == SqlOperation::Kind::kRead) operation->rows.clear();
  });
  EXPECT_THAT(broken_by(story), ElementsAre("SCL-01", "STO-04"));
}

TEST(Promises, RejectRetentionThatDeletes) {
  Story story = Story{}.deployed().replaced(0).replaced(1).replaced(2).scaled_up().scaled_down();
  for (const int ordinal : {2, 3, 4}) story.claim_deleted(ordinal).volume_deleted(ordinal);
  story.begins(steps::ScaleBack{.from = 2, .to = 3})
      .member_added(2)
      .reaches<steps::ScaleBack>()
      .resolves(2)
      .reads(2, {});
  EXPECT_THAT(broken_by(story.cleaned_up()), ElementsAre("RET-02", "SCL-01"));
}

TEST(Promises, RejectAControllerThatDeletesTheWrongEnd) {
  Story story = Story{}.deployed().scaled_up().begins(steps::ScaleDown{.from = 5, .to = 2});
  EXPECT_THAT(broken_by(story.member_removed(0).member_removed(1).member_removed(2)),
              ElementsAre("ID-01", "ORD-03"));
}

}  // namespace
}  // namespace stateproof
