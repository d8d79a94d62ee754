#include "suites/mutants/mutants.h"

#include <gtest/gtest.h>

#include <set>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb-replicated/replicated.h"
#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/report/contrast.h"
#include "suites/catalogue.h"
#include "suites/mutants/wrong_histories.h"

namespace stateproof::mutants {
namespace {

/// Everything that scenarios with this workload create.
std::vector<nlohmann::json> honest_objects(std::string_view scenario) {
  if (scenario == "lifecycle") return fixtures::mariadb_objects("image:1", Replicas{3});
  if (scenario == "replication" || scenario == "catch-up") {
    auto objects = fixtures::replicated_objects("image:1", {.clone = scenario == "catch-up"});
    for (auto& object : fixtures::ledger_objects("image:1", fixtures::replicated_subject("database"), {}))
      objects.push_back(object);
    return objects;
  }
  auto objects = fixtures::sleeper_objects("image:1");
  for (auto& loose : fixtures::loose_objects("image:1")) objects.push_back(loose);
  objects.push_back(fixtures::sleeper_budget({2}));
  objects.push_back(fixtures::publishing_service());
  if (scenario == "parallel")
    fixtures::object_of_kind(objects, "StatefulSet")["spec"]["podManagementPolicy"] = "Parallel";
  return objects;
}

TEST(Mutants, EachChangesTheDeployment) {
  for (const Mutant& mutant : all()) {
    if (mutant.interfere != nullptr) continue;
    const auto honest = honest_objects(find_promise(mutant.promise)->scenario);
    auto objects = honest;
    mutant.mutate(objects);
    EXPECT_NE(objects, honest) << mutant.name;
  }
}

void expect_requirement(std::string_view promise_id, std::string_view requirement, std::string_view mutant) {
  const Promise* promise = find_promise(promise_id);
  ASSERT_NE(promise, nullptr) << mutant;
  std::set<std::string_view> requirements;
  for (const Requirement& one : promise->requirements) requirements.insert(one.id);
  EXPECT_TRUE(requirements.contains(requirement)) << mutant;
}

TEST(Mutants, EachNamesAPromiseAndOneOfItsRequirements) {
  for (const Mutant& mutant : all()) expect_requirement(mutant.promise, mutant.requirement, mutant.name);
  for (const WrongHistory& history : wrong_histories())
    expect_requirement(history.promise, history.requirement, history.name);
}

TEST(Mutants, EveryRequirementHasOne) {
  std::set<std::string_view> guarded;
  for (const Mutant& mutant : all()) guarded.insert(mutant.requirement);
  for (const WrongHistory& history : wrong_histories()) guarded.insert(history.requirement);
  for (const Promise& promise : catalogue())
    for (const Requirement& requirement : promise.requirements)
      EXPECT_TRUE(guarded.contains(requirement.id)) << requirement.id;
}

TEST(ContrastTable, HasALineForEachPromiseThatCompares) {
  Timeline timeline;
  Pod pod;
  pod.meta.ref = {"Pod", "", "loose-5d8f-abcde", Uid{"1"}};
  pod.meta.labels = {{"pod-template-hash", "5d8f"}};
  pod.meta.owners = {{"ReplicaSet", "loose-5d8f", Uid{"2"}, true}};
  timeline.observations.push_back({1, {}, ObjectSeen{Change::kAdded, pod, nullptr, false}});
  std::set<std::string_view> lines;
  for (const report::ContrastLine& line : report::contrast_lines(timeline)) lines.insert(line.feature);
  std::set<std::string_view> compared;
  for (const Promise& promise : catalogue())
    if (promise.group == "contrast") compared.insert(promise.compares);
  EXPECT_EQ(compared, lines);
}

TEST(Mutants, AreFoundByName) {
  EXPECT_EQ(find("empty-dir")->promise, "data-survival");
  EXPECT_EQ(find("nothing"), nullptr);
}

}  // namespace
}  // namespace stateproof::mutants
