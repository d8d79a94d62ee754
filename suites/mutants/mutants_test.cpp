#include "suites/mutants/mutants.h"

#include <gtest/gtest.h>

#include <set>

#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "suites/catalogue.h"

namespace stateproof::mutants {
namespace {

TEST(Mutants, EachChangesTheDeployment) {
  for (const Mutant& mutant : all()) {
    const bool of_the_database = find_promise(mutant.promise)->scenario == "lifecycle";
    const auto honest = of_the_database ? fixtures::mariadb_objects("image:1", Replicas{3})
                                        : fixtures::sleeper_objects("image:1");
    auto objects = honest;
    mutant.mutate(objects);
    EXPECT_NE(objects, honest) << mutant.name;
  }
}

TEST(Mutants, EachNamesAPromiseAndOneOfItsRequirements) {
  for (const Mutant& mutant : all()) {
    const Promise* promise = find_promise(mutant.promise);
    ASSERT_NE(promise, nullptr) << mutant.name;
    std::set<std::string_view> requirements;
    for (const Requirement& requirement : promise->requirements) requirements.insert(requirement.id);
    EXPECT_TRUE(requirements.contains(mutant.requirement)) << mutant.name;
  }
}

TEST(Mutants, EveryPromiseHasOne) {
  std::set<std::string_view> guarded;
  for (const Mutant& mutant : all()) guarded.insert(mutant.promise);
  for (const Promise& promise : catalogue()) EXPECT_TRUE(guarded.contains(promise.id)) << promise.id;
}

TEST(Mutants, AreFoundByName) {
  EXPECT_EQ(find("empty-dir")->promise, "data-survival");
  EXPECT_EQ(find("nothing"), nullptr);
}

}  // namespace
}  // namespace stateproof::mutants
