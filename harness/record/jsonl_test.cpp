#include "harness/record/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/model/steps.h"

namespace stateproof::record {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class RecordingOnDisk : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("stateproof-jsonl-" + std::to_string(::getpid()) + "-" +
                       testing::UnitTest::GetInstance()->current_test_info()->name() + ".jsonl");
    std::ofstream(path, std::ios::binary) << text;
    paths_.push_back(path);
    return path;
  }
  void TearDown() override {
    for (const auto& path : paths_) std::filesystem::remove(path);
  }

 private:
  std::vector<std::filesystem::path> paths_;
};

Header sample_header() {
  Header header;
  header.scenario = "lifecycle";
  header.run = "r1";
  header.started = *parse_rfc3339("2026-03-01T10:00:00.125Z");
  header.subject.ns = "database";
  header.subject.set = "mariadb";
  header.subject.replicas = {5};
  header.subject.ordered = false;
  header.subject.publishing_service = "everybody";
  header.subject.port_name = "sql";
  header.subject.port = 3306;
  header.environment = {{"server", "v1.37.2"}};
  return header;
}

Observation at(std::size_t index, Entry entry) { return {index, Elapsed{index * 1000}, std::move(entry)}; }

std::vector<Observation> one_of_each() {
  const json pod{{"kind", "Pod"},
                 {"metadata", {{"name", "mariadb-0"}, {"namespace", "database"}, {"uid", "u0"}}}};
  ObjectSeen seen{Change::kDeleted, parse_object(pod), std::make_shared<const json>(pod), true};
  SqlOperation sql{SqlOperation::Kind::kWrite,
                   SqlOperation::Outcome::kUnknown,
                   "mariadb-0",
                   Uid{"u0"},
                   Elapsed{5},
                   Elapsed{9},
                   {{"k1", "abc"}, {"k2", "def"}},
                   "lost in commit"};
  LedgerRows rows{.member = "mariadb-1",
                  .ok = true,
                  .note = "n",
                  .awaited = "0-100-9",
                  .caught_up = false,
                  .host = "mariadb-1",
                  .server = "101",
                  .read_only = true,
                  .position = "0-100-8",
                  .logged = "0-100-7",
                  .checksum = "12",
                  .replication = "running",
                  .present = {{0, {3, {{1, 2}, {4, 4}}, {2}, 1}}},
                  .damaged = {{0, 4}},
                  .damaged_count = 1};
  return {
      at(1, std::move(seen)),
      at(2, Gap{"pods", "410"}),
      at(3, Step{steps::ScaleDown{.from = 5, .to = 2}, Step::Phase::kTimedOut, "why"}),
      at(4, FaultMark{"DeletePod", FaultMark::Phase::kInject, {"Pod", "database", "mariadb-0", Uid{"u0"}}}),
      at(5,
         DnsAnswer{
             "database/client", "n", "AAAA", "10.96.0.10", "NOERROR", {"fd00::1", "fd00::2"}, 5, false, 42}),
      at(6, std::move(sql)),
      at(7, MountSeen{"mariadb-0", Uid{"u0"}, "/var/lib/mysql", true, "/pvc-1", "/dev/sda", "ext4"}),
      at(8, Trouble{"cut"}),
      at(9, DnsAnswer{.vantage = "database/client",
                      .name = "_sql._tcp.n",
                      .type = "SRV",
                      .server = "10.244.0.2",
                      .rcode = "NOERROR",
                      .addresses = {},
                      .records = {"0 100 3306 a.n"},
                      .replica = true}),
      at(10, LedgerWrites{1, 7, {Elapsed{5}, Elapsed{9}}, {Elapsed{2}, Elapsed{3}}, "ou", "gone"}),
      at(11, LedgerReserved{1, 1000}),
      at(12, LedgerState{"rest", 1}),
      at(13, LedgerRead{"mariadb-1", true, Elapsed{4}, Elapsed{2}, "10.1.2.3", "mariadb-1", {{0, 9}}, ""}),
      at(14, std::move(rows)),
      at(15,
         HostNameSeen{"mariadb-0", Uid{"u0"}, "mariadb-0", "mariadb-0.mariadb.database.svc.cluster.local"})};
}

