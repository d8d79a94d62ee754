#include "harness/check/reference/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stateproof::check {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> fields_of(const json& expected, const json& served,
                                   const std::vector<Leeway>& leeways = {}) {
  std::vector<std::string> fields;
  for (const Difference& one : differences(expected, served, leeways)) fields.push_back(one.field);
  return fields;
}

TEST(Difference, IsTheFieldThatDiffersAndNotWhatIsAroundIt) {
  const json one = {{"spec", {{"containers", {{{"name", "db"}, {"image", "db:1"}, {"tty", true}}}}}}};
  json other = one;
  other["spec"]["containers"][0]["image"] = "db:2";
  EXPECT_THAT(fields_of(one, other), ElementsAre("spec.containers[db].image"));
  EXPECT_THAT(fields_of(one, one), IsEmpty());
}

TEST(Difference, IsWhatIsMissingAndWhatNobodyWrote) {
  EXPECT_THAT(fields_of({{"a", 1}}, {{"b", 2}}), ElementsAre("a", "b"));
}

TEST(Difference, IsNoneWhereAnEmptyValueIsLeftOut) {
  EXPECT_THAT(fields_of({{"a", json::object()}, {"b", ""}, {"c", nullptr}}, json::object()), IsEmpty());
  EXPECT_THAT(fields_of({{"automount", false}}, json::object()), ElementsAre("automount"));
}

TEST(Difference, KnowsElementsByTheirKeyInWhateverOrder) {
  const json a = {{"name", "a"}, {"emptyDir", {{"medium", "Memory"}}}};
  const json b = {{"name", "b"}, {"hostPath", {{"path", "/b"}}}};
  EXPECT_THAT(fields_of({{"volumes", {a, b}}}, {{"volumes", {b, a}}}), IsEmpty());
  EXPECT_THAT(fields_of({{"volumes", {a, b}}}, {{"volumes", {b}}}), ElementsAre("volumes[a]"));
}

TEST(Difference, IsTheOrderWhereTheOrderCounts) {
  const json a = {{"name", "a"}, {"image", "1"}};
  const json b = {{"name", "b"}, {"image", "1"}};
  EXPECT_THAT(fields_of({{"initContainers", {a, b}}}, {{"initContainers", {b, a}}}),
              ElementsAre("initContainers"));
}

TEST(Difference, IsNoneBetweenTwoWordsForOneQuantity) {
  const auto claim = [](const char* size) {
    return json{{"resources", {{"requests", {{"storage", size}}}}}};
  };
  EXPECT_THAT(fields_of(claim("1Gi"), claim("1024Mi")), IsEmpty());
  EXPECT_THAT(fields_of(claim("1Gi"), claim("512Mi")), ElementsAre("resources.requests.storage"));
}

TEST(Difference, LeavesToOthersWhatTheyMayAdd) {
  const std::vector<Leeway> leeways{{"spec tolerations *", "admission", is_added}};
  const json toleration = {{"key", "a"}, {"operator", "Exists"}};
  const json added = {{"key", "b"}, {"operator", "Exists"}};
  EXPECT_THAT(fields_of({{"spec", {{"tolerations", {toleration}}}}},
                        {{"spec", {{"tolerations", {added, toleration}}}}}, leeways),
              IsEmpty());
  EXPECT_THAT(
      fields_of({{"spec", {{"tolerations", {toleration}}}}}, {{"spec", {{"tolerations", {added}}}}}, leeways),
      ElementsAre("spec.tolerations[0]"));
}

}  // namespace
}  // namespace stateproof::check
