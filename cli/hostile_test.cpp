// Every command that asks an API server, against servers that harm whoever asks them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "cli/testing/child.h"
#include "harness/kube/testing/hostile.h"

namespace stateproof::cli {
namespace {

using namespace std::chrono_literals;
using kube::testing::hostilities;
using kube::testing::Hostility;
using kube::testing::ScriptedServer;
using kube::testing::TemporaryFolder;
using ::testing::AnyOf;
using testing::Child;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::vector<std::string>>& commands() {
  static const std::vector<std::vector<std::string>> all{
      {"doctor", "-n", "shop", "statefulset/web"},
      {"watch", "-n", "shop", "statefulset/web", "--plain", "--timeout", "3s", "--until", "ready"},
      {"run", "--profile", "quick"},
      {"gate", "begin"},
      {"gate", "status"},
      {"sweep"}};
  return all;
}

using Case = std::tuple<std::size_t, std::size_t>;

class HostileServer : public ::testing::TestWithParam<Case> {};

TEST_P(HostileServer, GetsAnErrorAndNothingElse) {
  ScriptedServer elsewhere;
  const Hostility hostility = hostilities(elsewhere.url()).at(std::get<1>(GetParam()));
  ScriptedServer server;
  server.otherwise(hostility.handler);
  const TemporaryFolder folder;

  std::vector<std::string> arguments = commands().at(std::get<0>(GetParam()));
  const std::string out = folder.path() + "/out";
  if (arguments[0] == "run") arguments.insert(arguments.end(), {"--out", out});
  arguments.insert(arguments.end(), {"--kubeconfig", testing::kubeconfig_for(server, folder)});
  Child child(arguments, false);
  // What waits for an answer ends when it is asked to.
  if (!child.ends_within(3s)) child.signal(SIGINT);
  EXPECT_TRUE(child.ends_within(15s)) << "still runs after an interrupt";

  // A list is a list, whatever is in it: then nothing of ours was left behind.
  const auto expected =
      arguments[0] == "sweep" ? ::testing::Matcher<int>(AnyOf(0, 2)) : ::testing::Matcher<int>(2);
  EXPECT_THAT(child.code(), expected) << child.output();
  EXPECT_THAT(child.output(), Not(HasSubstr("very-secret-token")));
  EXPECT_THAT(child.output(), Not(HasSubstr("terminate called")));
  EXPECT_THAT(child.output(), Not(HasSubstr("\x1b]0;")));
  EXPECT_THAT(child.output(), Not(HasSubstr("\xE2\x80\xAE")));
  EXPECT_FALSE(child.output().empty());
  EXPECT_TRUE(elsewhere.requests().empty()) << "followed a redirect";
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(child.peak_kib(), 512 * 1024);
#endif
}

/// Of all of them; each process of ctest asks for all the names.
const std::vector<std::string>& hostility_names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const Hostility& one : hostilities({})) names.push_back(one.name);
    return names;
  }();
  return all;
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  const std::vector<std::string>& words = commands().at(std::get<0>(info.param));
  const std::string command = words[0] == "gate" ? words[0] + words[1] : words[0];
  return command + "_" + hostility_names().at(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(All, HostileServer,
                         ::testing::Combine(::testing::Range(std::size_t{0}, commands().size()),
                                            ::testing::Range(std::size_t{0}, hostility_names().size())),
                         name_of);

}  // namespace
}  // namespace stateproof::cli
