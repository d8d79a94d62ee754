#include "harness/workload/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace stateproof::workload {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Sources : public testing::Test {
 protected:
  Sources() : folder_(fs::path{testing::TempDir()} / "stateproof-sources" / "shop") {
    fs::create_directories(folder_);
  }
  ~Sources() override { fs::remove_all(folder_.parent_path()); }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] tl::expected<std::vector<SourceFile>, HarnessError> read(const fs::path& path) const {
    std::istringstream input("piped: in\n");
    return read_sources(path, input);
  }
  const fs::path folder_;
};

TEST_F(Sources, OfAFolderAreItsManifestsByName) {
  put("b.yml", "b");
  put("a.yaml", "a");
  put("notes.txt", "x");
  put("mutants/m.yaml", "m");
  const auto sources = read(folder_);
  ASSERT_TRUE(sources) << sources.error().sentence;
  ASSERT_EQ(sources->size(), 2U);
  EXPECT_EQ(sources->front().text, "a");
  EXPECT_THAT(mutants_of(folder_), ElementsAre("m"));
  EXPECT_EQ(read_mutant(folder_, "m")->text, "m");
  EXPECT_THAT(read_mutant(folder_, "n").error().sentence, HasSubstr("has no mutant n; it has m."));
}

TEST_F(Sources, MayBePipedIn) {
  const auto sources = read("-");
  ASSERT_TRUE(sources);
  EXPECT_EQ(sources->front().name, "stdin");
  EXPECT_EQ(sources->front().text, "piped: in\n");
}

TEST_F(Sources, AChartIsToBeRendered) {
  put("Chart.yaml", "name: shop");
  EXPECT_THAT(read(folder_).error().sentence, HasSubstr("is a Helm chart; render it: helm template"));
}

TEST_F(Sources, WhatIsNotThereIsNamed) {
  EXPECT_THAT(read(folder_ / "none.yaml").error().sentence, HasSubstr("none.yaml cannot be read"));
  EXPECT_THAT(read(folder_).error().sentence, HasSubstr("holds no .yaml"));
}

TEST(SourceName, IsThatOfTheFolderOrTheFile) {
  EXPECT_EQ(name_of("workloads/etcd"), "etcd");
  EXPECT_EQ(name_of("workloads/etcd/"), "etcd");
  EXPECT_EQ(name_of("etcd.yaml"), "etcd");
  EXPECT_EQ(name_of("-"), "stdin");
}

}  // namespace
}  // namespace stateproof::workload
