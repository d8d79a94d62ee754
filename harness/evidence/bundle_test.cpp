#include "harness/evidence/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/report/whole_file.h"

namespace stateproof::evidence {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class BundleTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("stateproof-bundle-" + std::to_string(::getpid()) + "-" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name());
  }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string read(const char* path) const {
    return report::read_whole(folder_ / path).value_or("not there");
  }
  fs::path folder_;
};

TEST_F(BundleTest, KeepsASmallTextWhole) {
  Bundle bundle(folder_, {.file = 100, .whole = 1000});
  bundle.add("logs/a.log", "one\ntwo\n", "a log");
  EXPECT_EQ(read("logs/a.log"), "one\ntwo\n");
  EXPECT_THAT(bundle.missing(), IsEmpty());
  EXPECT_EQ(bundle.bytes(), 8U);
}

TEST_F(BundleTest, OfALongLogTheEndStays) {
  Bundle bundle(folder_, {.file = 10, .whole = 1000});
  bundle.add("a.log", "first line\nlast\n", "a log", Keep::kTail);
  EXPECT_EQ(read("a.log"), "(11 bytes were left out here)\nlast\n");
  EXPECT_THAT(bundle.missing(), ElementsAre("a.log: 5 of 16 bytes; the beginning was left out."));
}

TEST_F(BundleTest, OfALongTextTheBeginningStays) {
  Bundle bundle(folder_, {.file = 12, .whole = 1000});
  bundle.add("a.txt", "first line\nlast\n", "a text");
  EXPECT_THAT(read("a.txt"), StartsWith("first line\n"));
  EXPECT_THAT(bundle.missing(), ElementsAre(HasSubstr("the end was left out")));
}

TEST_F(BundleTest, ALineThatIsTooLongIsCut) {
  Bundle bundle(folder_, {.file = 10, .whole = 1000});
  bundle.add("a.log", std::string(50, 'x') + "\n", "a log", Keep::kTail);
  EXPECT_THAT(read("a.log"), EndsWith("xxxx\n"));
  EXPECT_EQ(bundle.bytes(), 10U);
}

TEST_F(BundleTest, IsNeverLargerThanItsCapacity) {
  Bundle bundle(folder_, {.file = 10, .whole = 25});
  for (const char* name : {"a", "b", "c", "d", "e"}) bundle.add(name, "123456789\n", "ten bytes");
  EXPECT_EQ(bundle.bytes(), 25U);
  EXPECT_THAT(bundle.files(), testing::SizeIs(3));
  EXPECT_THAT(bundle.missing(), testing::Contains("e: the bundle is full."));
}

TEST_F(BundleTest, WhatCannotBeWrittenIsSaid) {
  fs::create_directories(folder_);
  ASSERT_FALSE(report::write_whole(folder_ / "logs", "a file where a folder is wanted"));
  Bundle bundle(folder_, {});
  bundle.add("logs/a.log", "text", "a log");
  EXPECT_THAT(bundle.files(), IsEmpty());
  EXPECT_THAT(bundle.missing(), ElementsAre(HasSubstr("logs/a.log: it cannot be written")));
}

TEST_F(BundleTest, TerminalSequencesAreTakenOut) {
  Bundle bundle(folder_, {});
  bundle.add("a.log", "\x1b[31mred\x1b[0m\n", "a log");
  EXPECT_THAT(read("a.log"), testing::Not(HasSubstr("\x1b")));
}

TEST_F(BundleTest, NothingIsWrittenOutsideWhateverTheClusterCallsIt) {
  Bundle bundle(folder_ / "evidence", {});
  for (const char* path : {"logs/../../x.log", "../x.json", "/tmp/x", "logs/shop/..", "./x", ""})
    bundle.add(path, "text", "about");
  EXPECT_EQ(bundle.files().size(), 0U);
  EXPECT_EQ(bundle.missing().size(), 6U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x.json"));
}

}  // namespace
}  // namespace stateproof::evidence
