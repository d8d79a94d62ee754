#include "harness/check/naming/name_resolution.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

DnsAnswer answer(const std::vector<std::string>& addresses, const std::string& type = "A",
                 const std::string& server = "") {
  DnsAnswer told;
  told.type = type;
  told.server = server;
  told.rcode = "NOERROR";
  told.addresses = addresses;
  return told;
}

/// Three pods of which mariadb-1 is what `tell` makes of it; the others are right.
Story deployed_but(const std::function<void(Story&)>& tell) {
  Story story;
  story.begins(steps::Create{.replicas = {3}}).service();
  for (const int ordinal : {0, 1, 2}) story.member_added(ordinal);
  story.reaches<steps::Create>().resolves(0).resolves(2);
  tell(story);
  return story;
}

TEST(NamesResolve, AWholeLifecycleIsConformant) {
  const Verdict verdict = names_resolve_to_their_pods(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason,
            "18 right answers for the names of Ready pods, from 2 pairs of client and server");
}

TEST(NamesResolve, ANameMayTakeALittleTime) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but([](Story& story) {
                story.answers_with(1, "NXDOMAIN").after(40s).resolves(1).after(300s).resolves(1);
              })),
              IsConformant());
}

TEST(NamesResolve, TheProbeMayStartLongAfterThePodIsReady) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but([](Story& story) { story.after(200s).resolves(1); })),
              IsConformant());
}

TEST(NamesResolve, AFlappingPodMayDropOutAndComeBack) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but([](Story& story) {
                story.resolves(1)
                    .after(90s)
                    .unready(1)
                    .answers_with(1, "NXDOMAIN")
                    .after(90s)
                    .ready(1)
                    .resolves(1)
                    .after(90s)
                    .resolves(0);
              })),
              IsConformant());
}

TEST(NamesResolve, TheDnsMayKnowOfADeletionBeforeOurWatch) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but([](Story& story) {
                story.resolves(1).after(200s).answers_with(1, "NXDOMAIN").terminating(1);
              })),
              IsConformant());
}

TEST(NamesResolve, ServersMayBeSilentForAWhile) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but([](Story& story) {
                story.resolves(1)
                    .after(200s)
                    .answers_with(1, "TIMEOUT")
                    .after(30s)
                    .answers_with(1, "SERVFAIL")
                    .after(30s)
                    .resolves(1);
              })),
              IsConformant());
}

TEST(NamesResolve, ADualStackPodHasBothRecords) {
  const auto dual = [](Pod& pod, int ordinal) {
    pod.addresses = {"10.0.0." + std::to_string(ordinal), "fd00::" + std::to_string(ordinal)};
  };
  Story story =
      Story{}.pods_look(dual).service([](Service& service) { service.ip_families = {"IPv4", "IPv6"}; });
  for (const int ordinal : {0, 1, 2}) {
    story.created(ordinal).ready(ordinal);
    for (const std::string client : {kNearClient, kFarClient})
      story.answers_to(client, ordinal, answer({"10.0.0." + std::to_string(ordinal)}))
          .answers_to(client, ordinal, answer({"fd00::" + std::to_string(ordinal)}, "AAAA"));
  }
  EXPECT_THAT(names_resolve_to_their_pods(Story{story}), IsConformant());
  story.after(70s)
      .answers_to(kFarClient, 2, answer({}, "AAAA"))
      .after(70s)
      .answers_to(kFarClient, 2, answer({}, "AAAA"));
  EXPECT_THAT(names_resolve_to_their_pods(story), IsNonconformantAs(HasSubstr("the answer was no address")));
}

TEST(NamesResolve, ASingleStackServiceOwesADualStackPodOneRecord) {
  Story story = Story{}.pods_look(
      [](Pod& pod, int ordinal) { pod.addresses = {"10.0.0.9" + std::to_string(ordinal), "fd00::1"}; });
  story.begins(steps::Create{.replicas = {3}}).service();
  for (const int ordinal : {0, 1, 2}) {
    story.created(ordinal).ready(ordinal).answers(ordinal, {"10.0.0.9" + std::to_string(ordinal)});
    story.answers_to(kNearClient, ordinal, answer({}, "AAAA"));
  }
  EXPECT_THAT(names_resolve_to_their_pods(story.reaches<steps::Create>().after(200s).resolves(0)),
              Not(IsInconclusive(HasSubstr("AAAA"))));
}

