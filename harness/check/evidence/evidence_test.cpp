#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/check/disruption/eviction.h"
#include "harness/check/disruption/replication.h"
#include "harness/check/evidence/assumptions.h"
#include "harness/check/evidence/course.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/step_duty.h"
#include "harness/check/identity/contrast.h"
#include "harness/check/identity/identity.h"
#include "harness/check/ordering/adoption.h"
#include "harness/check/ordering/creation_order.h"
#include "harness/check/ordering/halting.h"
#include "harness/check/ordering/parallel_management.h"
#include "harness/check/ordering/scale_subresource.h"
#include "harness/check/ordering/termination_order.h"
#include "harness/check/rollout/available_replicas.h"
#include "harness/check/rollout/broken_update.h"
#include "harness/check/rollout/rollout.h"
#include "harness/check/storage/claim_binding.h"
#include "harness/check/storage/claim_lifetime.h"
#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/check/upgrade/upgrade.h"
#include "harness/model/promise.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kRevision = "controller-revision-hash";

Outcome outcome(const Verdict& verdict) { return verdict.outcome; }

Task asked(const std::string& step, const nlohmann::json& args = nlohmann::json::object()) {
  return Task::recorded(step, args);
}

/// Three Ready pods at revision "old", and their set.
Story three_ready() {
  Story story;
  story.pods_look([](Pod& pod, int) { pod.meta.labels[kRevision] = "old"; });
  story.set([](StatefulSet& set) {
    set.replicas = {3};
    set.meta.generation = set.observed_generation = 1;
    set.current_revision = set.update_revision = "old";
  });
  for (const int ordinal : {0, 1, 2}) story.created(ordinal).ready(ordinal);
  return story;
}

// -------------------------------------------------------------------------------------------------- holes

TEST(Hole, OrderWithinAListProvesNothing) {
  Story story = three_ready();
  story.pods_look([](Pod& pod, int) { pod.meta.labels[kRevision] = "new"; });
  story.begins(asked("rollout")).gap("pods");
  // What came of it while nobody looked, in the order of a list.
  story.relisted(0, [](Pod& pod) { pod.meta.deletion = Timestamp{}; });
  story.relisted(1, [](Pod& pod) { pod.meta.deletion = Timestamp{}; });
  story.reaches(StepName{"rollout"});
  EXPECT_THAT(updated_from_the_top(story), IsInconclusive(HasSubstr("lost events")));
}

TEST(Hole, WhatPrecedesItCondemns) {
  Story story = three_ready();
  story.begins(asked("rollout")).terminating(0).terminating(2).gap("pods").reaches(StepName{"rollout"});
  EXPECT_EQ(outcome(updated_from_the_top(story)), Outcome::kNonconformant);
}

TEST(Hole, WhatTheListDoesNotMentionIsAsItWas) {
  const Story story = three_ready().gap("pods");
  const Incarnations pods{story.timeline().observations, story.timeline().subject()};
  EXPECT_TRUE(pods.latest({1})->is_ready());
}

TEST(Hole, ReadinessThatAListTellsAnewMayHaveBeenLostMeanwhile) {
  const Story story =
      three_ready().gap("pods").relisted(1, [](Pod& pod) { pod.meta.resource_version = "77"; });
  const Incarnations pods{story.timeline().observations, story.timeline().subject()};
  EXPECT_EQ(pods.latest({1})->ready.size(), 2U);
  EXPECT_TRUE(pods.latest({1})->is_ready());
}

TEST(Hole, QuietPodsAreStillReadyToTheirSet) {
  const auto status = [](int ready, int available) {
    return [=](StatefulSet& set) {
      set.min_ready_seconds = 5;
      set.replicas = {3};
      set.meta.generation = set.observed_generation = 2;
      set.ready_pods = {ready};
      set.available_pods = {available};
    };
  };
  Story story = three_ready();
  story.begins(asked("min-ready", {{"minReadySeconds", 5}, {"edition", 2}}))
      .terminating(2)
      .deleted(2)
      .created(2)
      .set(status(2, 2))
      .ready(2);
  story.gap("pods").after(6s).set(status(3, 3)).reaches(StepName{"min-ready"});
  EXPECT_THAT(available_after_wait(story), IsConformant());
}

