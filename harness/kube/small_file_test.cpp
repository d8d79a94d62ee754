#include "harness/kube/small_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "harness/kube/testing/temporary_folder.h"

namespace stateproof::kube {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class SmallFile : public ::testing::Test {
 protected:
  std::string named(const char* name) const { return folder.path() + "/" + name; }
  testing::TemporaryFolder folder;
};

TEST_F(SmallFile, IsReadWhole) {
  std::ofstream(named("a"), std::ios::binary) << std::string(100'000, 'x') << '\0';
  const auto text = read_small_file(named("a"));
  ASSERT_TRUE(text) << text.error();
  EXPECT_EQ(text->size(), 100'001U);
}

TEST_F(SmallFile, MayBeAPipe) {
  ASSERT_EQ(::mkfifo(named("pipe").c_str(), 0600), 0);
  std::jthread writer([this] { std::ofstream(named("pipe")) << "kind: Config"; });
  EXPECT_EQ(read_small_file(named("pipe")).value_or("?"), "kind: Config");
}

TEST_F(SmallFile, IsNotWaitedForIfNobodyWritesIt) {
  ASSERT_EQ(::mkfifo(named("pipe").c_str(), 0600), 0);
  EXPECT_THAT(read_small_file(named("pipe"), 50ms).error(), HasSubstr("nobody wrote"));
}

TEST_F(SmallFile, IsNoDeviceNorFolderNorHugeNorMissing) {
  EXPECT_THAT(read_small_file("/dev/zero").error(), HasSubstr("neither a file nor a pipe"));
  EXPECT_THAT(read_small_file(folder.path()).error(), HasSubstr("is a folder"));
  EXPECT_THAT(read_small_file(named("missing")).error(), HasSubstr("No such file"));
  std::ofstream(named("huge")).close();
  std::filesystem::resize_file(named("huge"), 300U << 20U);  // of holes
  EXPECT_THAT(read_small_file(named("huge")).error(), HasSubstr("larger than 16 MiB"));
}

}  // namespace
}  // namespace stateproof::kube