TEST(NamesResolve, RejectsAMissingName) {
  const Verdict verdict = names_resolve_to_their_pods(
      deployed_but([](Story& story) { story.answers_with(1, "NXDOMAIN").after(70s).resolves(0); }));
  EXPECT_THAT(verdict,
              IsNonconformantAs(AllOf(HasSubstr("the answer was NXDOMAIN"), HasSubstr("and 1 more"))));
}

TEST(NamesResolve, RejectsANameThatOnlyFails) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but(
                  [](Story& story) { story.answers_with(1, "SERVFAIL").after(70s).resolves(0); })),
              IsNonconformantAs(HasSubstr("SERVFAIL")));
}

TEST(NamesResolve, AProbeWithoutAnyReplyProvesNothing) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but(
                  [](Story& story) { story.answers_with(1, "TIMEOUT").after(70s).resolves(0); })),
              IsInconclusive(HasSubstr("no answer for mariadb-1.mariadb.database.svc.cluster.local")));
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but([](Story& story) { story.after(70s).resolves(0); })),
              IsInconclusive(HasSubstr("")));
}

TEST(NamesResolve, RejectsAVirtualAddress) {
  const Verdict verdict =
      names_resolve_to_their_pods(deployed_but([](Story& story) { story.answers(1, {"10.96.7.7"}); }));
  EXPECT_THAT(verdict, IsNonconformantAs(HasSubstr("10.96.7.7 was never an address of mariadb's pods")));
}

TEST(NamesResolve, RejectsNamesThatAreSwapped) {
  EXPECT_THAT(names_resolve_to_their_pods(
                  deployed_but([](Story& story) { story.answers(1, story.pod(2).addresses); })),
              IsNonconformantAs(HasSubstr("is an address of mariadb-2")));
}

TEST(NamesResolve, RejectsAnAddressTooMany) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but(
                  [](Story& story) { story.answers(1, {story.pod(1).addresses[0], "10.0.0.99"}); })),
              IsNonconformantAs(HasSubstr("10.0.0.99 was never")));
}

TEST(NamesResolve, RejectsANameThatGetsLostLater) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but([](Story& story) {
                story.resolves(1)
                    .after(100s)
                    .answers_with(1, "NXDOMAIN")
                    .after(20s)
                    .resolves(1)
                    .after(20s)
                    .resolves(0);
              })),
              IsNonconformantAs(HasSubstr("though mariadb-1 was Ready since")));
}

TEST(NamesResolve, RejectsOneServerOfTwo) {
  const Verdict verdict = names_resolve_to_their_pods(deployed_but([](Story& story) {
    story.resolves(1)
        .answers_to(kNearClient, 1, answer({}, "A", "10.244.0.9"))
        .after(100s)
        .answers_to(kNearClient, 1, answer({}, "A", "10.244.0.9"));
  }));
  EXPECT_THAT(verdict, IsNonconformantAs(HasSubstr("of 10.244.0.9")));
}

TEST(NamesResolve, AnAddressThatOurWatchShowsLaterIsNotStrange) {
  EXPECT_THAT(names_resolve_to_their_pods(deployed_but([](Story& story) {
                story.resolves(1)
                    .fault(1)
                    .deleted(1)
                    .created(1)
                    .answers(1, {"10.0.0.4"})
                    .ready(1)
                    .after(200s)
                    .resolves(0);
              })),
              IsConformant());
}

TEST(NamesResolve, AnAnswerFromBeforeTheFirstPodIsNotJudged) {
  Story story = Story{}.answers(0, {"10.0.0.200"}).answers_with(0, "NXDOMAIN");
  EXPECT_THAT(names_resolve_to_their_pods(story.deployed()), IsConformant());
}