TEST(Hole, ASuccessorThatIsListedFirstOutlivesItsPredecessor) {
  Story story = three_ready();
  const Pod former = story.pod(1);
  const auto named = [](const Pod& pod, std::string uid) {
    Pod other = pod;
    other.meta.ref.uid = {std::move(uid)};
    return other;
  };
  Timeline timeline = story.gap("pods").timeline();
  const auto served = std::make_shared<const nlohmann::json>(nlohmann::json::object());
  const auto add = [&](Change change, const Pod& pod) {
    timeline.observations.push_back({timeline.size() + 1, timeline.observations.back().at,
                                     ObjectSeen{change, pod, served, change == Change::kDeleted}});
  };
  add(Change::kListed, named(former, "successor"));
  add(Change::kDeleted, former);
  const Snapshot now = snapshot_at(timeline, timeline.observations.back());
  ASSERT_NE(now.pod("mariadb-1"), nullptr);
  EXPECT_EQ(now.pod("mariadb-1")->meta.ref.uid.value, "successor");
}

// -------------------------------------------------------------------------------------------------- debts

struct Late {
  const char* name;
  const char* step;
  Checker checker;
  nlohmann::json args;
  std::function<void(Story&)> before;        ///< the step
  std::function<void(Story&)> precondition;  ///< after which something is owed that never comes
};

void PrintTo(const Late& late, std::ostream* out) {
  *out << late.name;
}  // NOLINT(readability-identifier-naming)

void update_set(Story& story) {
  story.set([](StatefulSet& set) {
    set.meta.generation = set.observed_generation = 2;
    set.update_revision = "new";
  });
}

const std::vector<Late>& late_ones() {
  static const std::vector<Late> all{
      {"a failed pod is remade",
       "create",
       failed_pod_is_remade,
       {{"replicas", 3}},
       {},
       [](Story& story) { story.modified(1, [](Pod& pod) { pod.phase = "Failed"; }); }},
      {"a lost pod is revived",
       "revive",
       lost_pod_is_revived,
       {{"ordinal", 0}},
       {},
       [](Story& story) { story.fault(0).terminating(0).deleted(0); }},
      {"an evicted pod comes back",
       "evict",
       evicted_pods_come_back,
       {{"ordinal", 1}, {"code", 201}},
       {},
       [](Story& story) { story.fault(1).terminating(1).deleted(1); }},
      {"an update is completed", "rollout", rollout_completes, nlohmann::json::object(), update_set,
       [](Story& story) { story.unready(1).ready(1); }},
      {"a broken pod is replaced",
       "heal",
       deleted_broken_pod_heals,
       {{"ordinal", 2}},
       [](Story& story) { story.unready(2); },
       [](Story& story) { story.fault(2).terminating(2).deleted(2); }},
      {"a claim goes after its pod",
       "let-go",
       claim_goes_after_its_pod,
       {{"ordinal", 1}},
       [](Story& story) { story.bound(1).claim(1, [](Claim& claim) { claim.meta.deletion = Timestamp{}; }); },
       [](Story& story) { story.fault(1).terminating(1).deleted(1); }},
      {"claims go with their set", "delete-set", claims_go_with_set, nlohmann::json::object(),
       [](Story& story) { story.bound(1); },
       [](Story& story) {
         for (const int ordinal : {0, 1, 2}) story.terminating(ordinal).deleted(ordinal);
       }},
      {"deleted claims go", "delete-claims", deleted_claims_go, nlohmann::json::object(),
       [](Story& story) {
         story.bound(1);
         for (const int ordinal : {0, 1}) story.terminating(ordinal).deleted(ordinal);
       },
       [](Story& story) { story.terminating(2).deleted(2); }},
      {"a scale-down goes on",
       "resume",
       scale_down_resumes,
       {{"ordinal", 1}, {"from", 3}, {"to", 2}},
       [](Story& story) { story.unready(1); },
       [](Story& story) { story.ready(1); }},
      {"a scale-down begins",
       "scale-down",
       terminated_in_reverse,
       {{"from", 3}, {"to", 2}},
       [](Story& story) { story.unready(0); },
       [](Story& story) { story.ready(0); }},
  };
  return all;
}

