#include "harness/check/disruption/replication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/check/disruption/written_rows.h"
#include "harness/check/testing/matchers.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A ledger's story: what its clients were told, and what was read.
class Ledger {
 public:
  Ledger() {
    timeline_.header.subject.ns = "database";
    timeline_.header.subject.set = "mariadb";
    timeline_.header.subject.service = "mariadb";
  }

  Ledger& reserves(int writer, std::int64_t to) { return add(LedgerReserved{writer, to}); }
  Ledger& writes(int writer, std::int64_t first, const std::string& ended) {
    LedgerWrites writes{writer, first, {}, {}, ended, {}};
    for (std::size_t i = 0; i < ended.size(); ++i) {
      writes.began.push_back(at_ + 1ms * i);
      writes.took.push_back(1ms);
    }
    return add(std::move(writes));
  }
  Ledger& begins(const Task& task) { return add(Step{task, Step::Phase::kBegin}); }
  Ledger& ends(const Task& task, Step::Phase phase = Step::Phase::kReached) { return add(Step{task, phase}); }
  Ledger& verifies(std::string_view after, std::vector<LedgerRows> members) {
    begins(steps::Verify{.after = std::string{after}});
    for (LedgerRows& rows : members) add(std::move(rows));
    return ends(steps::Verify{.after = std::string{after}});
  }
  Ledger& lost(const std::string& resource) { return add(Gap{resource, "the recorder was not running"}); }
  Ledger& passes(Elapsed time) {
    at_ += time;
    return *this;
  }
  [[nodiscard]] Timeline told() {
    begins(steps::Cleanup{});
    timeline_.finish = End{};
    return timeline_;
  }
  [[nodiscard]] const Timeline& so_far() const { return timeline_; }

 private:
  template <class What>
  Ledger& add(What what) {
    timeline_.observations.push_back({timeline_.size() + 1, at_ += 1ms, std::move(what)});
    return *this;
  }
  Timeline timeline_;
  Elapsed at_{0};
};

LedgerRows rows_of(int member, std::vector<std::pair<std::int64_t, std::int64_t>> runs) {
  LedgerRows rows;
  rows.member = "mariadb-" + std::to_string(member);
  rows.host = rows.member;
  rows.ok = true;
  rows.server = std::to_string(100 + member);
  rows.read_only = member > 0;
  rows.replication = member > 0 ? "running" : "none";
  rows.position = "0-100-9";
  rows.checksum = "77";
  rows.present[0].runs = std::move(runs);
  for (const auto& [first, last] : rows.present[0].runs) rows.present[0].rows += last - first + 1;
  return rows;
}

TEST(AcknowledgedRows, AreAllThere) {
  const Timeline good =
      Ledger().reserves(0, 1000).writes(0, 1, "oooo").verifies("x", {rows_of(0, {{1, 4}})}).told();
  EXPECT_THAT(acknowledged_rows_are_everywhere(good), IsConformant());
}

TEST(AcknowledgedRows, ALostOneIsNamed) {
  const Timeline bad = Ledger()
                           .reserves(0, 1000)
                           .writes(0, 1, "oooo")
                           .verifies("kill-primary", {rows_of(0, {{1, 2}, {4, 4}})})
                           .told();
  const Verdict verdict = acknowledged_rows_are_everywhere(bad);
  ASSERT_EQ(verdict.outcome, Outcome::kNonconformant);
  EXPECT_THAT(verdict.findings[0].expected, HasSubstr("row 3 of writer 0"));
  EXPECT_THAT(verdict.findings[0].observed, HasSubstr("after kill-primary"));
  EXPECT_EQ(verdict.findings[0].evidence.front(), 2U);
}

TEST(AcknowledgedRows, AWriterThatIsMissingAltogetherIsALoss) {
  LedgerRows empty = rows_of(0, {});
  empty.present.clear();
  EXPECT_EQ(
      acknowledged_rows_are_everywhere(Ledger().writes(0, 1, "o").verifies("x", {empty}).told()).outcome,
      Outcome::kNonconformant);
}

TEST(AcknowledgedRows, AnUnknownOneMayBeThereOrNot) {
  for (const std::int64_t last : {2, 3}) {
    const Timeline good =
        Ledger().reserves(0, 1000).writes(0, 1, "oou").verifies("x", {rows_of(0, {{1, last}})}).told();
    EXPECT_THAT(acknowledged_rows_are_everywhere(good), IsConformant()) << last;
  }
}

TEST(AcknowledgedRows, AReservedOneOfWhichNothingIsToldMayBeThere) {
  const Timeline good =
      Ledger().reserves(0, 1000).writes(0, 1, "oo").verifies("x", {rows_of(0, {{1, 5}})}).told();
  EXPECT_THAT(acknowledged_rows_are_everywhere(good), IsConformant());
}

