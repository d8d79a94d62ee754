#include "harness/diagnosis/shell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "harness/diagnosis/last_words.h"
#include "harness/diagnosis/scheduler_words.h"

namespace stateproof::diagnosis {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string printed(const std::string& word) {
  std::string out;
  FILE* shell = ::popen(("printf %s " + shell_word(word)).c_str(), "r");
  std::array<char, 256> bytes{};
  for (std::size_t size = 0; (size = std::fread(bytes.data(), 1, bytes.size(), shell)) > 0;)
    out.append(bytes.data(), size);
  ::pclose(shell);
  return out;
}

TEST(Shell, GivesEachWordBackAsItWas) {
  for (const std::string word : {"plain", "app=web,tier=db", "", "two words", "it's",
                                 "$HOME `id` \"x\" \\ ! ; # *", "<", "a<b>c", "{\"a\":\"b'c\"}", "~"})
    EXPECT_EQ(printed(word), word);
}

TEST(Shell, QuotesOnlyWhatMustBeAndLeavesPlaceholders) {
  EXPECT_EQ(command_line({"kubectl", "-n", "shop", "set", "image", "web=x:1"}),
            "kubectl -n shop set image web=x:1");
  EXPECT_EQ(command_line({"create", "-f", "<claim.yaml>"}), "create -f <claim.yaml>");
  EXPECT_EQ(command_line({"sh", "-c", "a && b"}), "sh -c 'a && b'");
  EXPECT_EQ(create_command("", {{"kind", "Thing"}}),
            "printf %s '{\"kind\":\"Thing\"}' | kubectl create -f -");
}

TEST(SchedulerWords, AreCountedByReason) {
  const auto reasons = scheduler_reasons(
      "0/5 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 "
      "Insufficient cpu, 2 node(s) "
      "had volume node affinity conflict. preemption: 0/5 nodes are available: 5 Preemption is not helpful "
      "for scheduling.");
  ASSERT_THAT(reasons, SizeIs(3));
  EXPECT_EQ(reasons[1].nodes, 2);
  EXPECT_EQ(reasons[1].words, "Insufficient cpu");
  EXPECT_EQ(decisive(reasons)->id, "insufficient-resources");
  EXPECT_THAT(scheduler_reasons(""), SizeIs(0));
  EXPECT_THAT(scheduler_reasons("no nodes available: "), SizeIs(0));
  EXPECT_EQ(scheduler_reasons("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
                .front()
                .id,
            "claim-not-bound");
}

TEST(LastWords, AreTheSameOnlyWhenTheyDifferInNumbersAlone) {
  EXPECT_EQ(repeated_line("a\nwait 1\nwait 2\nwait 3\n", 3), "wait 3");
  EXPECT_EQ(repeated_line("wait 1\nwait 2\ndone\n", 3), "");
  EXPECT_EQ(repeated_line("wait 1\n", 3), "");
}

TEST(LastWords, NameTheCauseThatIsNearestToTheEnd) {
  const auto id = [](const std::string& log) {
    const auto found = known_line(log, {}, "db");
    return std::string{found ? found->id : "none"};
  };
  EXPECT_EQ(id("connect: Connection refused\nwrite /data/x: NO SPACE LEFT on device\naborting\n"),
            "volume-full");
  EXPECT_EQ(id("could not create lock file \"/run/x.lock\": Permission denied\n"), "permission-denied");
  EXPECT_EQ(id("mariadbd: unknown variable 'no-such-option=1'\n"), "option-unknown");
  // Programs look for many a file that they can do without.
  EXPECT_EQ(id("cat: /etc/app.conf: No such file or directory\n"), "file-missing");
  EXPECT_EQ(id("cat: /etc/app.conf: No such file or directory\none\ntwo\nthree\n"), "none");
  EXPECT_EQ(id("bind: Address already in use\ncat: /run/pid: No such file or directory\n"), "port-in-use");
}

}  // namespace
}  // namespace stateproof::diagnosis