class LateDebt : public testing::TestWithParam<Late> {};

Story told(const Late& late, std::chrono::seconds left) {
  Story story = three_ready();
  story.begins(asked("create", {{"replicas", 3}}));
  if (std::string_view{late.step} != "create") story.reaches(StepName{"create"});
  if (late.before) late.before(story);
  if (std::string_view{late.step} != "create") story.begins(asked(late.step, late.args));
  story.after(170s);
  late.precondition(story);
  story.set([](StatefulSet& set) { ++set.ready_pods.value; });  // the controller lives
  story.after(left).times_out(StepName{late.step});
  return story;
}

TEST_P(LateDebt, IsNotOverdueWhenItsPreconditionCameLate) {
  EXPECT_EQ(outcome(GetParam().checker(told(GetParam(), 1s))), Outcome::kInconclusive)
      << GetParam().checker(told(GetParam(), 1s)).reason;
}

TEST_P(LateDebt, IsOverdueWhenItsPreconditionCameLongAgo) {
  EXPECT_EQ(outcome(GetParam().checker(told(GetParam(), 90s))), Outcome::kNonconformant)
      << GetParam().checker(told(GetParam(), 90s)).reason;
}

INSTANTIATE_TEST_SUITE_P(All, LateDebt, testing::ValuesIn(late_ones()));

TEST(Debts, AHealedPodIsNotEnoughToScaleDownWhileALowerOneIsNotReady) {
  Story story = three_ready().unready(1).begins(asked("resume", {{"ordinal", 1}, {"from", 3}, {"to", 2}}));
  story.ready(1).unready(0).after(120s).times_out(StepName{"resume"});
  EXPECT_THAT(scale_down_resumes(story), IsInconclusive(HasSubstr("mariadb-0")));
}

TEST(Debts, PodsThatAreRefusedAreNotTheControllersFault) {
  Story story = Story{}.set_served().begins(asked("create", {{"replicas", 3}}));
  story.refused("pods \"mariadb-0\" is forbidden: violates PodSecurity")
      .after(120s)
      .times_out(StepName{"create"});
  EXPECT_THAT(created_without_waiting(story), IsInconclusive(HasSubstr("PodSecurity")));
  EXPECT_THAT(predecessors_were_ready(story), IsInconclusive(HasSubstr("PodSecurity")));
}

TEST(Debts, OnlyAFaultOfItsOwnKeepsAControllerFromCreatingPods) {
  const auto refused = [](const std::string& why) {
    Story story = Story{}.set_served().begins(asked("create", {{"replicas", 3}}));
    return outcome(
        created_without_waiting(story.refused(why).after(120s).times_out(StepName{"create"}).timeline()));
  };
  EXPECT_EQ(refused("Internal error occurred: failed calling webhook \"v.example\": connection refused"),
            Outcome::kInconclusive);
  EXPECT_EQ(refused("etcdserver: request timed out"), Outcome::kInconclusive);
  EXPECT_EQ(refused("Pod \"mariadb-0\" is invalid: spec.containers: Required value"),
            Outcome::kNonconformant);
}

TEST(Debts, WhatAWatchHadLostWhenTheTimeWasOverMayHaveBeenInTheWay) {
  const auto waited = [](const std::string& resource) {
    Story story = Story{}.set_served().begins(asked("create", {{"replicas", 3}}));
    story.set([](StatefulSet& set) { set.observed_generation = 1; });
    story.after(120s).times_out(StepName{"create"});
    if (!resource.empty()) story.gap(resource);
    return created_without_waiting(story);
  };
  EXPECT_EQ(outcome(waited("")), Outcome::kNonconformant);
  EXPECT_THAT(waited("events"), IsInconclusive(HasSubstr("the watch of events lost events")));
}

TEST(Debts, AControllerThatFellSilentIsNotCondemned) {
  const auto stuck = [](bool alive) {
    Story story = three_ready();
    story.begins(asked("revive", {{"ordinal", 0}})).fault(0).terminating(0).deleted(0);
    if (alive) story.set([](StatefulSet& set) { set.ready_pods = {2}; });
    return lost_pod_is_revived(story.after(120s).times_out(StepName{"revive"}));
  };
  EXPECT_THAT(stuck(false), IsInconclusive(HasSubstr("showed no activity")));
  EXPECT_EQ(outcome(stuck(true)), Outcome::kNonconformant);
}

