#include "harness/kube/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <tuple>

#include "harness/kube/testing/temporary_folder.h"

namespace stateproof::kube {
namespace {

using stateproof::kube::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

// base64 of "-----BEGIN CERTIFICATE-----\ninline" and the like.
constexpr const char* kInlinePem = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCmlubGluZQ==";
constexpr const char* kFilePem = "-----BEGIN CERTIFICATE-----\nfrom a file\n";

std::string minimal(const std::string& cluster, const std::string& user = "{}") {
  return "current-context: c\n"
         "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
         "clusters: [{name: k, cluster: " +
         cluster +
         "}]\n"
         "users: [{name: u, user: " +
         user + "}]\n";
}

Result<ClusterConfig> resolved(const std::string& text, const std::string& context = "") {
  return resolve_kubeconfigs({{"/home/jo/.kube/config", text}}, context);
}

std::string sentence(const Result<ClusterConfig>& result) {
  return result ? "no error" : result.error().sentence();
}

/// Sets or unsets a variable for the length of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value.empty() ? ::unsetenv(name) : ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(Kubeconfig, GivesServerNamespaceAndInlineCertificates) {
  const auto config = resolved(
      "current-context: dev\n"
      "contexts:\n- name: dev\n  context: {cluster: k, user: u, namespace: shop}\n"
      "clusters:\n- name: k\n  cluster:\n    server: https://10.0.0.1:6443\n    tls-server-name: "
      "api.example\n"
      "    proxy-url: http://proxy.example:3128\n    certificate-authority-data: " +
      std::string(kInlinePem) +
      "\n"
      "users:\n- name: u\n  user:\n    client-certificate-data: " +
      kInlinePem + "\n    client-key-data: " + kInlinePem + "\n");
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->context, "dev");
  EXPECT_EQ(config->server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->tls_server_name, "api.example");
  EXPECT_EQ(config->proxy_url, "http://proxy.example:3128");
  EXPECT_EQ(config->default_namespace, "shop");
  EXPECT_EQ(config->ca_pem, "-----BEGIN CERTIFICATE-----\ninline");
  EXPECT_EQ(config->client_key_pem.reveal(), "-----BEGIN CERTIFICATE-----\ninline");
}

TEST(Kubeconfig, ReadsFilesRelativeToTheFileThatNamesThem) {
  const TemporaryFolder folder;
  std::ignore = folder.write("a/pki/ca.crt", kFilePem);
  const std::string path = folder.write(
      "a/config",
      minimal("{server: 'https://x', certificate-authority: pki/ca.crt}", "{tokenFile: tokens/t}"));
  const auto config = load_cluster_config({.path = path});
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->ca_pem, kFilePem);
  EXPECT_EQ(config->token_file, folder.path() + "/a/tokens/t");
}

TEST(Kubeconfig, PrefersInlineDataOverFiles) {
  const auto config =
      resolved(minimal("{server: 'https://x', certificate-authority: /nowhere, certificate-authority-data: " +
                       std::string(kInlinePem) + "}"));
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_THAT(config->ca_pem, HasSubstr("inline"));
}

TEST(Kubeconfig, MergesAListSoThatTheFirstFileToNameAnEntryWins) {
  const std::string first =
      "contexts: [{name: a, context: {cluster: k, user: u}}]\n"
      "clusters: [{name: k, cluster: {server: 'https://first'}}]\n";
  const std::string second =
      "current-context: a\n"
      "contexts: [{name: a, context: {cluster: other, user: u}}, {name: b, context: {cluster: k, user: u}}]\n"
      "clusters: [{name: k, cluster: {server: 'https://second'}}]\n"
      "users: [{name: u, user: {token: t}}]\n";
  const auto config = resolve_kubeconfigs({{"/1", first}, {"/2", second}}, "");
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->context, "a");
  EXPECT_EQ(config->server, "https://first");
  EXPECT_EQ(config->token.reveal(), "t");
}

TEST(Kubeconfig, TakesTheCurrentContextOfTheFirstFileThatSetsOne) {
  const std::string all =
      "contexts: [{name: a, context: {cluster: k}}, {name: b, context: {cluster: k}}]\n"
      "clusters: [{name: k, cluster: {server: 'https://x'}}]\n";
  const auto config =
      resolve_kubeconfigs({{"/1", all}, {"/2", "current-context: b"}, {"/3", "current-context: a"}}, "");
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->context, "b");
}

