#include "harness/record/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

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
              HasSubstr("line 4: entry 4 stands where 3 belongs"));
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

TEST(RecordingLines, TextThatIsNotUtf8IsReplaced) {
  const json line = json::parse(observation_line(at(1, Trouble{"caf\xc3"})));
  EXPECT_EQ(line.at("text"), "caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace stateproof::record