TEST(Debts, AStepThatOurOwnRequestFailedAtIsNobodysDebt) {
  Timeline timeline = three_ready()
                          .begins(asked("revive", {{"ordinal", 0}}))
                          .fault(0)
                          .terminating(0)
                          .deleted(0)
                          .after(120s)
                          .times_out(StepName{"revive"})
                          .timeline();
  Step step = *timeline.observations.back().as<Step>();
  step.phase = Step::Phase::kFailed;
  timeline.observations.back().what = step;
  EXPECT_EQ(outcome(lost_pod_is_revived(timeline)), Outcome::kInconclusive);
}

Story disturbed(const std::function<void(Story&)>& meanwhile) {
  Story story = three_ready().begins(asked("disturb", {{"disruption", "drain"}, {"ordinal", 1}}));
  story.reaches(StepName{"disturb"}).begins(asked("recover", {{"disruption", "drain"}, {"ordinal", 1}}));
  meanwhile(story);
  return story.after(180s).times_out(StepName{"recover"});
}

TEST(Debts, ServiceNeedNotComeBackWhilePodsHaveNoNode) {
  const auto pending = [](Story& story) {
    story.terminating(1).deleted(1).created(1).modified(
        1, [](Pod& pod) { pod.unscheduled_message = "0/3 nodes are available: 3 Insufficient cpu."; });
  };
  EXPECT_THAT(service_recovers(disturbed(pending)), IsInconclusive(HasSubstr("Insufficient cpu")));
  EXPECT_THAT(drained_pods_come_back(disturbed(pending)), IsInconclusive(HasSubstr("Insufficient cpu")));
  const auto complained_of = [](Story& story) {
    story.terminating(1).deleted(1).created(1).complained_of(1, "no such device");
  };
  EXPECT_THAT(service_recovers(disturbed(complained_of)), IsInconclusive(HasSubstr("no such device")));
  EXPECT_EQ(outcome(service_recovers(disturbed([](Story& story) {
              story.unready(1).ready(1).set([](StatefulSet& set) { set.ready_pods = {3}; });
            }))),
            Outcome::kNonconformant);
}

TEST(Debts, OldSetsNeedNotObeyWhilePodsHaveNoNode) {
  const auto exercised = [](bool pending) {
    Story story = three_ready().begins(asked("upgrade")).reaches(StepName{"upgrade"});
    story.begins(asked("settle"))
        .reaches(StepName{"settle"})
        .begins(asked("exercise", {{"set", "mariadb"}, {"what", "replace"}}));
    story.terminating(1).deleted(1).created(1);
    story.set([](StatefulSet& set) { set.ready_pods = {2}; });
    if (pending)
      story.modified(1, [](Pod& pod) { pod.unscheduled_message = "3 Insufficient cpu."; })
          .set([](StatefulSet& set) { set.current_pods = {3}; });
    return old_sets_obey_new_controllers(story.after(120s).times_out(StepName{"exercise"}));
  };
  EXPECT_THAT(exercised(true), IsInconclusive(HasSubstr("Insufficient cpu")));
  EXPECT_EQ(outcome(exercised(false)), Outcome::kNonconformant);
}

// ------------------------------------------------------------------------------------------------ upgrade

TEST(Upgrades, NodesOfAnUnfinishedOneMayBeCordoned) {
  Story story = three_ready().node("one").begins(asked("upgrade"));
  story.node("one", [](Node& node) { node.unschedulable = true; });
  EXPECT_EQ(outcome(nodes_come_back(Story{story}.cut_off())), Outcome::kInconclusive);
  EXPECT_EQ(outcome(nodes_come_back(Story{story}.interrupted())), Outcome::kInconclusive);
  EXPECT_EQ(outcome(nodes_come_back(Story{story}.reaches(StepName{"upgrade"}))), Outcome::kNonconformant);
}