TEST(AcknowledgedRows, ARowOfAFailedWriteOrOfNobodyIsOneTooMany) {
  const Timeline failed =
      Ledger().reserves(0, 1000).writes(0, 1, "of").verifies("x", {rows_of(0, {{1, 2}})}).told();
  EXPECT_EQ(acknowledged_rows_are_everywhere(failed).outcome, Outcome::kNonconformant);
  const Timeline nobodys =
      Ledger().reserves(0, 10).writes(0, 1, "o").verifies("x", {rows_of(0, {{1, 1}, {11, 11}})}).told();
  EXPECT_EQ(acknowledged_rows_are_everywhere(nobodys).outcome, Outcome::kNonconformant);
}

TEST(AcknowledgedRows, AreJudgedInNoTimeWhateverTheirNumbersAre) {
  constexpr std::int64_t kFar = 1'000'000'000'000;
  const Timeline good = Ledger()
                            .reserves(0, kFar)
                            .writes(0, kFar - 1, "ou")
                            .verifies("kill-primary", {rows_of(0, {{1, kFar}})})
                            .told();
  EXPECT_THAT(acknowledged_rows_are_everywhere(good), IsConformant());
  const Timeline bad = Ledger().writes(0, 1, "o").verifies("kill-primary", {rows_of(0, {{-5, kFar}})}).told();
  const Verdict verdict = acknowledged_rows_are_everywhere(bad);
  ASSERT_EQ(verdict.outcome, Outcome::kNonconformant);
  EXPECT_THAT(verdict.findings.front().observed, HasSubstr("1000000000005 rows"));
}

TEST(AcknowledgedRows, ARepeatedOrDamagedRowIsABreach) {
  LedgerRows repeated = rows_of(0, {{1, 2}});
  repeated.present[0].repeated = {2};
  repeated.present[0].repeated_count = 1;
  EXPECT_EQ(
      acknowledged_rows_are_everywhere(Ledger().writes(0, 1, "oo").verifies("x", {repeated}).told()).outcome,
      Outcome::kNonconformant);
  LedgerRows damaged = rows_of(0, {{1, 2}});
  damaged.damaged = {{0, 1}};
  damaged.damaged_count = 1;
  EXPECT_EQ(
      acknowledged_rows_are_everywhere(Ledger().writes(0, 1, "oo").verifies("x", {damaged}).told()).outcome,
      Outcome::kNonconformant);
}

TEST(AcknowledgedRows, AMemberThatWasNotReadOrIsBehindProvesNothing) {
  LedgerRows unread = rows_of(1, {});
  unread.ok = false;
  LedgerRows behind = rows_of(1, {});
  behind.caught_up = false;
  for (const LedgerRows& rows : {unread, behind})
    EXPECT_EQ(
        acknowledged_rows_are_everywhere(Ledger().writes(0, 1, "o").verifies("x", {rows}).told()).outcome,
        Outcome::kInconclusive);
}

// Nobody knew which position the replica had to reach.
TEST(AcknowledgedRows, AReplicaOfAPrimaryThatWasNotReadProvesNothing) {
  LedgerRows primary = rows_of(0, {});
  primary.ok = false;
  primary.note = "DNS TIMEOUT";
  const Timeline doubtful =
      Ledger().writes(0, 1, "oo").verifies("drain", {primary, rows_of(1, {{1, 1}})}).told();
  EXPECT_EQ(acknowledged_rows_are_everywhere(doubtful).outcome, Outcome::kInconclusive);
}

TEST(AcknowledgedRows, WithoutAnyNothingIsProved) {
  EXPECT_EQ(acknowledged_rows_are_everywhere(Ledger().told()).outcome, Outcome::kInconclusive);
  EXPECT_EQ(acknowledged_rows_are_everywhere(Ledger().verifies("x", {rows_of(0, {})}).told()).outcome,
            Outcome::kInconclusive);
}

TEST(AcknowledgedRows, WritesAfterTheReadingAreNotDemanded) {
  const Timeline good =
      Ledger().writes(0, 1, "oo").verifies("x", {rows_of(0, {{1, 2}})}).writes(0, 3, "oo").told();
  EXPECT_THAT(acknowledged_rows_are_everywhere(good), IsConformant());
}

