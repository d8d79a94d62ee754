#include "harness/kube/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <latch>
#include <thread>

#include "harness/kube/file_descriptor.h"
#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/testing/temporary_folder.h"

namespace stateproof::kube {
namespace {

using namespace std::chrono_literals;
using Kind = ApiError::Kind;
using ::testing::AllOf;
using testing::Connection;
using ::testing::Contains;
using testing::Handshake;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Scheme;
using testing::ScriptedServer;
using testing::ServerCertificate;

const testing::Handler kHello = [](Connection& c) { c.respond_json({{"hello", "world"}}); };

/// A port that is taken, but that nobody listens on.
class UnusedPort {
 public:
  UnusedPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    number_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int number_ = 0;
};

HttpRequest get(const std::string& path) {
  HttpRequest request;
  request.path = path;
  request.counted_as = "get x";
  return request;
}

Result<HttpResponse> ask(const ClusterConfig& config, const HttpRequest& request = get("/x")) {
  const auto transport = Transport::create(config);
  if (!transport) return tl::unexpected(transport.error());
  return (*transport)->request(request);
}

ApiError refusal(const ClusterConfig& config) {
  const auto answer = ask(config);
  return answer ? ApiError::of(Kind::kStatus, "no failure") : answer.error();
}

TEST(Transport, TrustsTheAuthorityOfTheKubeconfig) {
  ScriptedServer server;
  server.once("GET /x", kHello);
  const auto answer = ask(server.config());
  ASSERT_TRUE(answer) << answer.error().sentence();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, R"({"hello":"world"})");
  EXPECT_EQ(answer->headers.at("content-type"), "application/json");
}

TEST(Transport, NamesTheTlsFailure) {
  ScriptedServer untrusted{{.certificate = ServerCertificate::kUntrusted}};
  EXPECT_EQ(refusal(untrusted.config()).kind, Kind::kTls);
  EXPECT_THAT(refusal(untrusted.config()).sentence(), HasSubstr("certificate-authority-data"));

  ScriptedServer expired{{.certificate = ServerCertificate::kExpired}};
  EXPECT_EQ(refusal(expired.config()).kind, Kind::kTls);
  EXPECT_THAT(refusal(expired.config()).sentence(),
              AllOf(HasSubstr("expired"), HasSubstr("renew the certificate")));

  ScriptedServer other_name{{.certificate = ServerCertificate::kOtherName}};
  EXPECT_EQ(refusal(other_name.config()).kind, Kind::kTls);
  EXPECT_THAT(refusal(other_name.config()).sentence(), HasSubstr("tls-server-name"));
}

TEST(Transport, FindsNoTlsBehindAnHttpsUrl) {
  ScriptedServer server{{.scheme = Scheme::kHttp}};
  ClusterConfig config = server.config();
  config.server = "https://127.0.0.1:" + std::to_string(server.port());
  server.always("GET /x", kHello);
  EXPECT_THAT(refusal(config).sentence(), HasSubstr("does not speak TLS"));
}

TEST(Transport, TakesACutInTheHandshakeForALostConnection) {
  ScriptedServer server{{.handshake = Handshake::kCutInTheMiddle}};
  EXPECT_EQ(refusal(server.config()).kind, Kind::kConnection);
}

TEST(Transport, CanBeToldNotToVerify) {
  ScriptedServer server{{.certificate = ServerCertificate::kUntrusted}};
  server.once("GET /x", kHello);
  ClusterConfig config = server.config();
  config.ca_pem.clear();
  config.insecure_skip_tls_verify = true;
  EXPECT_TRUE(ask(config));
}

TEST(Transport, VerifiesTheTlsServerNameAndKeepsTheRealHost) {
  ScriptedServer server{{.certificate = ServerCertificate::kOtherName}};
  server.once("GET /x", kHello);
  ClusterConfig config = server.config();
  config.tls_server_name = "other.example";
  const auto answer = ask(config);
  ASSERT_TRUE(answer) << answer.error().sentence();
  EXPECT_EQ(server.requests().front().server_name, "other.example");
  EXPECT_EQ(server.requests().front().header("host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST(Transport, PresentsTheClientCertificate) {
  ScriptedServer server;
  server.once("GET /x", kHello);
  ClusterConfig config = server.config();
  const auto certificate = server.client_certificate("jo");
  config.client_certificate_pem = certificate.certificate_pem;
  config.client_key_pem = certificate.key_pem;
  ASSERT_TRUE(ask(config));
  EXPECT_EQ(server.requests().front().client_certificate_subject, "jo");
}

TEST(Transport, SaysWhenTheServerRefusesTheClientCertificate) {
  ScriptedServer server;
  const testing::Authority stranger;
  const auto certificate = stranger.issue({.common_name = "jo"});
  ClusterConfig config = server.config();
  config.client_certificate_pem = certificate.certificate_pem;
  config.client_key_pem = certificate.key_pem;
  const ApiError error = refusal(config);
  // The server closes behind its alert; which of the two arrives first is up to the kernel.
  if (error.kind == Kind::kTls) {
    EXPECT_THAT(error.sentence(), HasSubstr("client-certificate"));
  } else {
    EXPECT_EQ(error.kind, Kind::kConnection) << error.sentence();
  }
}

TEST(Transport, SendsTokenImpersonationAndItsOwnName) {
  ScriptedServer server;
  server.once("GET /x", kHello);
  ClusterConfig config = server.config();
  config.token = SecretText{"abc"};
  config.impersonate_user = "ann";
  config.impersonate_uid = "7";
  config.impersonate_groups = {"ops", "dev"};
  config.impersonate_extra = {{"example.com/scope", {"a", "b"}}};
  ASSERT_TRUE(ask(config));
  const auto seen = server.requests().front();
  EXPECT_EQ(seen.header("authorization"), "Bearer abc");
  EXPECT_EQ(seen.header("impersonate-user"), "ann");
  EXPECT_EQ(seen.header("impersonate-uid"), "7");
  EXPECT_EQ(seen.header("impersonate-group"), "ops, dev");
  EXPECT_EQ(seen.header("impersonate-extra-example.com%2fscope"), "a, b");
  EXPECT_THAT(seen.header("user-agent"), HasSubstr("stateproof/"));
}

TEST(Transport, SendsNoSecretUnencryptedToAnotherMachine) {
  ClusterConfig config;
  config.context = "lab";
  config.server = "http://192.0.2.1:8080";
  config.token = SecretText{"abc"};
  EXPECT_THAT(refusal(config).sentence(),
              AllOf(HasSubstr("unencrypted to 192.0.2.1:8080"), Not(HasSubstr("abc"))));
  config.server = "http://127.evil.example";
  EXPECT_THAT(refusal(config).sentence(), HasSubstr("unencrypted"));
  config.server = "http://127.0.0.1:1";
  config.proxy_url = "http://192.0.2.1:3128";
  EXPECT_THAT(refusal(config).sentence(), HasSubstr("unencrypted"));
}

TEST(Transport, SpeaksHttpToThisMachine) {
  ScriptedServer server{{.scheme = Scheme::kHttp}};
  server.once("GET /x", kHello);
  ClusterConfig config = server.config();
  config.token = SecretText{"abc"};
  ASSERT_TRUE(ask(config));
  EXPECT_EQ(server.requests().front().header("authorization"), "Bearer abc");
}

TEST(Transport, DoesNotFollowRedirects) {
  ScriptedServer elsewhere;
  ScriptedServer server;
  server.once("GET /x", [&](Connection& c) { c.respond(302, "", {{"Location", elsewhere.url() + "/x"}}); });
  ClusterConfig config = server.config();
  config.token = SecretText{"abc"};
  const auto answer = ask(config);
  ASSERT_TRUE(answer) << answer.error().sentence();
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(elsewhere.connection_count(), 0);
}

TEST(Transport, RefusesAServerThatIsNoUrl) {
  const auto sentence = [](const std::string& server) {
    ClusterConfig config;
    config.context = "lab";
    config.server = server;
    return refusal(config).sentence();
  };
  EXPECT_THAT(sentence("10.0.0.1:6443"), HasSubstr("https://host:port"));
  EXPECT_THAT(sentence("ftp://10.0.0.1"), HasSubstr("neither https nor http"));
  EXPECT_THAT(sentence("https://jo:secret@10.0.0.1"),
              AllOf(HasSubstr("user name or password"), Not(HasSubstr("secret"))));
}

TEST(Transport, KeepsTheServersPathPrefix) {
  ScriptedServer server;
  server.once("GET /k8s/clusters/c-1/x", kHello);
  ClusterConfig config = server.config();
  config.server += "/k8s/clusters/c-1/";
  const auto transport = Transport::create(config);
  ASSERT_TRUE(transport);
  EXPECT_EQ((*transport)->request_target("/api?a=b"), "/k8s/clusters/c-1/api?a=b");
  EXPECT_EQ((*transport)->host_header(), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ((*transport)->request(get("/x"))->status, 200);
}

TEST(Transport, ReadsTheTokenAgainAfter401AndTriesOnce) {
  const testing::TemporaryFolder folder;
  ScriptedServer server;
  server.once("GET /x", [&](Connection& c) {
    std::ignore = folder.write("token", "fresh");
    c.respond_status(401, "Unauthorized", "Unauthorized");
  });
  server.once("GET /x", kHello);
  ClusterConfig config = server.config();
  config.token_file = folder.write("token", "stale");
  const auto answer = ask(config);
  ASSERT_TRUE(answer) << answer.error().sentence();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(server.requests()[0].header("authorization"), "Bearer stale");
  EXPECT_EQ(server.requests()[1].header("authorization"), "Bearer fresh");
}

TEST(Transport, GivesASecond401Back) {
  const testing::TemporaryFolder folder;
  ScriptedServer server;
  server.always("GET /x", [](Connection& c) { c.respond_status(401, "Unauthorized", "Unauthorized"); });
  ClusterConfig config = server.config();
  config.token_file = folder.write("token", "stale");
  EXPECT_EQ(ask(config)->status, 401);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(Transport, UsesOneConnectionForRequestsInARow) {
  ScriptedServer server;
  server.always("GET /x", kHello);
  const auto transport = Transport::create(server.config());
  ASSERT_TRUE(transport);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE((*transport)->request(get("/x")));
  EXPECT_EQ(server.connection_count(), 1);
  EXPECT_THAT((*transport)->counts(), Contains(std::pair("get x", 5U)));
}

TEST(Transport, SurvivesAConnectionThatTheServerClosedMeanwhile) {
  ScriptedServer server;
  server.once("GET /x", [](Connection& c) {
    kHello(c);
    c.cut();
  });
  server.once("GET /x", kHello);
  const auto transport = Transport::create(server.config());
  ASSERT_TRUE(transport);
  ASSERT_TRUE((*transport)->request(get("/x")));
  EXPECT_TRUE((*transport)->request(get("/x"))) << "and no SIGPIPE ended this test";
}

TEST(Transport, SendsAChangeOnAFreshConnectionSoThatItIsNeverSentTwice) {
  ScriptedServer server;
  server.always("GET /x", kHello);
  server.once("DELETE /x", [](Connection& c) { c.cut(); });
  const auto transport = Transport::create(server.config());
  ASSERT_TRUE(transport);
  ASSERT_TRUE((*transport)->request(get("/x")));
  HttpRequest change = get("/x");
  change.method = "DELETE";
  const auto answer = (*transport)->request(change);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::kConnection);
  EXPECT_EQ(server.requests("DELETE /x").size(), 1U);
}

TEST(Transport, ServesThreadsAtTheSameTime) {
  ScriptedServer server;
  std::latch all_here{4};
  server.always("GET /x", [&](Connection& c) {
    all_here.arrive_and_wait();
    kHello(c);
  });
  const auto transport = Transport::create(server.config());
  ASSERT_TRUE(transport);
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back([&] { EXPECT_TRUE((*transport)->request(get("/x"))); });
}

TEST(Transport, StopsAWaitingRequestAtOnce) {
  ScriptedServer server;
  server.always("GET /x", [](Connection& c) { c.await_close(); });
  std::stop_source stop;
  HttpRequest request = get("/x");
  request.stop = stop.get_token();
  std::jthread stopper([&] {
    server.await_requests("GET /x", 1);
    stop.request_stop();
  });
  const auto answer = ask(server.config(), request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::kCancelled);
}

TEST(Transport, StopsWithItsClient) {
  ScriptedServer server;
  std::stop_source stop;
  stop.request_stop();
  const auto transport = Transport::create(server.config(), {.stop = stop.get_token()});
  ASSERT_TRUE(transport);
  EXPECT_EQ((*transport)->request(get("/x")).error().kind, Kind::kCancelled);
  EXPECT_FALSE((*transport)->pause(1h));
}

TEST(Transport, PausesForTheTimeAsked) {
  const auto transport = Transport::create(ScriptedServer{}.config());
  ASSERT_TRUE(transport);
  EXPECT_TRUE((*transport)->pause(1ms));
}

TEST(Transport, GivesUpOnAServerThatNeverAnswers) {
  ScriptedServer server;
  server.always("GET /x", [](Connection& c) { c.await_close(); });
  const auto transport = Transport::create(server.config(), {.request_timeout = 100ms});
  ASSERT_TRUE(transport);
  const auto answer = (*transport)->request(get("/x"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::kTimeout);
  EXPECT_EQ(answer.error().request, "GET /x");
}

TEST(Transport, SaysWhereNobodyListens) {
  const UnusedPort unused;
  const int port = unused.number();
  ClusterConfig config;
  config.server = "https://127.0.0.1:" + std::to_string(port);
  const ApiError error = refusal(config);
  EXPECT_EQ(error.kind, Kind::kConnection);
  EXPECT_THAT(error.sentence(), AllOf(HasSubstr("127.0.0.1"), HasSubstr(std::to_string(port))));
}

TEST(Transport, RefusesAnAnswerThatIsTooLarge) {
  ScriptedServer server;
  server.once("GET /x", [](Connection& c) { c.respond(200, std::string(1000, 'x')); });
  HttpRequest request = get("/x");
  request.max_body_bytes = 999;
  const auto answer = ask(server.config(), request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::kProtocol);
}

TEST(Transport, ReadsChunksAndTrickles) {
  ScriptedServer server;
  server.once("GET /x", [](Connection& c) {
    c.begin_stream();
    for (const char letter : std::string("über Nacht")) c.chunk({&letter, 1});
    c.end_stream();
  });
  server.once("GET /x", [](Connection& c) {
    for (const char byte : std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) c.write({&byte, 1});
  });
  EXPECT_EQ(ask(server.config())->body, "über Nacht");
  EXPECT_EQ(ask(server.config())->body, "ok");
}

TEST(Transport, TellsAProxyNothingSecret) {
  ScriptedServer proxy{{.scheme = Scheme::kHttp}};
  proxy.once("CONNECT api.example:6443", [](Connection& c) { c.respond(403, "no"); });
  ClusterConfig config;
  config.server = "https://api.example:6443";
  config.proxy_url = proxy.url();
  config.token = SecretText{"abc"};
  const ApiError error = refusal(config);
  EXPECT_EQ(error.kind, Kind::kConnection);
  EXPECT_THAT(error.sentence(), HasSubstr("403"));
  EXPECT_EQ(proxy.requests().at(0).header("authorization"), "");
}

TEST(Transport, GoesToThisMachineWithoutTheProxyOfTheEnvironment) {
  ScriptedServer server;
  server.once("GET /x", kHello);
  ::setenv("HTTPS_PROXY", "http://192.0.2.1:1", 1);
  const auto answer = ask(server.config());
  ::unsetenv("HTTPS_PROXY");
  EXPECT_TRUE(answer) << answer.error().sentence();
}

TEST(Transport, ConnectsOnlyForThoseWhoSpeakThemselves) {
  ScriptedServer server;
  server.once("GET /x", kHello);
  ClusterConfig config = server.config();
  config.token = SecretText{"abc"};
  const auto transport = Transport::create(config);
  ASSERT_TRUE(transport);
  EasyHandle handle;
  ASSERT_TRUE((*transport)->prepare_connect_only(handle));
  ASSERT_EQ(curl_easy_perform(handle.get()), CURLE_OK);
  std::string head = "GET " + (*transport)->request_target("/x") +
                     " HTTP/1.1\r\nHost: " + (*transport)->host_header() + "\r\n";
  const auto lines = (*transport)->auth_headers();
  ASSERT_TRUE(lines);
  for (const auto& line : *lines) head += line + "\r\n";
  head += "\r\n";
  std::size_t sent = 0;
  ASSERT_EQ(curl_easy_send(handle.get(), head.data(), head.size(), &sent), CURLE_OK);
  ASSERT_EQ(sent, head.size());
  ASSERT_TRUE(server.await_requests("GET /x", 1));
  EXPECT_EQ(server.requests().front().header("authorization"), "Bearer abc");
}

}  // namespace
}  // namespace stateproof::kube
