#include "harness/report/folder_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "harness/report/whole_file.h"

namespace stateproof::report {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FolderStream : public ::testing::Test {
 protected:
  FolderStream() {
    std::string name = fs::temp_directory_path() / "folder-stream-XXXXXX";
    place = ::mkdtemp(name.data());
    fs::create_directories(place / "from/evidence/a b");
  }
  ~FolderStream() override { fs::remove_all(place); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(place / "from" / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::string streamed() const {
    std::string all;
    EXPECT_TRUE(write_folder(place / "from", [&](std::string_view bytes) {
      all += bytes;
      return true;
    }));
    return all;
  }
  /// Whether the stream is taken, or why not.
  [[nodiscard]] std::string read(std::string_view bytes, StreamLimits limits = {}) const {
    FolderReader reader(place / "to", limits);
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(7, bytes.size())))
      if (auto taken = reader.take(bytes.substr(0, 7)); !taken) return taken.error().sentence;
    const auto whole = reader.finish();
    return whole ? "" : whole.error().sentence;
  }

  fs::path place;
};

TEST_F(FolderStream, BringsEveryFileAsItWas) {
  const std::string bytes("a\n\0{\"end\": true}\n", 17);
  write("evidence/a b/one.json", bytes);
  write("empty", "");
  write("junit.xml", "<testsuites/>");
  fs::create_symlink("/etc/passwd", place / "from/link");
  EXPECT_EQ(read(streamed()), "");
  EXPECT_EQ(read_whole(place / "to/evidence/a b/one.json").value(), bytes);
  EXPECT_EQ(read_whole(place / "to/empty").value(), "");
  EXPECT_EQ(read_whole(place / "to/junit.xml").value(), "<testsuites/>");
  EXPECT_FALSE(fs::exists(fs::symlink_status(place / "to/link")));
}

TEST_F(FolderStream, IsRefusedWhenItsEndIsMissing) {
  write("one", "1");
  const std::string whole = streamed();
  for (std::size_t length = 0; length + 1 < whole.size(); ++length)
    EXPECT_NE(read(whole.substr(0, length)), "") << length;
  EXPECT_THAT(read(whole + "x"), HasSubstr("follows the end"));
  EXPECT_THAT(read("{\"end\": true, \"files\": 1}\n"), HasSubstr("missing"));
}

TEST_F(FolderStream, WritesNothingOutsideItsFolder) {
  for (const char* name : {"../out", "/tmp/out", "a/../../out", "..", ".", "", "a/", "./a", "a\\u0000b",
                           "a\\u001b[2Jb", "a\\nb"}) {
    const std::string stream = std::string("{\"file\": \"") + name + "\", \"bytes\": 1}\nx";
    EXPECT_THAT(read(stream), HasSubstr("no run writes")) << name;
  }
  EXPECT_FALSE(fs::exists(place / "out"));
  EXPECT_FALSE(fs::exists(place / "to"));
}

TEST_F(FolderStream, IsBounded) {
  const std::string one = "{\"file\": \"one\", \"bytes\": 4}\nfour";
  const std::string two = "{\"file\": \"two\", \"bytes\": 4}\nfour";
  EXPECT_THAT(read(one + two, {.bytes = 7}), HasSubstr("larger"));
  EXPECT_THAT(read(one + two, {.files = 1}), HasSubstr("larger"));
  EXPECT_THAT(read("{\"file\": \"x\", \"bytes\": -1}\n"), HasSubstr("do not come as files"));
  EXPECT_THAT(read("{\"file\": \"x\", \"bytes\": 9223372036854775807}\n"), HasSubstr("larger"));
  EXPECT_THAT(read(std::string(100'000, '{')), HasSubstr("do not come as files"));
  EXPECT_THAT(read("no JSON\n"), HasSubstr("do not come as files"));
}

}  // namespace
}  // namespace stateproof::report
