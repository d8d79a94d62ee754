#include "harness/evidence/gather.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/kube/testing/scripted_server.h"
#include "harness/report/whole_file.h"

namespace stateproof::evidence {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using kube::testing::Connection;
using kube::testing::ScriptedServer;
using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

json list_of(std::vector<json> items) {
  return {{"kind", "List"}, {"metadata", {{"resourceVersion", "7"}}}, {"items", std::move(items)}};
}

json pod(const char* name, int restarts) {
  return {{"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", name}, {"managedFields", {1}}}},
          {"spec",
           {{"nodeName", "worker"},
            {"containers", {{{"name", "web"}, {"env", {{{"name", "PASSWORD"}, {"value", "hunter2"}}}}}}}}},
          {"status",
           {{"phase", "Running"},
            {"containerStatuses",
             {{{"name", "web"},
               {"ready", restarts == 0},
               {"restartCount", restarts},
               {"containerID", "containerd://1"},
               {"state", {{"running", {{"startedAt", "2026-03-01T10:00:00Z"}}}}}}}}}}};
}

class GatherTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("stateproof-gather-" + std::to_string(::getpid()) + "-" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name());
    timeline_.header.scenario = "lifecycle";
    timeline_.header.run = "20260301-100000-0000";
    DnsAnswer answer;
    answer.name = "web-0.web.shop.svc.cluster.local";
    answer.rcode = "NXDOMAIN";
    timeline_.observations = {{1, 1s, answer}, {2, 2s, Trouble{"the probe is gone"}}};
    for (const char* kind : {"statefulsets", "deployments", "replicasets", "controllerrevisions"})
      server.always(std::string{"GET /apis/apps/v1/namespaces/shop/"} + kind, empty);
    for (const char* kind :
         {"persistentvolumeclaims", "services", "configmaps", "serviceaccounts", "resourcequotas", "events"})
      server.always(std::string{"GET /api/v1/namespaces/shop/"} + kind, empty);
    server.always("GET /apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", empty);
    server.always("GET /apis/policy/v1/namespaces/shop/poddisruptionbudgets", empty);
    server.always("GET /api/v1/namespaces/shop/pods",
                  [](Connection& c) { c.respond_json(list_of({pod("web-0", 0), pod("web-1", 2)})); });
    for (const char* kind : {"nodes", "namespaces"}) server.always(std::string{"GET /api/v1/"} + kind, empty);
    server.always("GET /api/v1/persistentvolumes", [](Connection& c) {
      c.respond_json(
          list_of({{{"metadata", {{"name", "ours"}}}, {"spec", {{"claimRef", {{"namespace", "shop"}}}}}},
                   {{"metadata", {{"name", "theirs"}}}, {"spec", {{"claimRef", {{"namespace", "bank"}}}}}}}));
    });
    for (const char* kind : {"storageclasses", "volumeattachments"})
      server.always(std::string{"GET /apis/storage.k8s.io/v1/"} + kind, empty);
    server.always("GET /version", [](Connection& c) { c.respond_json({{"gitVersion", "v1.37.2"}}); });
    for (const char* name : {"web-0", "web-1"})
      server.always(log_of(name), [](Connection& c) {
        const bool previous = c.request().query("previous").has_value();
        c.respond(200, previous ? "out of memory\n" : "password=hunter2\nready\n");
      });
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string log_of(const std::string& name) {
    return "GET /api/v1/namespaces/shop/pods/" + name + "/log";
  }

  Gathered gathered() {
    Request request{.folder = folder_, .namespaces = {"shop"}, .timeline = timeline_, .verdicts = {broken()}};
    request.time = time;
    request.request_time = 2s;
    request.capacity = capacity;
    request.stop = stop;
    return gather(*kube::Client::create(server.config()), request);
  }

  static report::PromiseResult broken() {
    report::PromiseResult result;
    result.id = "ordered-creation";
    result.title = "Pods are created in order";
    result.outcome = Outcome::kNonconformant;
    report::RequirementResult requirement;
    requirement.id = "ORD-01";
    requirement.outcome = Outcome::kNonconformant;
    requirement.findings = {
        {{{"Pod", "shop", "web-1", {}}, "later", "web-1 came too early", {1}, "the spec"}, {}}};
    result.requirements = {requirement};
    return result;
  }

  [[nodiscard]] std::string read(const std::string& path) const {
    return report::read_whole(folder_ / path).value_or("not there");
  }
  [[nodiscard]] std::string everything() const {
    std::string text;
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      if (entry.is_regular_file()) text += read(entry.path().lexically_relative(folder_));
    return text;
  }

  const kube::testing::Handler empty = [](Connection& c) { c.respond_json(list_of({})); };
  ScriptedServer server;
  Timeline timeline_;
  fs::path folder_;
  std::chrono::milliseconds time = 20s;
  Capacity capacity;
  std::stop_token stop;
};