TEST(Upgrades, AnEvictionThatAListTellsHasNoPlaceInTime) {
  const auto evict = [](Pod& pod) { pod.disruption = "EvictionByEvictionAPI"; };
  Story story = three_ready().begins(asked("upgrade")).unready(2).gap("pods");
  story.relisted(1, evict).relisted(2, [](Pod& pod) { pod.ready = true; }).reaches(StepName{"upgrade"});
  EXPECT_THAT(one_member_down_at_a_time(story), IsInconclusive(HasSubstr("list")));
}

TEST(Upgrades, ABudgetMayBeBehind) {
  const auto evicted = [](int healthy) {
    Story story = three_ready().begins(asked("upgrade")).budget(1, 3).unready(2);
    story.modified(1, [](Pod& pod) { pod.disruption = "EvictionByEvictionAPI"; });
    return one_member_down_at_a_time(story.budget(0, healthy).reaches(StepName{"upgrade"}));
  };
  EXPECT_THAT(evicted(1), IsInconclusive(HasSubstr("did not yet count")));
  EXPECT_EQ(outcome(evicted(3)), Outcome::kNonconformant);
}

// ---------------------------------------------------------------------------------------- other soundness

TEST(Volumes, OfAKilledRecordingMayBeOnTheirWay) {
  Story story = Story{}.begins(asked("create", {{"replicas", 3}})).bound(1);
  story.claim(0, [](Claim& claim) {
    claim.phase = "Bound";
    claim.volume = "pv-to-come";
  });
  EXPECT_NE(outcome(claim_and_volume_are_one_to_one(story.cut_off())), Outcome::kNonconformant);
}

TEST(Volumes, WithOneHandleOfTwoDriversAreTwo) {
  const auto bound = [](const char* other) {
    Story story = Story{}.deployed();
    story.volume(0, [](Volume& volume) { volume.csi_driver = "one", volume.csi_handle = "7"; });
    story.volume(1, [=](Volume& volume) { volume.csi_driver = other, volume.csi_handle = "7"; });
    return claim_and_volume_are_one_to_one(story);
  };
  EXPECT_EQ(outcome(bound("one")), Outcome::kNonconformant);
  EXPECT_NE(outcome(bound("another")), Outcome::kNonconformant);
}

TEST(StaleScale, AWriteWithoutAnAnswerIsNoBreach) {
  const auto answered = [](const nlohmann::json& answer) {
    return stale_scale_is_refused(
        three_ready().begins(asked("stale-scale", {{"written", 7}})).reaches<steps::StaleScale>(answer));
  };
  EXPECT_EQ(outcome(answered({{"code", 0}})), Outcome::kInconclusive);
  EXPECT_EQ(outcome(answered(nlohmann::json::object())), Outcome::kInconclusive);
  EXPECT_EQ(outcome(answered({{"code", 504}})), Outcome::kInconclusive);
  EXPECT_EQ(outcome(answered({{"code", 200}})), Outcome::kNonconformant);
  EXPECT_EQ(outcome(answered({{"code", 409}})), Outcome::kConformant);
}

TEST(CreationOrder, WhatWasScaledAwayIsMadeAgainFromBelow) {
  const auto scaled_back = [](std::vector<int> order) {
    Story story = Story{}.begins(asked("create", {{"replicas", 5}}));
    const auto settled = [&](int pods, int generation) {
      story.set([=](StatefulSet& set) {
        set.replicas = set.current_pods = {pods};
        set.meta.generation = set.observed_generation = generation;
      });
    };
    for (const int ordinal : {0, 1, 2, 3, 4}) story.created(ordinal).ready(ordinal);
    settled(5, 1);
    story.reaches(StepName{"create"});
    for (const int ordinal : {4, 3, 2}) story.terminating(ordinal).deleted(ordinal);
    settled(2, 2);
    for (const int ordinal : order) story.created(ordinal).ready(ordinal);
    return predecessors_were_ready(story);
  };
  EXPECT_EQ(outcome(scaled_back({2, 3, 4})), Outcome::kConformant);
  EXPECT_THAT(scaled_back({4, 3, 2}), IsNonconformantAs(HasSubstr("had not been recreated")));
}

