#include "suites/ctest/registered.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suites/catalogue.h"
#include "suites/faults/faults.h"
#include "suites/mutants/mutants.h"

namespace stateproof {
namespace {

TEST(Ctest, KnowsEveryPromise) {
  std::vector<std::string> ids;
  for (const Promise& promise : catalogue()) ids.emplace_back(promise.id);
  EXPECT_THAT(kRegisteredPromises, testing::UnorderedElementsAreArray(ids));
}

TEST(Ctest, KnowsEveryMutant) {
  std::vector<std::string> names;
  for (const mutants::Mutant& mutant : mutants::all()) names.emplace_back(mutant.name);
  EXPECT_THAT(kRegisteredMutants, testing::UnorderedElementsAreArray(names));
}

TEST(Ctest, KnowsEveryFault) {
  std::vector<std::string> names;
  for (const faults::Fault& fault : faults::all()) names.emplace_back(fault.name);
  EXPECT_THAT(kRegisteredFaults, testing::UnorderedElementsAreArray(names));
}

}  // namespace
}  // namespace stateproof
