#include "harness/kube/line_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace stateproof::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> lines_of(LineSplitter& splitter) {
  std::vector<std::string> lines;
  while (auto line = splitter.next()) lines.push_back(*std::move(line));
  return lines;
}

TEST(LineSplitter, GivesTheSameLinesWhateverThePieces) {
  const std::string stream = "{\"a\":\"ü\"}\n\n{\"b\":\"日本\"}\n";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    LineSplitter splitter{100};
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < stream.size(); i += piece) {
      splitter.feed(std::string_view(stream).substr(i, piece));
      for (auto& line : lines_of(splitter)) lines.push_back(line);
    }
    EXPECT_THAT(lines, ElementsAre("{\"a\":\"ü\"}", "", "{\"b\":\"日本\"}")) << "pieces of " << piece;
  }
}

TEST(LineSplitter, KeepsAnIncompleteLineBack) {
  LineSplitter splitter{100};
  splitter.feed("one\ntw");
  EXPECT_THAT(lines_of(splitter), ElementsAre("one"));
  EXPECT_EQ(splitter.pending(), 2U);
  splitter.feed("o\n");
  EXPECT_THAT(lines_of(splitter), ElementsAre("two"));
  EXPECT_EQ(splitter.pending(), 0U);
}

TEST(LineSplitter, StopsAtALineThatIsTooLong) {
  LineSplitter splitter{4};
  splitter.feed("1234\n12345");
  EXPECT_THAT(lines_of(splitter), ElementsAre("1234"));
  EXPECT_TRUE(splitter.is_overlong());
  splitter.feed("\nx\n");
  EXPECT_THAT(lines_of(splitter), IsEmpty());
  EXPECT_EQ(splitter.pending(), 0U);
}

TEST(LineSplitter, ReportsACompleteLineThatIsTooLong) {
  LineSplitter splitter{4};
  splitter.feed("12345\n");
  EXPECT_THAT(lines_of(splitter), IsEmpty());
  EXPECT_TRUE(splitter.is_overlong());
}

}  // namespace
}  // namespace stateproof::kube