/// A process that was killed while it scaled the set, and one that took up what it left.
Ledger killed_and_taken_up() {
  return Ledger()
      .writes(0, 1, "oo")
      .verifies("delete-replica", {rows_of(0, {{1, 2}})})
      .begins(steps::ScaleUp{.from = 3, .to = 5})
      .writes(0, 3, "o")
      .lost("pods")
      .writes(0, 4, "oo")
      .begins(steps::Salvage{.disruption = "delete-replica"})
      .ends(steps::Salvage{.disruption = "delete-replica"});
}

TEST(ASalvagedRun, RowsOfItsJournalAreJudgedInFull) {
  const Timeline good = killed_and_taken_up()
                            .verifies(steps::Salvage::name.text, {rows_of(0, {{1, 5}}), rows_of(1, {{1, 5}})})
                            .told();
  const Verdict verdict = acknowledged_rows_are_everywhere(good);
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_THAT(verdict.reason, HasSubstr("5 rows"));
}

TEST(ASalvagedRun, RowsThatWereLostMeanwhileAreFound) {
  for (const auto& runs : std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>>{{{1, 4}}, {{2, 5}}})
    EXPECT_EQ(acknowledged_rows_are_everywhere(
                  killed_and_taken_up().verifies(steps::Salvage::name.text, {rows_of(0, runs)}).told())
                  .outcome,
              Outcome::kNonconformant);
}

TEST(ASalvagedRun, ALineThatWasReadTwiceCountsOnce) {
  const Timeline good = killed_and_taken_up()
                            .writes(0, 4, "oo")
                            .verifies(steps::Salvage::name.text, {rows_of(0, {{1, 5}})})
                            .told();
  EXPECT_THAT(acknowledged_rows_are_everywhere(good).reason, HasSubstr("5 rows"));
}

TEST(ASalvagedRun, ProvesNothingWhenItsRowsWereNotReadBack) {
  EXPECT_EQ(acknowledged_rows_are_everywhere(killed_and_taken_up().told()).outcome, Outcome::kInconclusive);
}

TEST(ASalvagedRun, HasNoWordOnTheRecoveryThatNobodyWatched) {
  const std::string disruption = "delete-replica";
  const Timeline seam = Ledger()
                            .writes(0, 1, "oo")
                            .begins(steps::Disturb{.disruption = disruption})
                            .ends(steps::Disturb{.disruption = disruption})
                            .begins(steps::Recover{.disruption = disruption})
                            .lost("pods")
                            .begins(steps::Salvage{.disruption = disruption})
                            .ends(steps::Salvage{.disruption = disruption})
                            .told();
  EXPECT_EQ(service_recovers(seam).outcome, Outcome::kInconclusive);
  EXPECT_EQ(new_replicas_catch_up(killed_and_taken_up().told()).outcome, Outcome::kInconclusive);
}

TEST(RowsSurviveKills, AskForAReadingAfterEachKill) {
  const Timeline one = Ledger().writes(0, 1, "o").verifies("kill-primary", {rows_of(0, {{1, 1}})}).told();
  EXPECT_EQ(rows_survive_kills(one).outcome, Outcome::kInconclusive);
  EXPECT_THAT(rows_survive_kills(one).reason, HasSubstr("kill-replica"));
}

TEST(ReplicasFollow, WhenAllIsWell) {
  const Timeline good = Ledger().verifies("x", {rows_of(0, {}), rows_of(1, {}), rows_of(2, {})}).told();
  EXPECT_THAT(replicas_follow(good), IsConformant());
  EXPECT_THAT(checksums_agree(good), IsConformant());
}

TEST(ReplicasFollow, EachTroubleIsABreach) {
  const auto verdict_with = [](auto change) {
    LedgerRows replica = rows_of(2, {});
    change(replica);
    return replicas_follow(Ledger().verifies("x", {rows_of(0, {}), rows_of(1, {}), replica}).told()).outcome;
  };
  EXPECT_EQ(verdict_with([](LedgerRows& rows) { rows.read_only = false; }), Outcome::kNonconformant);
  EXPECT_EQ(verdict_with([](LedgerRows& rows) { rows.server = "101"; }), Outcome::kNonconformant);
  EXPECT_EQ(verdict_with([](LedgerRows& rows) { rows.host = "mariadb-1"; }), Outcome::kNonconformant);
  EXPECT_EQ(verdict_with([](LedgerRows& rows) { rows.replication = "IO No"; }), Outcome::kNonconformant);
  EXPECT_EQ(verdict_with([](LedgerRows& rows) { rows.position = "0-100-8"; }), Outcome::kNonconformant);
  EXPECT_EQ(verdict_with([](LedgerRows& rows) { rows.caught_up = false; }), Outcome::kNonconformant);
  EXPECT_EQ(verdict_with([](LedgerRows& rows) { rows.ok = false; }), Outcome::kNonconformant);
  EXPECT_EQ(verdict_with([](LedgerRows& rows) {
              rows.ok = false;
              rows.server.clear();
            }),
            Outcome::kInconclusive);
}