TEST(Vacuity, OneMemberHasNobodyToAgreeWith) {
  Timeline timeline = Story{}.begins(asked("verify", {{"after", "x"}, {"ordinals", {0}}})).timeline();
  LedgerRows rows;
  rows.member = "mariadb-0";
  rows.ok = true;
  timeline.observations.push_back({2, 2s, rows});
  timeline.observations.push_back(
      {3, 3s, Step{asked("verify", {{"after", "x"}, {"ordinals", {0}}}), Step::Phase::kReached}});
  EXPECT_THAT(checksums_agree(timeline), IsInconclusive(HasSubstr("two members")));
}

TEST(Vacuity, AStoppedNodesPodMustTellSomething) {
  Story story = three_ready()
                    .begins(asked("disturb", {{"disruption", "stop-node"}, {"ordinal", 1}}))
                    .reaches(StepName{"disturb"});
  story.begins(asked("hold", {{"disruption", "stop-node"}, {"ordinal", 1}})).reaches(StepName{"hold"});
  EXPECT_EQ(outcome(no_second_copy_on_stopped_node(story)), Outcome::kInconclusive);
}

// -------------------------------------------------------------------------------------------- assumptions

TEST(Assumptions, AGoodStoryKeepsThem) { EXPECT_EQ(broken_assumption(Story::lifecycle()), std::nullopt); }

TEST(Assumptions, TimesDoNotFall) {
  Timeline timeline = Story::lifecycle();
  timeline.observations[9].at = Elapsed{0};
  EXPECT_THAT(broken_assumption(timeline).value_or(""), HasSubstr("#10"));
  EXPECT_THAT(predecessors_were_ready(timeline), IsInconclusive(HasSubstr("#10")));
}

TEST(Assumptions, NothingEndsThatNeverWas) {
  Timeline ended = three_ready().timeline();
  ended.observations.push_back(
      {ended.size() + 1, ended.observations.back().at, Step{asked("create"), Step::Phase::kReached}});
  EXPECT_THAT(broken_assumption(ended).value_or(""), HasSubstr("never started"));
  Timeline timeline = three_ready().deleted(1).timeline();
  std::get<Pod>(std::get<ObjectSeen>(timeline.observations.back().what).object).meta.ref.uid = {"another"};
  EXPECT_THAT(broken_assumption(timeline).value_or(""), HasSubstr("never recorded"));
}

Timeline with_versions(std::vector<int> versions) {
  Timeline timeline;
  for (const int version : versions) {
    const nlohmann::json served{{"kind", "Pod"},
                                {"metadata",
                                 {{"name", "a"},
                                  {"namespace", "n"},
                                  {"uid", std::to_string(version)},
                                  {"resourceVersion", std::to_string(version)}}}};
    timeline.observations.push_back({timeline.size() + 1, Elapsed{0},
                                     ObjectSeen{Change::kAdded, parse_object(served),
                                                std::make_shared<const nlohmann::json>(served), false}});
  }
  return timeline;
}

TEST(Assumptions, ResourceVersionsRiseWithinAWatch) {
  EXPECT_EQ(broken_assumption(with_versions({9, 10, 11})), std::nullopt);
  EXPECT_THAT(broken_assumption(with_versions({9, 11, 10})).value_or(""), HasSubstr("#3"));
}

TEST(Assumptions, OurNamespaceIsLeftToUs) {
  const auto with_namespace = [](bool deleted, bool cleaned_up) {
    Story story = three_ready().begins(asked("create", {{"replicas", 3}}));
    if (cleaned_up) story.begins(asked("cleanup"));
    Timeline timeline = story.timeline();
    nlohmann::json served{{"kind", "Namespace"}, {"metadata", {{"name", "database"}, {"uid", "ours"}}}};
    if (deleted) served["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    timeline.observations.push_back({timeline.size() + 1, timeline.observations.back().at,
                                     ObjectSeen{Change::kModified, parse_object(served),
                                                std::make_shared<const nlohmann::json>(served), false}});
    return broken_assumption(timeline);
  };
  EXPECT_EQ(with_namespace(false, false), std::nullopt);
  EXPECT_EQ(with_namespace(true, true), std::nullopt);
  EXPECT_THAT(with_namespace(true, false).value_or(""), HasSubstr("was deleted by somebody else"));
}

}  // namespace
}  // namespace stateproof::check
