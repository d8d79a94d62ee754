#include "harness/workload/contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace stateproof::workload {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal_of(std::string text) {
  const auto contract = read_contract({"db/workload.yaml", std::move(text)});
  return contract ? "" : contract.error().sentence;
}

TEST(Contract, SaysHowRecordsAreWrittenAndRead) {
  const auto contract =
      read_contract({"db/workload.yaml",
                     "statefulset: db\ncontainer: server\nwrite: put \"$RECORD\"\nread: list\n"
                     "writers: leader\nleader: who\nkill: pkill -9 server\nrecords: own\n"
                     "atLeastOnce: true\nvolatile: false\nlimits: {ready: 600, write: 3}\n"});
  ASSERT_TRUE(contract) << contract.error().sentence;
  EXPECT_EQ(contract->set, "db");
  EXPECT_EQ(contract->container, "server");
  EXPECT_EQ(contract->write, "put \"$RECORD\"");
  EXPECT_EQ(contract->writers, Contract::Writers::kLeader);
  EXPECT_TRUE(contract->own_records);
  EXPECT_TRUE(contract->at_least_once);
  EXPECT_EQ(contract->limits.ready.count(), 600);
  EXPECT_EQ(contract->limits.read.count(), 60);
  EXPECT_EQ(contract->place_of("read"), "db/workload.yaml:4");
}

TEST(Contract, AnOrdinalMayTakeTheWrites) {
  const auto contract = read_contract({"w", "write: a\nread: b\nwriters: 2\n"});
  ASSERT_TRUE(contract);
  EXPECT_EQ(contract->writers, Contract::Writers::kOrdinal);
  EXPECT_EQ(contract->writer, 2);
}

TEST(Contract, ErrorsNameTheLineAndTheNextStep) {
  EXPECT_THAT(refusal_of("write: a\nread: b\nvolatil: true\n"),
              StartsWith("db/workload.yaml:3: there is no key volatil; the keys are "));
  EXPECT_THAT(refusal_of("write: a\nread: b\nvolatile: soon\n"),
              StartsWith("db/workload.yaml:3: volatile must be true or false"));
  EXPECT_THAT(refusal_of("write: a\n"), StartsWith("db/workload.yaml:1: write needs read"));
  EXPECT_THAT(refusal_of("kill: x\nread: b\n"), StartsWith("db/workload.yaml:2: read needs write"));
  EXPECT_THAT(refusal_of("write: a\nread: b\nlimits:\n  ready: 0\n"),
              StartsWith("db/workload.yaml:4: limits/ready must be"));
  EXPECT_THAT(refusal_of("limits: 3\n"), StartsWith("db/workload.yaml:1: limits must be a map"));
  EXPECT_THAT(refusal_of("write: a\nread: b\nwriters: some\n"),
              HasSubstr(":3: writers must be all, leader, or an ordinal"));
  EXPECT_THAT(refusal_of("write: a\nread: b\nwriters: leader\n"),
              HasSubstr(":3: writers: leader needs leader"));
  EXPECT_THAT(refusal_of("write: a\nread: b\nleader: who\n"), HasSubstr(":3: leader is of no use"));
  EXPECT_THAT(refusal_of("records: own\n"), HasSubstr("there is no write"));
  EXPECT_THAT(refusal_of("write: [a, b]\nread: b\n"), HasSubstr(":1: write must be a text"));
  EXPECT_THAT(refusal_of("write: a: b: c\n"), HasSubstr("this is not YAML"));
  EXPECT_THAT(refusal_of("- a\n"), HasSubstr("it must be a map"));
  EXPECT_THAT(refusal_of(""), HasSubstr("one document"));
}

TEST(Contract, TheSchemaHasItsKeysAndNoOthers) {
  std::ifstream file(STATEPROOF_WORKLOAD_SCHEMA);
  const nlohmann::json schema = nlohmann::json::parse(file);
  std::vector<std::string> described;
  for (const auto& [key, value] : schema.at("properties").items()) {
    if (key != "limits") described.push_back(key);
    if (key == "limits")
      for (const auto& [limit, ignored] : value.at("properties").items())
        described.push_back("limits/" + limit);
  }
  EXPECT_THAT(contract_keys(), testing::UnorderedElementsAreArray(described));
}

}  // namespace
}  // namespace stateproof::workload