TEST(ChecksumsAgree, AnotherOneIsABreach) {
  LedgerRows other = rows_of(1, {});
  other.checksum = "78";
  EXPECT_EQ(checksums_agree(Ledger().verifies("x", {rows_of(0, {}), other}).told()).outcome,
            Outcome::kNonconformant);
}

TEST(NewReplicas, MustCatchUp) {
  LedgerRows fresh = rows_of(3, {{1, 2}});
  EXPECT_THAT(
      new_replicas_catch_up(Ledger().writes(0, 1, "oo").verifies(steps::ScaleUp::name.text, {fresh}).told()),
      IsConformant());
  fresh.caught_up = false;
  EXPECT_EQ(
      new_replicas_catch_up(Ledger().writes(0, 1, "oo").verifies(steps::ScaleUp::name.text, {fresh}).told())
          .outcome,
      Outcome::kNonconformant);
}

TEST(NewReplicas, OneThatLacksThePrimarysLogsIsABreachByName) {
  LedgerRows stopped = rows_of(3, {});
  stopped.ok = false;
  stopped.replication = "Got fatal error 1236 from master when reading data from binary log";
  const steps::Purge purged{.oldest = "mariadb-bin.000003"};
  const Timeline bad = Ledger()
                           .writes(0, 1, "oo")
                           .begins(steps::Purge{})
                           .ends(purged)
                           .begins(steps::ScaleUp{.to = 4})
                           .verifies(steps::ScaleUp::name.text, {stopped})
                           .ends(steps::ScaleUp{.to = 4}, Step::Phase::kFailed)
                           .told();
  for (const Verdict& verdict : {new_replicas_catch_up(bad), new_replicas_catch_up_after_purge(bad)}) {
    ASSERT_EQ(verdict.outcome, Outcome::kNonconformant);
    EXPECT_THAT(verdict.findings.front().observed, HasSubstr("error 1236"));
    EXPECT_THAT(verdict.findings.front().look_at, HasSubstr("CLONE=yes"));
  }
}

TEST(NewReplicas, AfterAPurgeTheyMustHaveEveryRowToo) {
  const steps::Purge purged{.oldest = "mariadb-bin.000003"};
  const auto verdict = [](const steps::Purge& answer,
                          std::vector<std::pair<std::int64_t, std::int64_t>> runs) {
    return new_replicas_catch_up_after_purge(
               Ledger()
                   .writes(0, 1, "oo")
                   .begins(steps::Purge{})
                   .ends(answer)
                   .begins(steps::ScaleUp{.to = 4})
                   .ends(steps::ScaleUp{.to = 4})
                   .verifies(steps::ScaleUp::name.text, {rows_of(3, std::move(runs))})
                   .told())
        .outcome;
  };
  EXPECT_EQ(verdict(purged, {{1, 2}}), Outcome::kConformant);
  EXPECT_EQ(verdict(purged, {{1, 1}}), Outcome::kNonconformant);
  EXPECT_EQ(verdict(steps::Purge{}, {{1, 2}}), Outcome::kInconclusive);
}

TEST(ServiceRecovers, TheLongestGapIsMeasured) {
  const std::string disruption = "delete-primary";
  const Timeline good = Ledger()
                            .writes(0, 1, "oo")
                            .begins(steps::Disturb{.disruption = disruption})
                            .passes(3s)
                            .ends(steps::Disturb{.disruption = disruption})
                            .begins(steps::Recover{.disruption = disruption})
                            .writes(0, 3, "oo")
                            .ends(steps::Recover{.disruption = disruption})
                            .told();
  const Verdict verdict = service_recovers(good);
  EXPECT_THAT(verdict, IsConformant());
  ASSERT_EQ(verdict.measurements.size(), 2U);
  EXPECT_EQ(verdict.measurements[0].of, "delete-primary");
  EXPECT_NEAR(verdict.measurements[0].value, 3.0, 0.1);
}

TEST(ServiceRecovers, OneThatDoesNotIsABreach) {
  const std::string disruption = "delete-primary";
  const Timeline bad = Ledger()
                           .begins(steps::Disturb{.disruption = disruption})
                           .ends(steps::Disturb{.disruption = disruption})
                           .begins(steps::Recover{.disruption = disruption})
                           .ends(steps::Recover{.disruption = disruption}, Step::Phase::kTimedOut)
                           .told();
  EXPECT_EQ(service_recovers(bad).outcome, Outcome::kNonconformant);
}

}  // namespace
}  // namespace stateproof::check