TEST(NamesResolve, TwoNamespacesMustAsk) {
  Story story = Story{}.deployed();
  story.rewrite([](Entry& entry) {
    if (auto* told = std::get_if<DnsAnswer>(&entry)) told->vantage = kNearClient;
  });
  EXPECT_THAT(names_resolve_to_their_pods(story),
              IsInconclusive(HasSubstr("queried from 1 namespace, two are needed")));
  EXPECT_THAT(names_resolve_to_their_pods(Story{}), IsInconclusive(HasSubstr("queried from 0 namespaces")));
}

TEST(NamesResolve, AGapInThePodsWatchHidesAddresses) {
  EXPECT_THAT(names_resolve_to_their_pods(Story{}.deployed().gap("pods").answers(0, {"10.0.0.77"})),
              IsInconclusive(HasSubstr("lost events")));
}

// The kubelet may take the address out of the status of a pod that has ended.
TEST(NamesResolve, APodThatLosesItsAddressAtItsEndHadItWhileItWasReady) {
  Timeline timeline = Story::lifecycle();
  std::size_t changed = 0;
  for (Observation& seen : timeline.observations)
    if (auto* event = std::get_if<ObjectSeen>(&seen.what);
        event != nullptr && event->change == Change::kDeleted)
      if (auto* pod = std::get_if<Pod>(&event->object)) {
        pod->addresses.clear();
        ++changed;
      }
  ASSERT_GT(changed, 0U);
  EXPECT_THAT(names_resolve_to_their_pods(timeline), IsConformant());
}

TEST(NamesFollow, AWholeLifecycleIsConformantAndMeasured) {
  const Verdict verdict = names_follow_replacements(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  ASSERT_EQ(verdict.measurements.size(), 11U);
  EXPECT_EQ(verdict.measurements.at(0).of, "mariadb-0 from database/client");
  EXPECT_DOUBLE_EQ(verdict.measurements.at(0).value, 2.0);
  EXPECT_EQ(verdict.measurements.back().name, "DNS lag after replacement, largest");
}

TEST(NamesFollow, RejectsAStaleAddress) {
  Story story = Story{}
                    .deployed()
                    .fault(0)
                    .deleted(0)
                    .created(0)
                    .ready(0)
                    .answers(0, {"10.0.0.1"})
                    .after(100s)
                    .resolves(1);
  EXPECT_THAT(names_follow_replacements(story), IsNonconformantAs(HasSubstr("the answer was 10.0.0.1")));
}

TEST(NamesFollow, RejectsTheFormerAddressBesideTheNewOne) {
  Story story = Story{}
                    .deployed()
                    .fault(0)
                    .deleted(0)
                    .created(0)
                    .ready(0)
                    .answers(0, {"10.0.0.1", "10.0.0.4"})
                    .after(100s)
                    .resolves(1);
  EXPECT_THAT(names_follow_replacements(story),
              IsNonconformantAs(HasSubstr("the answer was 10.0.0.1, 10.0.0.4")));
}

TEST(NamesFollow, APodThatGoesBeforeTheLimitIsNotJudged) {
  Story story = Story{}.deployed().replaced(0).replaced(1).replaced(2);
  story.fault(0)
      .deleted(0)
      .created(0)
      .ready(0)
      .answers(0, {"10.0.0.1"})
      .after(20s)
      .fault(0)
      .deleted(0)
      .created(0)
      .ready(0)
      .resolves(0);
  EXPECT_THAT(names_follow_replacements(story), IsConformant());
}

TEST(NamesFollow, WithoutAReplacementNothingIsProved) {
  EXPECT_THAT(names_follow_replacements(Story{}.deployed()),
              IsInconclusive(HasSubstr("no correct answer for the replaced mariadb-0")));
}

TEST(GoverningService, AHeadlessServiceIsConformant) {
  EXPECT_THAT(governing_service_is_headless(Story::lifecycle()), IsConformant());
}

TEST(GoverningService, RejectsAClusterAddress) {
  EXPECT_THAT(governing_service_is_headless(
                  Story{}.service([](Service& service) { service.cluster_ip = "10.96.7.7"; })),
              IsNonconformant(ElementsAre(1)));
}

TEST(GoverningService, AServiceThatWasNotRecordedProvesNothing) {
  EXPECT_THAT(governing_service_is_headless(Story{}), IsInconclusive("Service mariadb was not recorded"));
}

}  // namespace
}  // namespace stateproof::check