TEST(Kubeconfig, LetsTheCallerChooseTheContext) {
  const auto config = resolved(
      "current-context: a\n"
      "contexts: [{name: a, context: {cluster: k}}, {name: b, context: {cluster: l}}]\n"
      "clusters: [{name: k, cluster: {server: 'https://k'}}, {name: l, cluster: {server: 'https://l'}}]",
      "b");
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->server, "https://l");
}

TEST(Kubeconfig, ReadsEveryWayToLogIn) {
  const auto basic = resolved(minimal("{server: 'https://x'}", "{username: jo, password: '12345'}"));
  ASSERT_TRUE(basic) << sentence(basic);
  EXPECT_EQ(basic->username, "jo");
  EXPECT_EQ(basic->password.reveal(), "12345");

  const auto plugin = resolved(
      minimal("{server: 'https://x'}",
              "{exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/login, args: [get, token], "
              "env: [{name: A, value: b}], installHint: install it, interactiveMode: Never, "
              "provideClusterInfo: true}}"));
  ASSERT_TRUE(plugin) << sentence(plugin);
  ASSERT_TRUE(plugin->exec);
  EXPECT_EQ(plugin->exec->command, "/home/jo/.kube/bin/login");
  EXPECT_THAT(plugin->exec->args, ElementsAre("get", "token"));
  EXPECT_THAT(plugin->exec->env, ElementsAre(Pair("A", "b")));
  EXPECT_EQ(plugin->exec->install_hint, "install it");
  EXPECT_EQ(plugin->exec->interactive_mode, "Never");
  EXPECT_TRUE(plugin->exec->provide_cluster_info);
}

TEST(Kubeconfig, LooksUpABareCommandInPath) {
  const auto config = resolved(minimal("{server: 'https://x'}", "{exec: {apiVersion: v, command: login}}"));
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->exec->command, "login");
}

TEST(Kubeconfig, ReadsImpersonation) {
  const auto config =
      resolved(minimal("{server: 'https://x'}",
                       "{as: ann, as-uid: '7', as-groups: [ops, dev], as-user-extra: {scope: [a, b]}}"));
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->impersonate_user, "ann");
  EXPECT_EQ(config->impersonate_uid, "7");
  EXPECT_THAT(config->impersonate_groups, ElementsAre("ops", "dev"));
  EXPECT_THAT(config->impersonate_extra, ElementsAre(Pair("scope", ElementsAre("a", "b"))));
}

TEST(Kubeconfig, NamesTheKnownContextsWhenTheWantedOneIsMissing) {
  const auto config = resolved("contexts: [{name: a, context: {}}, {name: b, context: {}}]", "c");
  EXPECT_EQ(sentence(config),
            "/home/jo/.kube/config has no context \"c\"; choose one with --context (available: a, b)");
}

TEST(Kubeconfig, NamesTheContextsWhenNoneIsCurrent) {
  EXPECT_THAT(sentence(resolved("contexts: [{name: a, context: {}}]")),
              AllOf(HasSubstr("no current-context"), HasSubstr("available: a")));
}

TEST(Kubeconfig, NamesAClusterThatNoFileDefines) {
  EXPECT_THAT(
      sentence(resolved("current-context: c\ncontexts: [{name: c, context: {cluster: gone}}]")),
      AllOf(HasSubstr("contexts[c].context.cluster of /home/jo/.kube/config"), HasSubstr("\"gone\"")));
}

TEST(Kubeconfig, NamesFieldAndFileOfBadBase64WithoutShowingIt) {
  EXPECT_THAT(sentence(resolved(minimal("{server: 'https://x'}", "{client-certificate-data: '?secret?'}"))),
              AllOf(HasSubstr("users[u].user.client-certificate-data of /home/jo/.kube/config is not base64"),
                    Not(HasSubstr("secret"))));
}

TEST(Kubeconfig, RefusesDataThatIsNoPem) {
  EXPECT_THAT(sentence(resolved(minimal("{server: 'https://x', certificate-authority-data: aGVsbG8=}"))),
              HasSubstr("does not contain PEM"));
}

TEST(Kubeconfig, RefusesACertificateWithoutItsKey) {
  EXPECT_THAT(sentence(resolved(minimal("{server: 'https://x'}",
                                        "{client-certificate-data: " + std::string(kInlinePem) + "}"))),
              HasSubstr("needs its key"));
}

