#include "harness/check/disruption/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/check/testing/matchers.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// What the clients of a workload were told, and what was read of its members.
class Workload {
 public:
  explicit Workload(const char* records = steps::Scope::kEverywhere) {
    timeline_.header.subject.set = "db";
    step(steps::Scope{.left_out = {}, .records = records}, Step::Phase::kReached);
  }
  Workload& writes(int writer, std::int64_t first, const std::string& ended) {
    LedgerWrites writes{writer, first, {}, {}, ended, {}};
    writes.began.assign(ended.size(), at_);
    writes.took.assign(ended.size(), 1ms);
    return add(std::move(writes));
  }
  Workload& step(const Task& task, Step::Phase phase, std::chrono::seconds length = {}) {
    add(Step{task, Step::Phase::kBegin});
    at_ += length;
    return add(Step{task, phase});
  }
  Workload& reads(std::vector<LedgerRows> members) {
    const steps::Verify verify{.after = "delete"};
    add(Step{verify, Step::Phase::kBegin});
    for (LedgerRows& rows : members) add(std::move(rows));
    return add(Step{verify, Step::Phase::kReached});
  }
  Workload& pod(const std::string& name, bool ready) {
    Pod pod;
    pod.meta.ref = {"Pod", "", name, Uid{name}};
    pod.ready = ready;
    return add(ObjectSeen{Change::kAdded, pod, nullptr, false});
  }
  [[nodiscard]] Timeline told() {
    add(Step{steps::Cleanup{}, Step::Phase::kBegin});
    timeline_.finish = End{};
    return timeline_;
  }

 private:
  template <class What>
  Workload& add(What what) {
    timeline_.observations.push_back({timeline_.size() + 1, at_ += 1ms, std::move(what)});
    return *this;
  }
  Timeline timeline_;
  Elapsed at_{0};
};

LedgerRows rows_of(int member, int writer, std::vector<std::pair<std::int64_t, std::int64_t>> runs) {
  LedgerRows rows;
  rows.member = "db-" + std::to_string(member);
  rows.ok = true;
  LedgerRuns& of = rows.present[writer];
  of.runs = std::move(runs);
  for (const auto& [first, last] : of.runs) of.rows += last - first + 1;
  return rows;
}

TEST(Records, AllThatWasAcknowledgedIsReadByEveryMember) {
  const Timeline good = Workload{}
                            .writes(0, 1, "oouo")
                            .reads({rows_of(0, 0, {{1, 4}}), rows_of(1, 0, {{1, 2}, {4, 4}})})
                            .told();
  EXPECT_THAT(acknowledged_records_are_read(good), IsConformant());
  EXPECT_THAT(only_written_records_are_read(good), IsConformant());
  EXPECT_THAT(records_are_read_once(good), IsConformant());
}

TEST(Records, OneThatIsMissingInOneMemberIsLost) {
  const Timeline lost =
      Workload{}.writes(0, 1, "oo").reads({rows_of(0, 0, {{1, 2}}), rows_of(1, 0, {{1, 1}})}).told();
  const Verdict verdict = acknowledged_records_are_read(lost);
  ASSERT_EQ(verdict.outcome, Outcome::kNonconformant);
  EXPECT_EQ(verdict.findings.front().object.name, "db-1");
  EXPECT_THAT(verdict.findings.front().observed,
              HasSubstr("1 record that was acknowledged is missing after delete"));
}

TEST(Records, WithRecordsOfTheirOwnMembersOweNothingToEachOther) {
  Workload own{steps::Scope::kOwn};
  own.writes(0, 1, "oo").writes(1, 1, "o").reads({rows_of(0, 0, {{1, 2}}), rows_of(1, 1, {{1, 1}})});
  const Timeline good = own.told();
  EXPECT_THAT(acknowledged_records_are_read(good), IsConformant());
  EXPECT_THAT(only_written_records_are_read(good), IsConformant());

  Workload swapped{steps::Scope::kOwn};
  swapped.writes(0, 1, "oo").writes(1, 1, "o").reads({rows_of(0, 1, {{1, 1}}), rows_of(1, 1, {{1, 1}})});
  const Timeline wrong = swapped.told();
  EXPECT_EQ(acknowledged_records_are_read(wrong).outcome, Outcome::kNonconformant);
  EXPECT_EQ(only_written_records_are_read(wrong).outcome, Outcome::kNonconformant);
}

TEST(Records, WhatNobodyWroteOrSomebodyChangedIsFound) {
  EXPECT_EQ(
      only_written_records_are_read(Workload{}.writes(0, 1, "o").reads({rows_of(0, 0, {{1, 2}})}).told())
          .outcome,
      Outcome::kNonconformant);
  LedgerRows damaged = rows_of(0, 0, {{1, 1}});
  damaged.damaged_count = 1;
  EXPECT_EQ(only_written_records_are_read(Workload{}.writes(0, 1, "o").reads({damaged}).told()).outcome,
            Outcome::kNonconformant);
}

TEST(Records, OneThatIsReadTwiceIsFound) {
  LedgerRows twice = rows_of(0, 0, {{1, 1}});
  twice.present[0].repeated = {1};
  twice.present[0].repeated_count = 1;
  EXPECT_EQ(records_are_read_once(Workload{}.writes(0, 1, "o").reads({twice}).told()).outcome,
            Outcome::kNonconformant);
}

TEST(Records, WhatCouldNotBeReadProvesNothing) {
  LedgerRows unread;
  unread.member = "db-0";
  unread.note = "exit code 1";
  EXPECT_THAT(acknowledged_records_are_read(Workload{}.writes(0, 1, "o").reads({unread}).told()),
              IsInconclusive(HasSubstr("db-0 could not be read after delete: exit code 1")));
  EXPECT_THAT(acknowledged_records_are_read(Workload{}.reads({rows_of(0, 0, {})}).told()),
              IsInconclusive(HasSubstr("no write was acknowledged")));
}

TEST(Records, WritesThatDoNotGoOnAreFoundWhenAllPodsAreReady) {
  const steps::Recover recover{.disruption = "delete", .ordinal = {0}};
  const auto after = [&](bool ready, Step::Phase phase, std::chrono::seconds length = 300s) {
    Workload workload;
    workload.pod("db-0", ready).writes(0, 1, "o").step(recover, phase, length);
    return writes_go_on(workload.told());
  };
  EXPECT_THAT(after(true, Step::Phase::kReached), IsConformant());
  EXPECT_EQ(after(true, Step::Phase::kTimedOut).outcome, Outcome::kNonconformant);
  EXPECT_EQ(after(false, Step::Phase::kTimedOut).outcome, Outcome::kInconclusive);
  EXPECT_EQ(after(true, Step::Phase::kTimedOut, 2s).outcome, Outcome::kInconclusive);
}

}  // namespace
}  // namespace stateproof::check
