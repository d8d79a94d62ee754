#include "suites/gate/program.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace stateproof::gate {
namespace {

TEST(LoadablePart, LeavesOtherFilesAlone) { EXPECT_EQ(loadable_part("#!/bin/sh\n"), "#!/bin/sh\n"); }

TEST(RunningProgram, HasItsLoaderAndItsLibraries) {
  const auto files = running_program();
  ASSERT_TRUE(files) << files.error().sentence;
  std::vector<std::string> names;
  for (const ProgramFile& file : *files) names.push_back(file.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"stateproof", "loader", "libc.so.6"}));
}

TEST(RunningProgram, StartsFromItsOwnFilesAlone) {
  const auto files = running_program();
  ASSERT_TRUE(files) << files.error().sentence;
  char place[] = "/tmp/stateproof-program-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(place);
  for (const ProgramFile& file : *files) {
    std::ofstream(folder / file.name, std::ios::binary) << file.bytes;
    std::filesystem::permissions(folder / file.name, std::filesystem::perms::owner_all);
  }
  const std::string command = folder / "loader";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(command.c_str(), command.c_str(), "--library-path", folder.c_str(),
            (folder / "stateproof").c_str(), "--gtest_list_tests", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  std::filesystem::remove_all(folder);
}

TEST(OwnCommand, IsThisFileUnlessALoaderWasCalledByName) {
  EXPECT_THAT(own_command(), testing::ElementsAre("/proc/self/exe"));
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    ::setenv("STATEPROOF_LOADED_BY_NAME", self.c_str(), 1);
    ::execl("/lib64/ld-linux-x86-64.so.2", "ld", self.c_str(), "--gtest_filter=LoadedByName.*", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(LoadedByName, ItsCommandHasTheLoaderAndTheFile) {
  const char* self = std::getenv("STATEPROOF_LOADED_BY_NAME");
  if (self == nullptr) GTEST_SKIP() << "played by the test above";
  const std::vector<std::string> command = own_command();
  ASSERT_THAT(command, testing::SizeIs(4));
  EXPECT_THAT(command.front(), testing::HasSubstr("ld-linux"));
  EXPECT_EQ(command.back(), self);
}

}  // namespace
}  // namespace stateproof::gate