TEST(Kubeconfig, NamesAFileThatIsMissing) {
  EXPECT_THAT(
      sentence(resolved(minimal("{server: 'https://x', certificate-authority: ca.crt}"))),
      HasSubstr(
          "clusters[k].cluster.certificate-authority of /home/jo/.kube/config names /home/jo/.kube/ca.crt"));
  EXPECT_THAT(sentence(load_cluster_config({.path = "/nowhere/config"})),
              HasSubstr("/nowhere/config cannot be read"));
}

TEST(Kubeconfig, ShowsWhereYamlIsBroken) {
  EXPECT_THAT(sentence(resolved("a: [1, 2\nb: }")),
              AllOf(HasSubstr("/home/jo/.kube/config is not valid YAML"), HasSubstr("line 2")));
  EXPECT_THAT(sentence(resolved("just words")), HasSubstr("is not a kubeconfig"));
  EXPECT_THAT(sentence(resolved("contexts: 7")),
              HasSubstr("contexts of /home/jo/.kube/config is not a list"));
}

TEST(Kubeconfig, RefusesContradictingTrust) {
  EXPECT_THAT(sentence(resolved(minimal(
                  "{server: 'https://x', insecure-skip-tls-verify: true, certificate-authority-data: " +
                  std::string(kInlinePem) + "}"))),
              HasSubstr("contradicts"));
  EXPECT_THAT(sentence(resolved(minimal("{server: 'https://x', insecure-skip-tls-verify: perhaps}"))),
              HasSubstr("true or false"));
}

TEST(Kubeconfig, PassesOverMissingFilesOfTheList) {
  const TemporaryFolder folder;
  const std::string there = folder.write("config", minimal("{server: 'https://x'}"));
  const Variable list("KUBECONFIG", folder.path() + "/gone::" + there);
  const auto config = load_cluster_config({});
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->server, "https://x");
}

TEST(Kubeconfig, SaysWhenNoFileOfTheListExists) {
  const Variable list("KUBECONFIG", "/gone/a:/gone/b");
  EXPECT_THAT(sentence(load_cluster_config({})), HasSubstr("(/gone/a, /gone/b)"));
}

TEST(Kubeconfig, IsFoundInTheHomeFolder) {
  const TemporaryFolder folder;
  std::ignore = folder.write(".kube/config", minimal("{server: 'https://home'}"));
  const Variable list("KUBECONFIG", "");
  const Variable home("HOME", folder.path());
  const auto config = load_cluster_config({});
  ASSERT_TRUE(config) << sentence(config);
  EXPECT_EQ(config->server, "https://home");
}

TEST(Kubeconfig, SaysWhereItLookedWhenThereIsNone) {
  const TemporaryFolder folder;
  const Variable list("KUBECONFIG", "");
  const Variable home("HOME", folder.path());
  const Variable host("KUBERNETES_SERVICE_HOST", "");
  EXPECT_THAT(sentence(load_cluster_config({})), AllOf(HasSubstr("--kubeconfig and KUBECONFIG are not set"),
                                                       HasSubstr(folder.path() + "/.kube/config")));
}

TEST(ServiceAccount, IsReadFromItsFolder) {
  const TemporaryFolder folder;
  std::ignore = folder.write("ca.crt", kFilePem);
  std::ignore = folder.write("token", "abc");
  std::ignore = folder.write("namespace", "shop");
  const Variable host("KUBERNETES_SERVICE_HOST", "fd00::1");
  const Variable port("KUBERNETES_SERVICE_PORT", "443");
  const auto config = in_cluster_config(folder.path());
  ASSERT_TRUE(config && config->has_value());
  EXPECT_EQ((*config)->server, "https://[fd00::1]:443");
  EXPECT_EQ((*config)->token_file, folder.path() + "/token");
  EXPECT_EQ((*config)->default_namespace, "shop");
}

TEST(ServiceAccount, NamesTheFileThatIsMissing) {
  const TemporaryFolder folder;
  const Variable host("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  const Variable port("KUBERNETES_SERVICE_PORT", "443");
  const auto config = in_cluster_config(folder.path());
  ASSERT_TRUE(config);
  EXPECT_THAT(sentence(*config), HasSubstr(folder.path() + "/ca.crt"));
}

TEST(ServiceAccount, IsAbsentOutsideAPod) {
  const Variable host("KUBERNETES_SERVICE_HOST", "");
  EXPECT_FALSE(in_cluster_config("/nowhere"));
}

}  // namespace
}  // namespace stateproof::kube
