#include "harness/report/run_folder.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <pugixml.hpp>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "harness/report/testing/sample_run.h"

namespace stateproof::report {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class RunFolderTest : public ::testing::Test {
 protected:
  RunFolderTest() {
    std::string name = (fs::temp_directory_path() / "run_folder_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~RunFolderTest() override { fs::remove_all(root_); }

  [[nodiscard]] fs::path out() const { return root_ / "out"; }

  [[nodiscard]] std::string content(const fs::path& file) const {
    std::ostringstream text;
    text << std::ifstream(out() / file).rdbuf();
    return text.str();
  }

  [[nodiscard]] pugi::xml_document junit() const {
    pugi::xml_document document;
    EXPECT_TRUE(document.load_file((out() / "junit.xml").c_str()));
    return document;
  }

  [[nodiscard]] int count(const char* attribute) const {
    return junit().child("testsuites").attribute(attribute).as_int(-1);
  }

  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(out()))
      if (entry.is_regular_file()) names.insert(fs::relative(entry.path(), out()).string());
    return names;
  }

  fs::path root_;
};

TEST_F(RunFolderTest, APlanAloneMarksEverythingAsNotRun) {
  ASSERT_TRUE(RunFolder(out()).save_plan(testing::plan()));
  EXPECT_EQ(count("tests"), 6);
  EXPECT_EQ(count("skipped"), 6);
  EXPECT_THAT(content("junit.xml"), HasSubstr("not run: scenario lifecycle has not finished"));
}

TEST_F(RunFolderTest, EachSaveBringsJunitAndPageUpToDate) {
  const RunFolder folder(out());
  const RunResult run = testing::broken_run();
  ASSERT_TRUE(folder.save_plan(run.plan));
  ASSERT_TRUE(folder.save_scenario(run.scenarios.front()));
  ASSERT_TRUE(folder.save_verdict(run.verdicts.front()));
  EXPECT_EQ(count("failures"), 1);
  EXPECT_EQ(count("skipped"), 4);
  EXPECT_THAT(content("report.html"),
              HasSubstr("mariadb-1 was created while ordinal 0 had never been Ready"));
  EXPECT_EQ(files(), (std::set<std::string>{".lock", "junit.xml", "plan.json", "report.html",
                                            "scenarios/lifecycle.json", "verdicts/ordered-creation.json"}));
}

TEST_F(RunFolderTest, LoadsWhatWasSaved) {
  const RunFolder folder(out());
  const RunResult run = testing::broken_run();
  ASSERT_TRUE(folder.save_plan(run.plan));
  ASSERT_TRUE(folder.save_scenario(run.scenarios.front()));
  for (const PromiseResult& one : run.verdicts) ASSERT_TRUE(folder.save_verdict(one));
  const auto loaded = load_run(out());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(exit_code(*loaded), 1);
  EXPECT_EQ(loaded->verdicts.size(), 5U);
  EXPECT_EQ(loaded->scenarios.front().steps.size(), run.scenarios.front().steps.size());
}

TEST_F(RunFolderTest, AnEarlierRunInTheSameFolderProvesNothing) {
  const RunFolder folder(out());
  const RunResult run = testing::kept_run();
  ASSERT_TRUE(folder.save_plan(run.plan));
  ASSERT_TRUE(folder.save_verdict(run.verdicts.front()));
  Plan next = run.plan;
  next.run = "20260302-100000";
  ASSERT_TRUE(folder.save_plan(next));
  EXPECT_EQ(count("skipped"), 6);
}

TEST_F(RunFolderTest, ADamagedVerdictIsAnErrorAndNotGreen) {
  const RunFolder folder(out());
  ASSERT_TRUE(folder.save_plan(testing::plan()));
  std::ofstream(out() / "verdicts/stable-dns.json") << "{\"schema\": 1, \"run";
  ASSERT_TRUE(folder.render());
  EXPECT_EQ(count("errors"), 1);
  EXPECT_THAT(content("junit.xml"), HasSubstr("stable-dns.json cannot be read"));
}

TEST_F(RunFolderTest, AVerdictThatIsNestedTooDeeplyIsDamaged) {
  const RunFolder folder(out());
  ASSERT_TRUE(folder.save_plan(testing::plan()));
  std::ofstream(out() / "verdicts/stable-dns.json")
      << "{\"schema\": 1, \"run\": " << std::string(100'000, '[') << std::string(100'000, ']') << "}";
  ASSERT_TRUE(folder.render());
  EXPECT_THAT(content("junit.xml"), HasSubstr("stable-dns.json cannot be read"));
}

TEST_F(RunFolderTest, TheNextWriterReplacesWhatAKilledOneLeft) {
  fs::create_directories(out());
  std::ofstream(out() / "plan.json.tmp") << "half";
  ASSERT_TRUE(RunFolder(out()).save_plan(testing::plan()));
  EXPECT_FALSE(files().contains("plan.json.tmp"));
}

TEST_F(RunFolderTest, AnIdCannotLeadOutOfTheFolder) {
  PromiseResult verdict = testing::kept_run().verdicts.front();
  verdict.id = "../../etc";
  const Saved saved = RunFolder(out()).save_verdict(verdict);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().sentence, "cannot save \"../../etc\": the id is not a plain file name");
}

TEST_F(RunFolderTest, AnUnwritableFolderIsSaidInOneSentence) {
  std::ofstream(root_ / "out") << "a file";
  const Saved saved = RunFolder(out()).save_plan(testing::plan());
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error().sentence, HasSubstr("Not a directory"));
  EXPECT_THAT(saved.error().sentence, HasSubstr("--out"));
}

/// A limit on the size of files stands for a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(RunFolderTest, AFullDiskLeavesTheOldFilesAndNothingElse) {
  const RunFolder folder(out());
  ASSERT_TRUE(folder.save_plan(testing::plan()));
  const std::string before = content("junit.xml");
  const std::set<std::string> files_before = files();
  Saved saved;
  {
    const FileSizeLimit limit(100);
    saved = folder.save_verdict(testing::kept_run().verdicts.front());
  }
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error().sentence, HasSubstr("ordered-creation.json"));
  EXPECT_EQ(content("junit.xml"), before);
  EXPECT_EQ(files(), files_before);
}

TEST_F(RunFolderTest, AFolderWithoutARunIsSaidSo) {
  const auto loaded = load_run(root_);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().sentence, HasSubstr("contains no run"));
}

TEST_F(RunFolderTest, SeveralProcessesSaveAtTheSameTime) {
  const RunFolder folder(out());
  const RunResult run = testing::kept_run();
  ASSERT_TRUE(folder.save_plan(run.plan));
  std::vector<pid_t> children;
  for (const PromiseResult& verdict : run.verdicts) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(folder.save_verdict(verdict) ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(count("skipped"), 2);  // the scenario, and the promise that does not apply
  EXPECT_EQ(load_run(out())->verdicts.size(), 5U);
}

TEST_F(RunFolderTest, ThePictureComesFromTheRecording) {
  fs::path asked;
  const RunFolder folder(out(), [&asked](const fs::path& file) -> std::optional<Timeline> {
    asked = file;
    return testing::kept_timeline();
  });
  const RunResult run = testing::kept_run();
  ASSERT_TRUE(folder.save_plan(run.plan));
  EXPECT_THAT(content("report.html"), Not(HasSubstr("<svg")));
  ASSERT_TRUE(folder.save_scenario(run.scenarios.front()));
  EXPECT_EQ(asked, out() / "recordings/lifecycle.jsonl");
  EXPECT_THAT(content("report.html"), HasSubstr("<svg"));
}

}  // namespace
}  // namespace stateproof::report