std::string text_of(const std::vector<Observation>& observations) {
  std::string text = header_line(sample_header()) + "\n";
  for (const Observation& observation : observations) text += observation_line(observation) + "\n";
  return text;
}

TEST_F(RecordingOnDisk, ComesBackAsItWasWritten) {
  const auto observations = one_of_each();
  const std::string text =
      text_of(observations) + end_line({End::Reason::kInterrupted, "Ctrl-C", {{"watch pods", 3}}}) + "\n";
  const auto timeline = load_recording(write(text));
  ASSERT_TRUE(timeline) << timeline.error().sentence;
  // Equal as text means equal in every field that the schema has.
  EXPECT_EQ(text_of(timeline->observations), text_of(observations));
  EXPECT_EQ(header_line(timeline->header), header_line(sample_header()));
  ASSERT_TRUE(timeline->finish);
  EXPECT_EQ(timeline->finish->reason, End::Reason::kInterrupted);
  EXPECT_EQ(timeline->finish->requests.at("watch pods"), 3U);
  ASSERT_NE(timeline->at_index(1).object<Pod>(), nullptr);
  EXPECT_TRUE(timeline->at_index(1).is_deletion());
  EXPECT_THAT(timeline->at_index(5).as<DnsAnswer>()->addresses, ElementsAre("fd00::1", "fd00::2"));
  EXPECT_THAT(timeline->at_index(9).as<DnsAnswer>()->records, ElementsAre("0 100 3306 a.n"));
  EXPECT_TRUE(timeline->at_index(9).as<DnsAnswer>()->replica);
}

TEST_F(RecordingOnDisk, LosesOnlyTheLastLineOfARecorderThatWasKilled) {
  std::string text = text_of(one_of_each());
  text.resize(text.size() - 7);
  const auto timeline = load_recording(write(text));
  ASSERT_TRUE(timeline) << timeline.error().sentence;
  EXPECT_EQ(timeline->size(), one_of_each().size() - 1);
  EXPECT_FALSE(timeline->finish);
}

TEST_F(RecordingOnDisk, DamageInTheMiddleIsRefusedWithItsLine) {
  std::string text = text_of(one_of_each());
  text.replace(text.find("\"kind\":\"gap\""), 12, "\"kind\":\"gop\"");
  const auto timeline = load_recording(write(text));
  ASSERT_FALSE(timeline);
  EXPECT_THAT(timeline.error().sentence, HasSubstr("damaged at line 3: unknown kind of entry 'gop'"));
}

TEST_F(RecordingOnDisk, AMissingLineIsRefused) {
  auto observations = one_of_each();
  observations.erase(observations.begin() + 2);
  EXPECT_THAT(load_recording(write(text_of(observations))).error().sentence,
              HasSubstr("line 4: entry 4 where 3 is expected"));
}

TEST_F(RecordingOnDisk, ForeignFilesAreRefusedInOneSentence) {
  EXPECT_THAT(load_recording(write("{\"kind\":\"Pod\"}\n")).error().sentence, HasSubstr("not a recording"));
  EXPECT_THAT(load_recording(write("<html>\n")).error().sentence, HasSubstr("not a recording"));
  EXPECT_THAT(load_recording(write("")).error().sentence, HasSubstr("is empty"));
  EXPECT_THAT(load_recording("/nonexistent/r.jsonl").error().sentence,
              HasSubstr("cannot be read (No such file"));
  EXPECT_THAT(
      load_recording(write("{\"kind\":\"header\",\"schema\":\"stateproof.recording/9\"}\n")).error().sentence,
      HasSubstr("has schema stateproof.recording/9"));
}

/// The recording with one text in place of another.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = text_of(one_of_each());
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error(from + " is not in the sample");
  return text.replace(at, from.size(), to);
}

