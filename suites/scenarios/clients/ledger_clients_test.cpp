#include "suites/scenarios/clients/ledger_clients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::scenarios {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(LedgersJournal, WritesMoveToTheRecordersClock) {
  const auto entry = entry_of_journal(
      R"({"writes":{"writer":1,"first":7,"since_us":1000,"began":[0,50],"took":[2,3],"ended":"of","note":"gone"}})",
      microseconds{-900});
  ASSERT_TRUE(entry);
  const auto& writes = std::get<LedgerWrites>(*entry);
  EXPECT_EQ(writes.writer, 1);
  EXPECT_EQ(writes.first, 7);
  EXPECT_EQ(writes.next(), 9);
  EXPECT_THAT(writes.began, ElementsAre(microseconds{100}, microseconds{150}));
  EXPECT_THAT(writes.took, ElementsAre(microseconds{2}, microseconds{3}));
  EXPECT_EQ(writes.ended, "of");
  EXPECT_EQ(writes.note, "gone");
}

TEST(LedgersJournal, ReadsAndStatesAndReservations) {
  const auto read = entry_of_journal(
      R"({"read":{"member":"mariadb-1","ended":"o","began_us":10,"took_us":4,"address":"10.1.2.3","host":"mariadb-1","newest":[[0,9],[1,8]]}})",
      microseconds{5});
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::get<LedgerRead>(*read).ok);
  EXPECT_EQ(std::get<LedgerRead>(*read).began, microseconds{15});
  EXPECT_THAT(std::get<LedgerRead>(*read).newest, ElementsAre(Pair(0, 9), Pair(1, 8)));
  const auto failed = entry_of_journal(
      R"({"read":{"member":"mariadb-1","ended":"f","began_us":10,"took_us":4,"note":"no address"}})", {});
  EXPECT_FALSE(std::get<LedgerRead>(*failed).ok);
  EXPECT_EQ(std::get<LedgerReserved>(*entry_of_journal(R"({"reserve":{"writer":1,"to":2000}})", {})).to,
            2000);
  EXPECT_EQ(std::get<LedgerState>(*entry_of_journal(R"({"rest":{"writer":1,"at_us":3}})", {})).writer, 1);
}

TEST(LedgersJournal, WhatIsNoneOfItsLinesGivesNothing) {
  EXPECT_FALSE(entry_of_journal("", {}));
  EXPECT_FALSE(entry_of_journal("Killed", {}));
  EXPECT_FALSE(entry_of_journal(R"({"other":1})", {}));
}

TEST(LedgersJournal, WhatIsOutOfBoundsIsRefusedWithItsCause) {
  const auto why = [](const char* line) {
    const auto entry = entry_of_journal(line, {});
    return entry ? std::string{"it was read"} : entry.error();
  };
  EXPECT_EQ(why(R"({"writes":{"writer":0,"first":1,"since_us":0,"ended":"o","began":[],"took":[]}})"),
            "writes without their times");
  EXPECT_THAT(why(R"({"writes":{"writer":0,"first":0,"since_us":0,"ended":"","began":[],"took":[]}})"),
              HasSubstr("\"first\" is not a whole number from 1"));
  EXPECT_THAT(why(R"({"writes":{"writer":0,"first":1,"since_us":0,"ended":"z","began":[0],"took":[1]}})"),
              HasSubstr("letters o, f and u"));
  EXPECT_THAT(why(R"({"writes":[]})"), HasSubstr("is not an object"));
  EXPECT_THAT(why(R"({"read":{"member":7}})"), HasSubstr("\"member\" is not text"));
  EXPECT_THAT(why(R"({"reserve":{"writer":1,"to":1e300}})"), HasSubstr("\"to\" is not a whole number"));
  EXPECT_THAT(why(R"({"rest":{"writer":"1"}})"), HasSubstr("\"writer\" is not a whole number"));
  EXPECT_THAT(why((std::string(100'000, '[')).c_str()), HasSubstr("nested more than"));
}

TEST(LedgersRows, AnAnswerThatDoesNotFitIsNoAnswer) {
  for (const char* answer :
       {R"({"ended":"o","present":{"x":{"rows":1,"runs":[],"repeated":[],"repeatedCount":0}}})",
        R"({"ended":"o","present":{"0":{"rows":1,"runs":[[1]],"repeated":[],"repeatedCount":0}}})",
        R"({"ended":"o","damaged":[[0,1.5]]})", R"({"ended":7})", "[]"}) {
    const LedgerRows rows = rows_of_answer(answer, "0-100-9");
    EXPECT_FALSE(rows.ok) << answer;
    EXPECT_TRUE(rows.present.empty()) << answer;
    EXPECT_THAT(rows.note, HasSubstr("unreadable answer")) << answer;
  }
}

TEST(LedgersRows, AreReadFromTheAnswer) {
  const LedgerRows rows = rows_of_answer(
      R"({"member":"mariadb-1","ended":"o","caughtUp":true,"host":"mariadb-1","server":"101","readOnly":true,
          "position":"0-100-9","logged":"0-100-9","checksum":"12","replication":"running",
          "present":{"0":{"rows":3,"runs":[[1,2],[4,4]],"repeated":[2],"repeatedCount":1}},
          "damaged":[[0,4]],"damagedCount":1})",
      "0-100-9");
  EXPECT_TRUE(rows.ok);
  EXPECT_TRUE(rows.caught_up);
  EXPECT_TRUE(rows.read_only);
  EXPECT_EQ(rows.awaited, "0-100-9");
  EXPECT_THAT(rows.present.at(0).runs, ElementsAre(Pair(1, 2), Pair(4, 4)));
  EXPECT_EQ(rows.present.at(0).repeated_count, 1);
  EXPECT_THAT(rows.damaged, ElementsAre(Pair(0, 4)));
}

TEST(LedgersRows, OfAMemberThatCouldNotBeRead) {
  const LedgerRows rows =
      rows_of_answer(R"({"member":"mariadb-1","ended":"f","note":"no address"})", "0-100-9");
  EXPECT_FALSE(rows.ok);
  EXPECT_FALSE(rows.caught_up);
  EXPECT_EQ(rows.note, "no address");
  EXPECT_THAT(rows_of_answer("Killed", "").note, HasSubstr("Killed"));
}

}  // namespace
}  // namespace stateproof::scenarios
