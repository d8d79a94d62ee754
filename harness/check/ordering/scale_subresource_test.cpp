#include "harness/check/ordering/scale_subresource.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json scale_at(int version, int wanted, int present) {
  return {{"metadata", {{"uid", "set"}, {"resourceVersion", std::to_string(version)}}},
          {"spec", {{"replicas", wanted}}},
          {"status", {{"replicas", present}, {"selector", "app=mariadb,tier=data"}}}};
}

/// A set that wants three pods and has two, at resourceVersion 1: entry #1.
Story told_set() {
  return Story{}.set([](StatefulSet& set) {
    set.replicas = {3};
    set.current_pods = {2};
    set.meta.generation = 1;
    set.match_labels = {{"app", "mariadb"}, {"tier", "data"}};
  });
}

Story read_as(const json& scale) {
  return told_set().begins(steps::ReadScale{}).reaches<steps::ReadScale>(scale);
}

TEST(ReadScale, TellsWhatTheSetTellsAtThatVersion) {
  EXPECT_THAT(scale_tells_the_set(read_as(scale_at(1, 3, 2))), IsConformant());
  EXPECT_THAT(
      scale_tells_the_set(read_as(scale_at(1, 3, 2)).set([](StatefulSet& set) { set.current_pods = {3}; })),
      IsConformant());
  // The watch may deliver that state after the answer.
  EXPECT_THAT(
      scale_tells_the_set(read_as(scale_at(2, 3, 3)).set([](StatefulSet& set) { set.current_pods = {3}; })),
      IsConformant());
}

TEST(ReadScale, AnotherNumberOrSelectorIsABreach) {
  EXPECT_THAT(scale_tells_the_set(read_as(scale_at(1, 2, 2))), IsNonconformantAs(HasSubstr("it was 2")));
  EXPECT_THAT(scale_tells_the_set(read_as(scale_at(1, 3, 3))), IsNonconformant(ElementsAre(1)));
  json scale = scale_at(1, 3, 2);
  scale["status"]["selector"] = "app=mariadb";
  EXPECT_THAT(scale_tells_the_set(read_as(scale)), IsNonconformantAs(HasSubstr("app=mariadb")));
}

TEST(ReadScale, IsInDoubtWithoutTheStateThatItCameFrom) {
  EXPECT_THAT(scale_tells_the_set(read_as(scale_at(9, 3, 2))), IsInconclusive(HasSubstr("\"9\"")));
  EXPECT_THAT(scale_tells_the_set(read_as(json())), IsInconclusive(HasSubstr("not recorded")));
}

/// The scale is written in both ways; the set states that this makes want `put` and `patched` pods.
Story written(int put, int patched, std::int64_t generation = 2) {
  return told_set()
      .begins(steps::ScaleUp{.from = 3, .to = 4})
      .set([=](StatefulSet& set) {
        set.replicas = {put};
        set.meta.generation = generation;
      })
      .reaches<steps::ScaleUp>(scale_at(2, put, 2))
      .begins(steps::ScaleDown{.from = 4, .to = 1})
      .set([=](StatefulSet& set) {
        set.replicas = {patched};
        set.meta.generation = generation + 1;
      });
}

TEST(WrittenScale, IsWhatTheSetWantsInANewGeneration) {
  EXPECT_THAT(scale_moves_the_set(written(4, 1).reaches<steps::ScaleDown>(scale_at(3, 1, 4))),
              IsConformant());
}

TEST(WrittenScale, OneThatChangesNothingIsABreach) {
  EXPECT_THAT(scale_moves_the_set(written(3, 1).reaches<steps::ScaleDown>(scale_at(3, 1, 4))),
              IsNonconformant(ElementsAre(3)));
  EXPECT_THAT(scale_moves_the_set(written(4, 4).reaches<steps::ScaleDown>(scale_at(3, 4, 4))),
              IsNonconformant(ElementsAre(6)));
  EXPECT_THAT(scale_moves_the_set(written(4, 1, 1).reaches<steps::ScaleDown>(scale_at(3, 1, 4))),
              IsNonconformantAs(HasSubstr("it was 1 after the scale was written")));
}

TEST(WrittenScale, ASetThatDoesNotFollowIsABreach) {
  const auto stuck = [](std::chrono::seconds length) {
    return scale_moves_the_set(
        told_set()
            .begins(
                steps::ScaleUp{.from = 3, .to = 4, .answer = std::make_shared<const json>(scale_at(2, 4, 2))})
            .set([](StatefulSet& set) {
              set.replicas = {4};
              set.meta.generation = 2;
            })
            .after(length)
            .times_out<steps::ScaleUp>());
  };
  EXPECT_THAT(stuck(90s), IsNonconformantAs(HasSubstr("had not by")));
  EXPECT_THAT(stuck(5s), IsInconclusive(HasSubstr("timed out")));
}

TEST(StaleScale, IsRefusedAndChangesNothing) {
  const auto answered = [](int code) {
    return told_set()
        .begins(steps::StaleScale{.written = 7})
        .reaches<steps::StaleScale>(json{{"code", code}, {"reason", "Conflict"}});
  };
  EXPECT_THAT(stale_scale_is_refused(answered(409)), IsConformant());
  EXPECT_THAT(stale_scale_is_refused(answered(200)), IsNonconformant(ElementsAre(3)));
  EXPECT_THAT(stale_scale_is_refused(answered(409).set([](StatefulSet& set) { set.replicas = {7}; })),
              IsNonconformantAs(HasSubstr("it was at")));
  EXPECT_THAT(stale_scale_is_refused(Story{}), IsInconclusive(HasSubstr("stale-scale")));
}

}  // namespace
}  // namespace stateproof::check
