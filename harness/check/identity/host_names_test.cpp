#include "harness/check/identity/host_names.h"

#include <gtest/gtest.h>

#include "harness/check/testing/matchers.h"
#include "harness/check/testing/story.h"

namespace stateproof::check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// mariadb-0 was looked into, and was replaced; the last entry is #6.
Story looked_into() { return Story{}.created(0).ready(0).host_names(0).terminating(0).deleted(0).created(0); }

TEST(HostName, IsThePodsNameBeforeAndAfterReplacement) {
  EXPECT_THAT(host_name_is_pod_name(looked_into().host_names(0)), IsConformant());
  EXPECT_THAT(full_host_name_is_in_the_service(looked_into().host_names(0)), IsConformant());
}

TEST(HostName, AnotherOneIsABreach) {
  const Story story = looked_into().host_names(0, [](HostNameSeen& seen) { seen.name = "node-1"; });
  EXPECT_THAT(host_name_is_pod_name(story), IsNonconformant(ElementsAre(7)));
  EXPECT_THAT(full_host_name_is_in_the_service(story), IsConformant());
}

TEST(HostName, AFullNameElsewhereIsABreach) {
  for (const char* name : {"", "mariadb-0", "mariadb-0.other.database.svc.cluster.local"}) {
    const Story story = looked_into().host_names(0, [&](HostNameSeen& seen) { seen.qualified = name; });
    EXPECT_THAT(full_host_name_is_in_the_service(story), IsNonconformant(ElementsAre(7))) << name;
  }
}

TEST(HostName, TheClustersOwnDomainIsItsToChoose) {
  EXPECT_THAT(
      full_host_name_is_in_the_service(looked_into().host_names(
          0, [](HostNameSeen& seen) { seen.qualified = "mariadb-0.mariadb.database.svc.example.org"; })),
      IsConformant());
}

TEST(HostName, IsInDoubtUntilAPodWasLookedIntoAgain) {
  EXPECT_THAT(host_name_is_pod_name(Story{}.created(0)), IsInconclusive(HasSubstr("no host name was read")));
  EXPECT_THAT(host_name_is_pod_name(looked_into()), IsInconclusive(HasSubstr("again")));
}

}  // namespace
}  // namespace stateproof::check
