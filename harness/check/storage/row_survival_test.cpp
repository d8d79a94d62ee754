#include "harness/check/storage/row_survival.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// All members written to and replaced, and mariadb-1 replaced once more.
Story replaced_again() {
  return Story{}.deployed().replaced(0).replaced(1).replaced(2).fault(1).deleted(1).created(1).ready(1);
}

Verdict judged_when_read(const std::function<void(std::vector<Row>&)>& change) {
  Story story = replaced_again();
  std::vector<Row> rows = story.rows(1);
  change(rows);
  return rows_survive_replacement(story.reads(1, rows));
}

TEST(RowsSurvive, AWholeLifecycleIsConformant) {
  const Verdict verdict = rows_survive_replacement(Story::lifecycle());
  EXPECT_THAT(verdict, IsConformant());
  EXPECT_EQ(verdict.reason, "9 acknowledged rows of 3 members found again in 3 reads");
}

TEST(RowsSurvive, OrderDoesNotMatter) {
  EXPECT_THAT(judged_when_read([](auto& rows) { std::swap(rows.front(), rows.back()); }), IsConformant());
}

TEST(RowsSurvive, AWriteOfUnknownOutcomeMayBeThereOrNot) {
  Story story = replaced_again();
  const std::vector<Row> known = story.rows(1);
  story.writes(1, SqlOperation::Outcome::kUnknown);
  EXPECT_THAT(rows_survive_replacement(Story{story}.reads(1)), IsConformant());
  EXPECT_THAT(rows_survive_replacement(Story{story}.reads(1, known)), IsConformant());
}

TEST(RowsSurvive, AWriteThatEndedAfterTheReadBeganIsNotDue) {
  Story story = replaced_again();
  const std::vector<Row> known = story.rows(1);
  story.writes(1);
  story.rewrite([](Entry& entry) {
    auto* operation = std::get_if<SqlOperation>(&entry);
    if (operation != nullptr && operation->pod.value == "mariadb-1#3")
      operation->ended += std::chrono::seconds{5};
  });
  EXPECT_THAT(rows_survive_replacement(story.reads(1, known)), IsConformant());
}

TEST(RowsSurvive, RejectsALostRow) {
  const Verdict verdict = judged_when_read([](auto& rows) { rows.pop_back(); });
  EXPECT_THAT(verdict, IsNonconformantAs(HasSubstr("1 of 3 rows were missing, first mariadb-1/2")));
}

TEST(RowsSurvive, RejectsAnEmptyDatabase) {
  EXPECT_THAT(judged_when_read([](auto& rows) { rows.clear(); }),
              IsNonconformantAs(HasSubstr("3 of 3 rows were missing")));
}

TEST(RowsSurvive, RejectsAnAlteredRow) {
  EXPECT_THAT(judged_when_read([](auto& rows) { rows[1].checksum = "another"; }),
              IsNonconformantAs(HasSubstr("1 of 3 rows were altered, first mariadb-1/1")));
}

TEST(RowsSurvive, RejectsADuplicatedRow) {
  EXPECT_THAT(judged_when_read([](auto& rows) { rows.push_back(rows.front()); }),
              IsNonconformantAs(HasSubstr("more than once")));
}

TEST(RowsSurvive, RejectsAPhantom) {
  EXPECT_THAT(judged_when_read([](auto& rows) { rows.push_back({"ghost", "x"}); }),
              IsNonconformantAs(HasSubstr("ghost, the client never wrote them")));
}

TEST(RowsSurvive, RejectsTheRowsOfAnotherMember) {
  Story story = replaced_again();
  story.reads(1, story.rows(2));
  EXPECT_THAT(rows_survive_replacement(story), IsNonconformant(ElementsAre(story.last(), story.last())));
}

TEST(RowsSurvive, RejectsARowThatWasRefused) {
  Story story = replaced_again().writes(1, SqlOperation::Outcome::kFailed);
  EXPECT_THAT(rows_survive_replacement(story.reads(1)),
              IsNonconformantAs(HasSubstr("although its write was refused")));
}

TEST(RowsSurvive, AFailedReadProvesNothing) {
  Story story = Story{}.deployed().replaced(0).replaced(1).fault(2).deleted(2).created(2).ready(2);
  EXPECT_THAT(rows_survive_replacement(story.read_fails(2, "Can't connect")),
              IsInconclusive(HasSubstr("reading from mariadb-2 at")));
}

TEST(RowsSurvive, AReadThroughTheSamePodProvesNothing) {
  EXPECT_THAT(rows_survive_replacement(Story{}.deployed().reads(0).reads(1).reads(2)),
              IsInconclusive(HasSubstr("no rows of mariadb-0 were read through a new pod")));
}

TEST(RowsSurvive, WhatComesAfterScaleDownBelongsToAnotherPromise) {
  Story story = Story{}.deployed().replaced(0).replaced(1).replaced(2).scaled_up().scaled_down().created(2);
  EXPECT_THAT(rows_survive_replacement(story.reads(2, {})), IsConformant());
}

}  // namespace
}  // namespace stateproof::check
