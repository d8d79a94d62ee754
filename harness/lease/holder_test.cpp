#include "harness/lease/holder.h"

#include <gtest/gtest.h>

namespace stateproof::lease {
namespace {

TEST(Holder, IsReadBackFromItsIdentity) {
  const Holder holder = Holder::this_process();
  EXPECT_EQ(Holder::parse(holder.identity()), holder);
  for (const char* other : {"", "someone", "host/x/1", "host/1", "host/1/", "host/1x/2"})
    EXPECT_EQ(Holder::parse(other), std::nullopt) << other;
}

TEST(Holder, IsAnotherOneEachTimeEvenInOneProcess) {
  EXPECT_NE(Holder::this_process(), Holder::this_process());
}

TEST(Holder, IsShownToPeople) {
  EXPECT_EQ((Holder{"ci-3", 12, "t"}.shown()), "process 12 on ci-3");
  EXPECT_EQ(Holder::nobody().shown(), "a gate that is open");
}

}  // namespace
}  // namespace stateproof::lease
