#include "harness/report/timeline_text.h"

#include <gmock/gmock.h>

#include "harness/model/steps.h"
#include "harness/report/testing/sample_run.h"

namespace stateproof::report {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string rendered(Entry entry) { return render({17, milliseconds(2000), std::move(entry)}); }

ObjectSeen seen(Change change, const char* object) {
  return {change, parse_object(nlohmann::json::parse(object)), nullptr, false};
}

TEST(Render, APodInOneLine) {
  EXPECT_EQ(rendered(seen(Change::kModified,
                          R"({"kind":"Pod","metadata":{"name":"mariadb-1","resourceVersion":"1002"},
                              "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}})")),
            "#17   +02.000s  rv 1002  MODIFIED mariadb-1  Running Ready");
}

TEST(Render, TellsTwoPodsOfOneNameApart) {
  const std::string line = rendered(seen(
      Change::kAdded, R"({"kind":"Pod","metadata":{"name":"mariadb-1","uid":"3f2a51c0-11","deletionTimestamp":
                          "2026-03-01T10:00:00Z"},"status":{"phase":"Pending"}})"));
  EXPECT_THAT(line, EndsWith("ADDED    mariadb-1  Pending terminating  uid 3f2a51c0"));
}

TEST(Render, SaysWhyAPodDoesNotStart) {
  EXPECT_THAT(
      rendered(seen(Change::kModified, R"({"kind":"Pod","metadata":{"name":"m-0"},"status":{"phase":"Pending",
      "containerStatuses":[{"name":"db","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}})")),
      EndsWith("m-0  Pending  (db: ImagePullBackOff)"));
}

TEST(Render, Claims) {
  EXPECT_THAT(
      rendered(seen(Change::kDeleted, R"({"kind":"PersistentVolumeClaim","metadata":{"name":"data-m-0",
      "uid":"c1"},"spec":{"volumeName":"pvc-7"},"status":{"phase":"Bound"}})")),
      EndsWith("DELETED  claim data-m-0  Bound  to pvc-7  uid c1"));
}

TEST(Render, EverythingElseInItsOwnWords) {
  EXPECT_THAT(rendered(Gap{"pods", "410 Gone"}),
              EndsWith("GAP      the watch of pods lost events: 410 Gone"));
  EXPECT_THAT(
      rendered(Step{steps::ScaleDown{.from = 5, .to = 2}, Step::Phase::kTimedOut, "mariadb-4\nstays"}),
      EndsWith("STEP     scale-down from=5 to=2 TIMED OUT: mariadb-4 stays"));
  EXPECT_THAT(rendered(FaultMark{"DeletePod", FaultMark::Phase::kInject, {"Pod", "db", "m-1", {}}}),
              EndsWith("FAULT    DeletePod on Pod db/m-1"));
  EXPECT_THAT(rendered(DnsAnswer{
                  "db/c", "m-1.m.db.svc.cluster.local", "A", "10.96.0.10", "NXDOMAIN", {}, 5, true, 12}),
              EndsWith("DNS      m-1.m.db.svc.cluster.local A = NXDOMAIN  asked by db/c, 12 times"));
  EXPECT_THAT(rendered(SqlOperation{SqlOperation::Kind::kWrite,
                                    SqlOperation::Outcome::kUnknown,
                                    "m-1",
                                    {},
                                    {},
                                    {},
                                    {Row{"k", "c"}},
                                    "lost connection"}),
              EndsWith("SQL      write of 1 row on m-1: outcome unknown, lost connection"));
  EXPECT_THAT(rendered(MountSeen{"m-1", {}, "/var/lib/mysql", false, "", "", ""}),
              EndsWith("MOUNT    /var/lib/mysql in m-1: nothing is mounted there"));
  EXPECT_THAT(rendered(HostNameSeen{"m-1", {}, "m-1", "m-1.m.db.svc.cluster.local"}),
              EndsWith("HOST     m-1 calls itself m-1 and m-1.m.db.svc.cluster.local"));
  EXPECT_THAT(rendered(Trouble{"connection refused"}),
              EndsWith("TROUBLE  of the harness: connection refused"));
}

Timeline troubles(std::size_t count) {
  Timeline timeline;
  for (std::size_t i = 1; i <= count; ++i)
    timeline.observations.push_back({i, milliseconds(i), Trouble{"t"}});
  return timeline;
}

Finding showing(std::vector<std::size_t> evidence) { return {{}, "", "", std::move(evidence), ""}; }

TEST(Excerpt, MarksTheEvidenceAmongItsNeighbours) {
  EXPECT_THAT(excerpt(troubles(9), showing({4})),
              ElementsAre(StartsWith("  #2"), StartsWith("  #3"), StartsWith("> #4"), StartsWith("  #5"),
                          StartsWith("  #6")));
}

TEST(Excerpt, LeavesOutWhatLiesBetween) {
  EXPECT_THAT(excerpt(troubles(20), showing({1, 20})),
              ElementsAre(StartsWith("> #1"), StartsWith("  #2"), StartsWith("  #3"), "  ...",
                          StartsWith("  #18"), StartsWith("  #19"), StartsWith("> #20")));
}

TEST(Excerpt, KeepsTheMomentOfTheBreachWhenThereIsTooMuch) {
  std::vector<std::size_t> evidence;
  for (std::size_t i = 2; i <= 60; i += 2) evidence.push_back(i);
  const std::vector<std::string> lines = excerpt(troubles(60), showing(evidence));
  EXPECT_THAT(lines.back(), StartsWith("> #60"));
  EXPECT_THAT(lines.front(), StartsWith("> #2"));
  EXPECT_LE(lines.size(), 23U);  // twelve entries and what stands for the others
}

TEST(Excerpt, LeavesOutRepeatedDnsAnswers) {
  Timeline timeline = troubles(5);
  DnsAnswer again;
  again.changed = false;
  timeline.observations[3].what = again;
  EXPECT_THAT(excerpt(timeline, showing({3})), SizeIs(5));  // 1, 2, 3, "...", 5
}

TEST(Excerpt, OfEvidenceThatIsNotThereIsEmpty) {
  EXPECT_THAT(excerpt(troubles(2), showing({0, 7})), SizeIs(0));
  EXPECT_THAT(excerpt(troubles(2), showing({})), SizeIs(0));
}

}  // namespace
}  // namespace stateproof::report