TEST_F(RecordingOnDisk, WhatIsOutOfBoundsIsRefusedWithItsLine) {
  const auto why = [this](const std::string& from, const std::string& to) {
    const auto timeline = load_recording(write(changed(from, to)));
    return timeline ? std::string{"it was read"} : timeline.error().sentence;
  };
  for (const char* first : {"0", "-5", "3000000000000", "7.0", "1e3", "\"7\"", "null"})
    EXPECT_THAT(why(R"("first":7)", std::string{R"("first":)"} + first),
                HasSubstr("damaged at line 11: \"first\" is not a whole number from 1 to 1000000000000"))
        << first;
  EXPECT_THAT(why(R"("ended":"ou")", R"("ended":"o")"), HasSubstr("line 11: writes without their times"));
  EXPECT_THAT(why(R"("ended":"ou")", R"("ended":"ox")"), HasSubstr("letters o, f and u"));
  EXPECT_THAT(why(R"("to":2})", R"("to":2.5})"), HasSubstr("line 4: step \"scale-down\": \"to\" is not"));
  EXPECT_THAT(why(R"("phase":"timed-out")", R"("phase":"late")"), HasSubstr("but \"late\""));
  EXPECT_THAT(why(R"("ttl":5)", R"("ttl":-5)"), HasSubstr("line 6: \"ttl\""));
  EXPECT_THAT(why(R"("at_us":2000)", R"("at_us":9e99)"), HasSubstr("line 3: \"at_us\""));
  EXPECT_THAT(why(R"("object":{)", R"("object":7,"other":{)"),
              HasSubstr("line 2: \"object\" is not an object"));
  EXPECT_THAT(why(R"("replicas":5)", R"("replicas":-5)"),
              HasSubstr("line 1: \"subject\" \"replicas\" is not a whole number"));
  EXPECT_THAT(why(R"("environment":{)", R"("environment":7,"other":{)"),
              HasSubstr("line 1: \"environment\" is not an object"));
}

TEST_F(RecordingOnDisk, WhatIsNestedTooDeepIsRefusedWithItsLine) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(load_recording(write(changed(R"("why")", deep))).error().sentence,
              HasSubstr("damaged at line 4: nested more than 100 deep"));
  EXPECT_THAT(load_recording(write(deep + "\n")).error().sentence, HasSubstr("is not a recording"));
}

TEST_F(RecordingOnDisk, ALineThatIsTooLongIsRefused) {
  EXPECT_THAT(
      load_recording(write(changed("\"why\"", '"' + std::string(17U << 20U, 'x') + '"'))).error().sentence,
      HasSubstr("damaged at line 4: it is longer than 16 MiB"));
}

TEST_F(RecordingOnDisk, WhatIsNoFileOrTooLargeIsRefused) {
  EXPECT_THAT(load_recording("/dev/zero").error().sentence, HasSubstr("/dev/zero is not a file"));
  EXPECT_THAT(load_recording(std::filesystem::temp_directory_path()).error().sentence,
              HasSubstr("is not a file"));
  const std::string pipe = write("");
  std::filesystem::remove(pipe);
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(load_recording(pipe).error().sentence, HasSubstr("is not a file"));
  std::filesystem::remove(pipe);
  const std::string large = write("x");
  std::filesystem::resize_file(large, (1ULL << 30U) + 1);  // of which the disk holds one block
  EXPECT_THAT(load_recording(large).error().sentence, HasSubstr("a recording has at most 1024"));
}

TEST_F(RecordingOnDisk, StepsOfOtherVersionsAreKept) {
  const std::string strange = changed(R"("name":"scale-down")", R"("name":"scale-sideways")");
  const auto timeline = load_recording(write(strange));
  ASSERT_TRUE(timeline) << timeline.error().sentence;
  EXPECT_EQ(text_of(timeline->observations), strange);
  const std::string more = changed(R"("to":2})", R"("speed":"slow","to":2})");
  const auto extended = load_recording(write(more));
  ASSERT_TRUE(extended) << extended.error().sentence;
  EXPECT_EQ(text_of(extended->observations), more);
}

TEST(RecordingLines, TextThatIsNotUtf8IsReplaced) {
  const json line = json::parse(observation_line(at(1, Trouble{"caf\xc3"})));
  EXPECT_EQ(line.at("text"), "caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace stateproof::record
