#include "harness/kube/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/kube/testing/temporary_folder.h"

namespace stateproof::kube {
namespace {

using namespace std::chrono_literals;
using stateproof::kube::testing::TemporaryFolder;
using std::chrono::system_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kVersion = "client.authentication.k8s.io/v1";

/// A clock that stands still until it is told otherwise.
struct Clock {
  system_clock::time_point time = system_clock::from_time_t(1'800'000'000);
  Credentials::Now reader() {
    return [this] { return time; };
  }
};

ClusterConfig plugin_config(const std::string& shell_script) {
  ClusterConfig config;
  config.server = "https://api.example";
  config.exec = ExecPlugin{.api_version = kVersion,
                           .command = "/bin/sh",
                           .args = {"-c", shell_script},
                           .interactive_mode = "Never"};
  return config;
}

/// Shell text that prints an ExecCredential with this status.
std::string prints(const nlohmann::json& status) {
  const nlohmann::json credential{{"kind", "ExecCredential"}, {"apiVersion", kVersion}, {"status", status}};
  return "cat <<'END'\n" + credential.dump() + "\nEND\n";
}

std::string authorization(Credentials& credentials) {
  const auto credential = credentials.current();
  return credential ? credential->authorization.reveal() : "no credential: " + credential.error().sentence();
}

std::string failure(Credentials& credentials) {
  const auto credential = credentials.current();
  return credential ? "no failure" : credential.error().sentence();
}

std::size_t line_count(const std::string& path) {
  std::ifstream file(path);
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

TEST(Credentials, AreNoneWithoutALogin) {
  Credentials credentials{ClusterConfig{}};
  EXPECT_EQ(authorization(credentials), "");
  EXPECT_FALSE(credentials.sends_secret());
  EXPECT_FALSE(credentials.refused(1));
}

TEST(Credentials, SendTokenOrPassword) {
  ClusterConfig config;
  config.username = "jo";
  config.password = SecretText{"secret"};
  Credentials basic{config};
  EXPECT_EQ(authorization(basic), "Basic am86c2VjcmV0");
  config.token = SecretText{"abc"};
  Credentials bearer{config};
  EXPECT_EQ(authorization(bearer), "Bearer abc");
  EXPECT_FALSE(bearer.refused(1)) << "a fixed token cannot be renewed";
}

TEST(Credentials, RefuseATokenThatWouldAddHeaderLines) {
  ClusterConfig config;
  config.token = SecretText{"abc\r\nX-Admin: yes"};
  Credentials credentials{config};
  EXPECT_THAT(failure(credentials), AllOf(HasSubstr("characters that no token has"), Not(HasSubstr("abc"))));
}

TEST(TokenFile, IsReadAgainAfterAMinute) {
  const TemporaryFolder folder;
  ClusterConfig config;
  config.token_file = folder.write("token", "first\n");
  config.token = SecretText{"ignored"};
  Clock clock;
  Credentials credentials{config, {}, clock.reader()};
  EXPECT_EQ(authorization(credentials), "Bearer first");
  std::ignore = folder.write("token", "second");
  clock.time += 59s;
  EXPECT_EQ(authorization(credentials), "Bearer first");
  clock.time += 1s;
  EXPECT_EQ(authorization(credentials), "Bearer second");
}

TEST(TokenFile, IsReadAgainAtOnceAfterARefusal) {
  const TemporaryFolder folder;
  ClusterConfig config;
  config.token_file = folder.write("token", "first");
  Credentials credentials{config};
  const auto used = credentials.current();
  ASSERT_TRUE(used);
  std::ignore = folder.write("token", "second");
  EXPECT_TRUE(credentials.refused(used->generation));
  EXPECT_EQ(authorization(credentials), "Bearer second");
}

TEST(TokenFile, IsNamedWhenItIsMissingOrEmpty) {
  const TemporaryFolder folder;
  ClusterConfig config;
  config.token_file = "/nowhere/token";
  Credentials missing{config};
  EXPECT_THAT(failure(missing), HasSubstr("/nowhere/token cannot be read"));
  config.token_file = folder.write("token", "\n");
  Credentials empty{config};
  EXPECT_THAT(failure(empty), HasSubstr("is empty"));
}

TEST(ExecPlugin, GivesAToken) {
  Credentials credentials{plugin_config(prints({{"token", "abc"}}))};
  EXPECT_EQ(authorization(credentials), "Bearer abc");
}

TEST(ExecPlugin, GivesAClientCertificate) {
  Credentials credentials{
      plugin_config(prints({{"clientCertificateData", "CERT"}, {"clientKeyData", "KEY"}}))};
  const auto credential = credentials.current();
  ASSERT_TRUE(credential) << credential.error().sentence();
  EXPECT_EQ(credential->client_certificate_pem, "CERT");
  EXPECT_EQ(credential->client_key_pem.reveal(), "KEY");
  EXPECT_TRUE(credential->authorization.empty());
}

TEST(ExecPlugin, FindsVersionClusterAndItsOwnVariablesInTheEnvironment) {
  const TemporaryFolder folder;
  const std::string seen = folder.path() + "/seen";
  auto config = plugin_config("echo \"$KUBERNETES_EXEC_INFO\" >" + seen + "; echo \"$COLOUR\" >>" + seen +
                              ";" + prints({{"token", "abc"}}));
  config.exec->env = {{"COLOUR", "blue"}};
  config.exec->provide_cluster_info = true;
  config.ca_pem = "PEM";
  Credentials credentials{config};
  EXPECT_EQ(authorization(credentials), "Bearer abc");
  std::ifstream file(seen);
  std::string info;
  std::string colour;
  std::getline(file, info);
  std::getline(file, colour);
  EXPECT_EQ(nlohmann::json::parse(info),
            nlohmann::json::parse(R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
              "spec":{"interactive":false,"cluster":{"server":"https://api.example","certificate-authority-data":"UEVN"}}})"));
  EXPECT_EQ(colour, "blue");
}

TEST(ExecPlugin, ItsComplaintHoldsNoCredential) {
  Credentials credentials{plugin_config(
      "echo 'login --password hunter2 failed; MYSQL_PWD=hunter2 Authorization: Basic aHVudGVyMg==' >&2;"
      "printf '\\302\\233token=hunter2' >&2; exit 3")};
  const auto answer = credentials.current();
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().sentence(),
              AllOf(HasSubstr("exit code 3"), HasSubstr("login --password (redacted)"),
                    Not(HasSubstr("hunter2")), Not(HasSubstr("aHVudGVyMg"))));
}

TEST(ExecPlugin, RunsOnceUntilItsCredentialExpires) {
  const TemporaryFolder folder;
  const std::string runs = folder.path() + "/runs";
  Clock clock;
  clock.time = system_clock::from_time_t(1'767'225'600);  // 2026-01-01T00:00:00Z
  Credentials credentials{
      plugin_config("echo run >>" + runs + ";" +
                    prints({{"token", "abc"}, {"expirationTimestamp", "2026-01-01T00:05:00Z"}})),
      {},
      clock.reader()};
  EXPECT_EQ(authorization(credentials), "Bearer abc");
  clock.time += 4min;
  EXPECT_EQ(authorization(credentials), "Bearer abc");
  EXPECT_EQ(line_count(runs), 1U);
  clock.time += 1min;
  EXPECT_EQ(authorization(credentials), "Bearer abc");
  EXPECT_EQ(line_count(runs), 2U);
}

TEST(ExecPlugin, RunsAgainAfterARefusalButOnlyOnceForAllWhoWereRefused) {
  const TemporaryFolder folder;
  const std::string runs = folder.path() + "/runs";
  Credentials credentials{plugin_config("echo run >>" + runs + ";" + prints({{"token", "abc"}}))};
  const auto used = credentials.current();
  ASSERT_TRUE(used);
  EXPECT_TRUE(credentials.refused(used->generation));
  EXPECT_EQ(authorization(credentials), "Bearer abc");
  EXPECT_TRUE(credentials.refused(used->generation)) << "refused late: somebody else has renewed it";
  EXPECT_EQ(authorization(credentials), "Bearer abc");
  EXPECT_EQ(line_count(runs), 2U);
}

TEST(ExecPlugin, IsSharedByConcurrentCallers) {
  const TemporaryFolder folder;
  const std::string runs = folder.path() + "/runs";
  Credentials credentials{plugin_config("echo run >>" + runs + ";" + prints({{"token", "abc"}}))};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] { EXPECT_EQ(authorization(credentials), "Bearer abc"); });
    }
  }
  EXPECT_EQ(line_count(runs), 1U);
}

