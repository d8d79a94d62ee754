#include "suites/scenarios/clients/record_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::scenarios {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(RecordText, IsReadBackAsItWasWritten) {
  const auto rows = rows_of_records(record_text(0, 1) + "\n" + record_text(0, 2) + "\r\n\n  " +
                                    record_text(2, 7) + "\n\"" + record_text(0, 4) + "\"");
  ASSERT_TRUE(rows);
  EXPECT_THAT(rows->present.at(0).runs, ElementsAre(Pair(1, 2), Pair(4, 4)));
  EXPECT_THAT(rows->present.at(2).runs, ElementsAre(Pair(7, 7)));
  EXPECT_EQ(rows->damaged_count, 0);
}

TEST(RecordText, TwiceIsToldAndCountedOnce) {
  const auto rows = rows_of_records(record_text(0, 1) + "\n" + record_text(0, 1));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->present.at(0).rows, 1);
  EXPECT_THAT(rows->present.at(0).repeated, ElementsAre(1));
}

TEST(RecordText, ADamagedOneIsNoRecord) {
  std::string damaged = record_text(0, 1);
  damaged.back() = damaged.back() == 'a' ? 'b' : 'a';
  const auto rows = rows_of_records(damaged + "\n" + record_text(0, 12).substr(0, 4));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->damaged_count, 2);
  EXPECT_THAT(rows->present, IsEmpty());
}

TEST(RecordText, RubbishIsQuoted) {
  const auto rows = rows_of_records(record_text(0, 1) + "\n(error) NOAUTH\n");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error(), "(error) NOAUTH");
}

TEST(RecordText, WhatIsLackingIsNamed) {
  const auto rows = rows_of_records(record_text(0, 1) + "\n" + record_text(0, 3));
  ASSERT_TRUE(rows);
  EXPECT_THAT(lacking(*rows, {{0, 1}, {0, 2}, {1, 1}}), ElementsAre(Record{0, 2}, Record{1, 1}));
}

}  // namespace
}  // namespace stateproof::scenarios
