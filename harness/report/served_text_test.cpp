#include "harness/report/served_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/report/run_json.h"

namespace stateproof::report {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Served sample() {
  return {{{"kill-primary", 10s, 14s, 2.914, 61.25, 4.0}, {"delete-all", 20s, 80s, 60, 0, 0}},
          {{"replication lag", "ms", 1200, 0.5, 2.25, 8, 31.5, 0},
           {"read-your-own gap", "ms", 0, 0, 0, 0, 0, 4}}};
}

TEST(ServedText, HasALineForEachDisruptionAndTheSeed) {
  const std::string text = served_text(sample(), "replication", 77);
  EXPECT_THAT(text, HasSubstr("Disruptions of replication, seed 77\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("kill-primary +2.91 s +61.2 % +4.00 s\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("delete-all +60.00 s +0.0 % +not in time\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("replication lag +0.5 ms +2.25 ms +8 ms +31.5 ms +1200\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("read-your-own gap +- +- +- +- 0, 4 beyond\n"));
  EXPECT_THAT(served_text({}, "lifecycle", 1), IsEmpty());
}

TEST(ServedText, IsATableForThePage) {
  const std::string page = served_tables(sample(), 77);
  EXPECT_THAT(page, HasSubstr("<td>kill-primary</td><td class=\"number\">2.91 s</td>"));
  EXPECT_THAT(page, HasSubstr("seed 77"));
  EXPECT_THAT(served_tables({}, 1), IsEmpty());
}

TEST(ServedText, IsAPropertyForEachFigure) {
  const auto properties = served_properties(sample());
  EXPECT_EQ(properties.at("write gap after kill-primary"), "2.91 s");
  EXPECT_EQ(properties.at("recovery after delete-all"), "not in time");
  EXPECT_THAT(properties.at("replication lag"), HasSubstr("p99 8 ms"));
}

TEST(ServedText, IsSavedWithItsScenario) {
  ScenarioResult scenario;
  scenario.run = "1";
  scenario.name = "replication";
  scenario.served = sample();
  const ScenarioResult read = scenario_from_json(scenario_to_json(scenario));
  EXPECT_EQ(served_text(read.served, "x", 1), served_text(sample(), "x", 1));
  EXPECT_EQ(read.served.disruptions.front().recovered, 14s);
}

}  // namespace
}  // namespace stateproof::report