TEST_F(GatherTest, HoldsObjectsLogsAndTheRecordingAroundTheFinding) {
  const Gathered bundle = gathered();
  EXPECT_TRUE(bundle.whole);
  EXPECT_THAT(bundle.missing, IsEmpty());
  EXPECT_THAT(read("findings/ordered-creation.txt"),
              AllOf(HasSubstr("web-1 came too early"), HasSubstr("> #1"), HasSubstr("the probe is gone")));
  EXPECT_THAT(read("objects/shop/pods.json"), AllOf(HasSubstr("web-1"), Not(HasSubstr("managedFields"))));
  EXPECT_THAT(read("describe.txt"), HasSubstr("restarted 2 times"));
  EXPECT_THAT(read("logs/shop/web-1.web.previous.log"), HasSubstr("out of memory"));
  EXPECT_THAT(read("logs/shop/web-0.web.log"), HasSubstr("ready"));
  EXPECT_THAT(read("dns.txt"), HasSubstr("NXDOMAIN"));
  EXPECT_THAT(read("version.json"), HasSubstr("v1.37.2"));
  EXPECT_THAT(read("index.html"), AllOf(HasSubstr("logs/shop/web-1.web.previous.log"),
                                        HasSubstr("ORD-01: Pod shop/web-1: web-1 came too early")));
}

TEST_F(GatherTest, ReadsNoSecretAndLeavesOutWhatLooksLikeOne) {
  gathered();
  for (const auto& request : server.requests()) EXPECT_THAT(request.target, Not(HasSubstr("secrets")));
  EXPECT_THAT(everything(), Not(HasSubstr("hunter2")));
}

TEST_F(GatherTest, LeavesOtherPeoplesVolumesAlone) {
  gathered();
  EXPECT_THAT(read("objects/cluster/persistentvolumes.json"),
              AllOf(HasSubstr("ours"), Not(HasSubstr("theirs"))));
}

TEST_F(GatherTest, SaysWhatItMayNotRead) {
  server.always("GET /api/v1/nodes",
                [](Connection& c) { c.respond_status(403, "Forbidden", "nodes is forbidden"); });
  const Gathered bundle = gathered();
  EXPECT_TRUE(bundle.whole);
  EXPECT_THAT(bundle.missing, Contains(AllOf(HasSubstr("nodes"), HasSubstr("forbidden"))));
  EXPECT_THAT(read("index.html"), HasSubstr("nodes is forbidden"));
}

TEST_F(GatherTest, ALogThatIsGoneIsSaidAndTheOthersAreRead) {
  server.always(log_of("web-1"),
                [](Connection& c) { c.respond_status(404, "NotFound", "no such container"); });
  const Gathered bundle = gathered();
  EXPECT_THAT(bundle.missing, Contains(HasSubstr("logs/shop/web-1.web.previous.log")));
  EXPECT_THAT(read("logs/shop/web-0.web.log"), HasSubstr("ready"));
}

TEST_F(GatherTest, OfAHugeLogTheLastPartStays) {
  server.always(log_of("web-0"), [](Connection& c) {
    std::string log;
    while (log.size() < 3'000'000) log += "a line like any other\n";
    c.respond(200, log + "the last line\n");
  });
  gathered();
  const std::string log = read("logs/shop/web-0.web.log");
  EXPECT_LE(log.size(), (1U << 20U) + 100);
  EXPECT_THAT(log, AllOf(testing::StartsWith("("), testing::EndsWith("the last line\n")));
}

TEST_F(GatherTest, ALogOfEndlessLinesIsAskedForOnceMoreWithFewer) {
  server.always(log_of("web-0"), [](Connection& c) {
    const bool few = c.request().query("tailLines") == "200";
    c.respond(200, few ? "short\n" : std::string(20'000'000, 'x'));
  });
  gathered();
  EXPECT_THAT(read("logs/shop/web-0.web.log"), "short\n");
}

TEST_F(GatherTest, AServerThatHangsEndsWithTheTime) {
  time = 300ms;
  server.always("GET /api/v1/namespaces/shop/pods", [](Connection& c) { c.await_close(); });
  const auto began = std::chrono::steady_clock::now();
  const Gathered bundle = gathered();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_TRUE(bundle.whole);
  EXPECT_THAT(bundle.missing, Contains(HasSubstr("The time for collecting evidence ran out")));
  EXPECT_THAT(read("findings/ordered-creation.txt"), HasSubstr("web-1 came too early"));
}

TEST_F(GatherTest, WhoHurriesGetsWhatTheRecordingHolds) {
  std::stop_source hurried;
  hurried.request_stop();
  stop = hurried.get_token();
  EXPECT_TRUE(gathered().whole);
  EXPECT_THAT(read("findings/ordered-creation.txt"), HasSubstr("web-1 came too early"));
}

TEST_F(GatherTest, ObjectsOfAnUnknownShapeCostNothingElse) {
  server.always("GET /api/v1/namespaces/shop/pods", [](Connection& c) {
    json odd = pod("web-0", 0);
    odd["status"]["containerStatuses"] = {"perhaps"};
    c.respond_json(list_of({odd}));
  });
  const Gathered bundle = gathered();
  EXPECT_TRUE(bundle.whole);
  EXPECT_THAT(bundle.missing, Contains(HasSubstr("logs: not all of them")));
  EXPECT_THAT(read("objects/shop/pods.json"), HasSubstr("perhaps"));
}

TEST_F(GatherTest, AFullBundleSaysWhatIsNotInIt) {
  capacity = {.file = 400, .whole = 700};
  const Gathered bundle = gathered();
  EXPECT_LE(bundle.bytes, 700U);
  EXPECT_THAT(read("index.html"), HasSubstr("the bundle is full"));
}

TEST_F(GatherTest, AFolderThatCannotBeWrittenFailsNothing) {
  ASSERT_FALSE(report::write_whole(folder_, "a file where the folder should be"));
  EXPECT_FALSE(gathered().whole);
}

}  // namespace
}  // namespace stateproof::evidence