TEST(ExecPlugin, ThatIsMissingShowsItsInstallHint) {
  auto config = plugin_config("");
  config.exec->command = "no-such-login-command";
  config.exec->install_hint = "get it from the platform team";
  Credentials credentials{config};
  EXPECT_THAT(failure(credentials), AllOf(HasSubstr("\"no-such-login-command\" is not installed"),
                                          HasSubstr("from the platform team")));
}

TEST(ExecPlugin, ThatFailsShowsTheEndOfItsStderrButNeverItsStdout) {
  Credentials credentials{plugin_config("echo hidden-token; echo 'session expired' >&2; exit 3")};
  EXPECT_THAT(failure(credentials),
              AllOf(HasSubstr("exit code 3"), HasSubstr("session expired"), Not(HasSubstr("hidden-token"))));
}

TEST(ExecPlugin, ThatPrintsSomethingElseIsNotQuoted) {
  Credentials credentials{plugin_config("echo hidden-token")};
  EXPECT_THAT(failure(credentials),
              AllOf(HasSubstr("did not print an ExecCredential"), Not(HasSubstr("hidden-token"))));
}

TEST(ExecPlugin, ThatSpeaksAnotherVersionIsNamed) {
  auto config = plugin_config(prints({{"token", "abc"}}));
  config.exec->api_version = "client.authentication.k8s.io/v1beta1";
  Credentials credentials{config};
  EXPECT_THAT(failure(credentials), HasSubstr("asks for client.authentication.k8s.io/v1beta1"));
  config.exec->api_version = "client.authentication.k8s.io/v1alpha1";
  Credentials unknown{config};
  EXPECT_THAT(failure(unknown), HasSubstr("v1 and v1beta1 are known"));
}

TEST(ExecPlugin, ThatDiesByASignalIsNamed) {
  Credentials credentials{plugin_config("kill -9 $$")};
  EXPECT_THAT(failure(credentials), HasSubstr("signal 9"));
}

TEST(ExecPlugin, ThatHangsIsEndedByTheLimitTogetherWithItsChildren) {
  Credentials credentials{plugin_config("echo waiting for the browser >&2; sleep 1000 & wait"),
                          {.plugin_time = 1s}};
  EXPECT_THAT(failure(credentials), AllOf(HasSubstr("within 1 s"), HasSubstr("waiting for the browser")));
}

TEST(ExecPlugin, IsNotWaitedForWhenItLeavesAChildWithOurPipes) {
  Credentials credentials{plugin_config("sleep 10 & " + prints({{"token", "abc"}}))};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(authorization(credentials), "Bearer abc");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 9s);
}

TEST(ExecPlugin, EndsWhenTheCallerStops) {
  const TemporaryFolder folder;
  Credentials credentials{plugin_config("exec sleep 1000")};
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  const auto credential = credentials.current(stop.get_token());
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().kind, ApiError::Kind::kCancelled);
}

TEST(ExecPlugin, ThatNeedsAPersonIsRefusedWithoutATerminal) {
  auto config = plugin_config(prints({{"token", "abc"}}));
  config.exec->interactive_mode = "Always";
  Credentials credentials{config};
  if (::isatty(STDIN_FILENO) == 1) GTEST_SKIP() << "there is a terminal";
  EXPECT_THAT(failure(credentials), HasSubstr("standard input is no terminal"));
}

}  // namespace
}  // namespace stateproof::kube
