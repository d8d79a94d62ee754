#include "harness/kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "harness/kube/testing/scripted_server.h"

namespace stateproof::kube {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Kind = ApiError::Kind;
using std::chrono::milliseconds;
using ::testing::AllOf;
using testing::Connection;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;
using ::testing::Pair;
using testing::ScriptedServer;
using testing::SeenRequest;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const testing::Handler kEmptyObject = [](Connection& c) { c.respond_json(json::object()); };
const testing::Handler kCut = [](Connection& c) { c.cut(); };

testing::Handler status(int code, std::string reason, testing::HeaderList headers = {}) {
  return [=](Connection& c) { c.respond_status(code, reason, "told so", headers); };
}

json page(std::vector<std::string> names, const std::string& resource_version, const std::string& next = "") {
  json items = json::array();
  for (const auto& name : names) items.push_back({{"metadata", {{"name", name}}}});
  return {{"kind", "PodList"},
          {"metadata", {{"resourceVersion", resource_version}, {"continue", next}}},
          {"items", items}};
}

class ClientTest : public ::testing::Test {
 protected:
  Client client(ClientOptions options = {}) {
    options.pause = [this](milliseconds time) {
      pauses.push_back(time);
      return true;
    };
    return *Client::create(server.config(), options);
  }

  ScriptedServer server;
  std::vector<milliseconds> pauses;
};

TEST_F(ClientTest, GetsAnObject) {
  server.once("GET /api/v1/namespaces/shop/pods/mariadb-0",
              [](Connection& c) { c.respond_json({{"kind", "Pod"}}); });
  const auto pod = client().get(kPods, "shop", "mariadb-0");
  ASSERT_TRUE(pod) << pod.error().sentence();
  EXPECT_EQ((*pod)["kind"], "Pod");
  EXPECT_EQ(server.requests().front().header("accept"), "application/json");
}

TEST_F(ClientTest, CreatesAndReplaces) {
  server.once("POST /api/v1/namespaces/shop/pods",
              [](Connection& c) { c.respond_json(c.request().json(), 201); });
  server.once("PUT /api/v1/namespaces/shop/pods/a", kEmptyObject);
  const auto created = client().create_object(kPods, "shop", {{"metadata", {{"name", "a"}}}});
  ASSERT_TRUE(created) << created.error().sentence();
  EXPECT_EQ((*created)["metadata"]["name"], "a");
  ASSERT_TRUE(client().replace(kPods, "shop", "a", {{"x", 1}}));
  EXPECT_EQ(server.requests().back().header("content-type"), "application/json");
}

TEST_F(ClientTest, AsksWhetherAnObjectWouldBeLetIn) {
  server.once("POST /api/v1/namespaces/shop/pods", kEmptyObject);
  EXPECT_TRUE(client().try_create(kPods, "shop", {{"x", 1}}));
  EXPECT_EQ(server.requests().back().query("dryRun"), "All");
  server.once("POST /api/v1/namespaces/shop/pods", [](Connection& c) {
    c.respond_json({{"kind", "Status"}, {"message", "no"}, {"code", 403}}, 403);
  });
  EXPECT_EQ(client().try_create(kPods, "shop", {{"x", 1}}).error().http_status, 403);
}

TEST_F(ClientTest, AppliesWithItsFieldManager) {
  server.once("PATCH /apis/apps/v1/namespaces/shop/statefulsets/mariadb", kEmptyObject);
  ASSERT_TRUE(
      client().apply(kStatefulSets, "shop", "mariadb", {{"spec", {{"replicas", 3}}}}, "stateproof", true));
  const SeenRequest seen = server.requests().front();
  EXPECT_EQ(seen.query("fieldManager"), "stateproof");
  EXPECT_EQ(seen.query("force"), "true");
  EXPECT_EQ(seen.header("content-type"), "application/apply-patch+yaml");
  EXPECT_EQ(seen.json()["spec"]["replicas"], 3);
}

TEST_F(ClientTest, PatchesInThreeLanguages) {
  server.always("PATCH /api/v1/namespaces/shop/pods/a", kEmptyObject);
  server.always("PATCH /api/v1/namespaces/shop/pods/a/status", kEmptyObject);
  ASSERT_TRUE(client().patch(kPods, "shop", "a", PatchType::kMerge, {{"x", 1}}));
  ASSERT_TRUE(client().patch(kPods, "shop", "a", PatchType::kStrategicMerge, {{"x", 1}}));
  ASSERT_TRUE(client().patch(kPods, "shop", "a", PatchType::kJson, json::array(), "status"));
  const auto seen = server.requests();
  EXPECT_EQ(seen[0].header("content-type"), "application/merge-patch+json");
  EXPECT_EQ(seen[1].header("content-type"), "application/strategic-merge-patch+json");
  EXPECT_EQ(seen[2].header("content-type"), "application/json-patch+json");
}

TEST_F(ClientTest, DeletesByTheOptionsGiven) {
  server.always("DELETE /api/v1/namespaces/shop/pods/a", kEmptyObject);
  ASSERT_TRUE(client().remove(kPods, "shop", "a"));
  ASSERT_TRUE(client().remove(
      kPods, "shop", "a",
      {.grace_period = 0s, .propagation = Propagation::kForeground, .precondition_uid = "u1"}));
  const auto seen = server.requests();
  EXPECT_EQ(seen[0].json(), json::parse(R"({"kind":"DeleteOptions","apiVersion":"v1"})"));
  EXPECT_EQ(seen[1].json(), json::parse(R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,
                                            "propagationPolicy":"Foreground","preconditions":{"uid":"u1"}})"));
}

TEST_F(ClientTest, ScalesByTheSubresource) {
  const std::string path = "/apis/apps/v1/namespaces/shop/statefulsets/mariadb/scale";
  server.once("GET " + path, kEmptyObject);
  server.once("PATCH " + path, kEmptyObject);
  ASSERT_TRUE(client().get_scale(kStatefulSets, "shop", "mariadb"));
  ASSERT_TRUE(client().scale(kStatefulSets, "shop", "mariadb", 5));
  EXPECT_EQ(server.requests().back().json(), json::parse(R"({"spec":{"replicas":5}})"));
}

TEST_F(ClientTest, ReplacesAScaleAsItIsGivenAndTellsAConflict) {
  const std::string path = "/apis/apps/v1/namespaces/shop/statefulsets/mariadb/scale";
  const json scale{{"metadata", {{"resourceVersion", "7"}}}, {"spec", {{"replicas", 5}}}};
  server.once("PUT " + path, kEmptyObject);
  ASSERT_TRUE(client().replace_scale(kStatefulSets, "shop", "mariadb", scale));
  EXPECT_EQ(server.requests().back().json(), scale);
  server.once("PUT " + path, status(409, "Conflict"));
  const auto refused = client().replace_scale(kStatefulSets, "shop", "mariadb", scale);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is_conflict());
}

TEST_F(ClientTest, EvictsAndTakesARefusalForAnAnswer) {
  server.always("POST /api/v1/namespaces/shop/pods/a/eviction",
                status(429, "TooManyRequests", {{"Retry-After", "10"}}));
  const auto evicted = client().evict("shop", "a", {.grace_period = 5s});
  ASSERT_FALSE(evicted);
  EXPECT_TRUE(evicted.error().is_too_many_requests());
  EXPECT_EQ(evicted.error().retry_after, 10s);
  EXPECT_THAT(server.requests(), SizeIs(1));
  EXPECT_EQ(server.requests().front().json()["deleteOptions"]["gracePeriodSeconds"], 5);
}

TEST_F(ClientTest, ReadsALogAsText) {
  server.once("GET /api/v1/namespaces/shop/pods/a/log", [](Connection& c) { c.respond(200, "one\ntwo\n"); });
  const auto log = client().pod_log("shop", "a", "mariadb", true, 50);
  ASSERT_TRUE(log) << log.error().sentence();
  EXPECT_EQ(*log, "one\ntwo\n");
  const SeenRequest seen = server.requests().front();
  EXPECT_EQ(seen.query("container"), "mariadb");
  EXPECT_EQ(seen.query("previous"), "true");
  EXPECT_EQ(seen.query("tailLines"), "50");
}

TEST_F(ClientTest, GivesTheStatusOfAFailure) {
  server.once("GET /api/v1/namespaces/shop/pods/gone", status(404, "NotFound"));
  server.once("POST /api/v1/namespaces/shop/pods", status(409, "AlreadyExists"));
  const auto gone = client().get(kPods, "shop", "gone");
  ASSERT_FALSE(gone);
  EXPECT_TRUE(gone.error().is_not_found());
  EXPECT_EQ(gone.error().reason, "NotFound");
  EXPECT_EQ(gone.error().message, "told so");
  EXPECT_EQ(gone.error().request, "GET /api/v1/namespaces/shop/pods/gone");
  EXPECT_TRUE(client().create_object(kPods, "shop", json::object()).error().is_conflict());
}

TEST_F(ClientTest, ExplainsAMissingPermission) {
  server.once("GET /api/v1/namespaces/shop/pods", [](Connection& c) {
    c.respond_status(403, "Forbidden",
                     "pods is forbidden: User \"jo\" cannot list resource \"pods\" in API group \"\" in the "
                     "namespace \"shop\"");
  });
  EXPECT_THAT(client().list(kPods, "shop").error().sentence(),
              AllOf(HasSubstr("\"jo\" may not list pods in namespace \"shop\""),
                    HasSubstr("kubectl auth can-i list pods -n shop")));
}

TEST_F(ClientTest, UnderstandsAFailureInPlainText) {
  server.once("GET /nope", [](Connection& c) { c.respond(404, "404 page not found\n"); });
  const auto answer = client().get_path("/nope");
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().is_not_found());
  EXPECT_THAT(answer.error().message, HasSubstr("404 page not found"));
}

TEST_F(ClientTest, GivesPlainTextAsItIs) {
  server.once("GET /metrics", [](Connection& c) { c.respond(200, "up 1\n"); });
  EXPECT_EQ(client().get_text("/metrics").value(), "up 1\n");
}

TEST_F(ClientTest, ShowsTheBeginningOfAnAnswerThatIsNoJson) {
  server.once("GET /version",
              [](Connection& c) { c.respond(200, "<html>\nPlease log in" + std::string(500, '!')); });
  const auto answer = client().get_path("/version");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::kProtocol);
  EXPECT_THAT(answer.error().sentence(),
              AllOf(HasSubstr("<html> Please log in"), HasSubstr("no proxy answers")));
  EXPECT_THAT(answer.error().message, SizeIs(Le(250)));
}

TEST_F(ClientTest, TakesARedirectForAWrongServer) {
  server.once("GET /version",
              [](Connection& c) { c.respond(302, "", {{"Location", "https://login.example"}}); });
  const auto answer = client().get_path("/version");
  EXPECT_EQ(answer.error().kind, Kind::kProtocol);
  EXPECT_THAT(answer.error().message, HasSubstr("https://login.example"));
}

TEST_F(ClientTest, WaitsAsLongAsTheServerAsks) {
  server.once("GET /version", status(429, "TooManyRequests", {{"Retry-After", "7"}}));
  server.once("GET /version", status(503, "ServiceUnavailable", {{"Retry-After", "2"}}));
  server.once("GET /version", kEmptyObject);
  EXPECT_TRUE(client().get_path("/version"));
  EXPECT_THAT(pauses, ElementsAre(7s, 2s));
}

TEST_F(ClientTest, ReturnsInsteadOfWaitingForMinutes) {
  server.once("GET /version", status(429, "TooManyRequests", {{"Retry-After", "600"}}));
  EXPECT_EQ(client().get_path("/version").error().retry_after, 600s);
  EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(ClientTest, WaitsLongerEachTimeAndThenGivesUp) {
  server.always("GET /version", status(503, "ServiceUnavailable"));
  const Client c = client({.max_attempts = 4});
  EXPECT_EQ(c.get_path("/version").error().http_status, 503);
  EXPECT_THAT(pauses, ElementsAre(AllOf(Ge(100ms), Le(200ms)), AllOf(Ge(200ms), Le(400ms)),
                                  AllOf(Ge(400ms), Le(800ms))));
  EXPECT_THAT(c.request_counts(), UnorderedElementsAre(Pair("get /version", 4)));
}

TEST_F(ClientTest, RepeatsAReadOnACutConnection) {
  server.once("GET /version", kCut);
  server.once("GET /version", kEmptyObject);
  EXPECT_TRUE(client().get_path("/version"));
}

TEST_F(ClientTest, RepeatsAnApplyAndADeleteOfOneUid) {
  server.once("PATCH /api/v1/namespaces/shop/pods/a", status(503, "ServiceUnavailable"));
  server.once("PATCH /api/v1/namespaces/shop/pods/a", kEmptyObject);
  server.once("DELETE /api/v1/namespaces/shop/pods/a", kCut);
  server.once("DELETE /api/v1/namespaces/shop/pods/a", kEmptyObject);
  EXPECT_TRUE(client().apply(kPods, "shop", "a", json::object(), "stateproof", false));
  EXPECT_TRUE(client().remove(kPods, "shop", "a", {.precondition_uid = "u1"}));
}

TEST_F(ClientTest, NeverRepeatsWhatMayHaveHappenedAlready) {
  server.once("DELETE /api/v1/namespaces/shop/pods/a", kCut);
  server.once("POST /api/v1/namespaces/shop/pods", kCut);
  server.once("PATCH /api/v1/namespaces/shop/pods/a", status(503, "ServiceUnavailable"));
  EXPECT_EQ(client().remove(kPods, "shop", "a").error().kind, Kind::kConnection);
  EXPECT_EQ(client().create_object(kPods, "shop", json::object()).error().kind, Kind::kConnection);
  EXPECT_EQ(client().patch(kPods, "shop", "a", PatchType::kJson, json::array()).error().http_status, 503);
  EXPECT_THAT(server.requests(), SizeIs(3));
}

TEST_F(ClientTest, RepeatsAChangeThatWasTurnedAwayBeforeItBegan) {
  server.once("POST /api/v1/namespaces/shop/pods", status(429, "TooManyRequests", {{"Retry-After", "1"}}));
  server.once("POST /api/v1/namespaces/shop/pods", kEmptyObject);
  EXPECT_TRUE(client().create_object(kPods, "shop", json::object()));
}

TEST_F(ClientTest, StopsWhilePausing) {
  server.always("GET /version", status(503, "ServiceUnavailable"));
  const auto c = Client::create(server.config(), {.pause = [](milliseconds) { return false; }});
  ASSERT_TRUE(c);
  EXPECT_EQ(c->get_path("/version").error().kind, Kind::kCancelled);
}

TEST_F(ClientTest, ListsPageAfterPage) {
  const std::string route = "GET /api/v1/namespaces/shop/pods";
  server.once(route, [](Connection& c) { c.respond_json(page({"a", "b"}, "10", "more/+")); });
  server.once(route, [](Connection& c) { c.respond_json(page({"c"}, "10")); });
  const auto list = client().list(kPods, "shop", {.label_selector = "app in (x, y)", .page_size = 2});
  ASSERT_TRUE(list) << list.error().sentence();
  ASSERT_THAT(list->items, SizeIs(3));
  EXPECT_EQ(list->items[2]["metadata"]["name"], "c");
  EXPECT_EQ(list->items[2]["kind"], "Pod");
  EXPECT_EQ(list->items[2]["apiVersion"], "v1");
  EXPECT_EQ(list->resource_version, "10");
  const auto seen = server.requests();
  EXPECT_EQ(seen[0].query("limit"), "2");
  EXPECT_EQ(seen[0].query("labelSelector"), "app in (x, y)");
  EXPECT_EQ(seen[0].query("continue"), std::nullopt);
  EXPECT_EQ(seen[0].query("fieldSelector"), std::nullopt);
  EXPECT_EQ(seen[0].query("resourceVersion"), std::nullopt) << "an old answer from a cache proves nothing";
  EXPECT_EQ(seen[1].query("continue"), "more/+");
  EXPECT_EQ(seen[1].query("labelSelector"), "app in (x, y)");
}

TEST_F(ClientTest, ListsInOnePieceWhenAContinueTokenExpired) {
  const std::string route = "GET /api/v1/pods";
  server.once(route, [](Connection& c) { c.respond_json(page({"a"}, "10", "more")); });
  server.once(route, status(410, "Expired"));
  server.once(route, [](Connection& c) { c.respond_json(page({"a", "b"}, "20")); });
  const auto list = client().list(kPods, "");
  ASSERT_TRUE(list) << list.error().sentence();
  EXPECT_THAT(list->items, SizeIs(2));
  EXPECT_EQ(list->resource_version, "20");
  EXPECT_EQ(server.requests().back().query("limit"), std::nullopt);
  EXPECT_EQ(server.requests().back().query("continue"), std::nullopt);
}

TEST_F(ClientTest, EndsAListThatNeverEnds) {
  const std::string route = "GET /api/v1/pods";
  server.always(route, [](Connection& c) { c.respond_json(page({"a"}, "10", "more")); });
  EXPECT_THAT(client().list(kPods, "").error().message, HasSubstr("always the same"));
  int next = 0;
  server.always(route, [&next](Connection& c) { c.respond_json(page({}, "10", std::to_string(++next))); });
  EXPECT_THAT(client().list(kPods, "").error().message, HasSubstr("without an end"));
}

TEST_F(ClientTest, TakesNoObjectWhoseNameIsAPath) {
  for (const char* name : {"../../etc/x", "a/b", "..", "a\nb", "$(reboot)"}) {
    server.once("GET /api/v1/pods", [&](Connection& c) { c.respond_json(page({name}, "10")); });
    EXPECT_EQ(client().list(kPods, "").error().kind, Kind::kProtocol) << name;
    server.once("GET /api/v1/namespaces/shop/pods/a",
                [&](Connection& c) { c.respond_json({{"metadata", {{"name", "a"}, {"namespace", name}}}}); });
    EXPECT_EQ(client().get(kPods, "shop", "a").error().kind, Kind::kProtocol) << name;
  }
}

TEST_F(ClientTest, TakesNoAnswerThatIsTooDeep) {
  server.once("GET /version",
              [](Connection& c) { c.respond(200, std::string(100'000, '[') + std::string(100'000, ']')); });
  EXPECT_EQ(client().get_path("/version").error().kind, Kind::kProtocol);
  server.once("GET /version", [](Connection& c) { c.respond(500, std::string(100'000, '[')); });
  EXPECT_EQ(client({.max_attempts = 1}).get_path("/version").error().http_status, 500);
}

TEST_F(ClientTest, BearsWithPatienceThatNobodyHas) {
  for (const char* asked : {"-1", "2147483648", "99999999999999999999", "soon", "-9223372036854775808"}) {
    server.once("GET /version", status(429, "TooManyRequests", {{"Retry-After", asked}}));
    server.once("GET /version", kEmptyObject);
    const auto answer = client({.max_attempts = 2}).get_path("/version");
    if (!answer) {
      EXPECT_EQ(answer.error().retry_after, 3600s) << asked;
    }
    (void)client().get_path("/version");
  }
  for (const milliseconds pause : pauses) EXPECT_GE(pause, 100ms);
  for (const json& asked : {json(-1), json(-2147483648LL), json(9223372036854775807LL)}) {
    const json told{{"kind", "Status"}, {"code", 429}, {"details", {{"retryAfterSeconds", asked}}}};
    const auto error = error_from_status(told, 429, "GET /x");
    EXPECT_TRUE(!error.retry_after || *error.retry_after == 3600s) << asked;
  }
}

TEST_F(ClientTest, ChangesNothingBehindItsFence) {
  bool open = true;
  int asked = 0;
  const Client fenced = client().fenced([&]() -> std::optional<std::string> {
    ++asked;
    return open ? std::nullopt : std::optional<std::string>{"taken over"};
  });
  server.always("GET /api/v1/namespaces/shop/pods/a", kEmptyObject);
  server.always("DELETE /api/v1/namespaces/shop/pods/a", kEmptyObject);
  EXPECT_TRUE(fenced.remove(kPods, "shop", "a"));
  EXPECT_EQ(asked, 1);
  open = false;
  EXPECT_TRUE(fenced.get(kPods, "shop", "a"));
  EXPECT_EQ(asked, 1);
  const std::vector<ApiError> refused{fenced.remove(kPods, "shop", "a").error(),
                                      fenced.create_object(kPods, "shop", {}).error(),
                                      fenced.replace(kPods, "shop", "a", {}).error(),
                                      fenced.apply(kPods, "shop", "a", {}, "x", true).error(),
                                      fenced.patch(kPods, "shop", "a", PatchType::kMerge, {}).error(),
                                      fenced.scale(kStatefulSets, "shop", "a", 1).error(),
                                      fenced.replace_scale(kStatefulSets, "shop", "a", {}).error(),
                                      fenced.evict("shop", "a").error()};
  for (const ApiError& error : refused) {
    EXPECT_EQ(error.kind, Kind::kFenced);
    EXPECT_EQ(error.sentence(), "taken over");
  }
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(ClientTest, AsksItsFenceBeforeEachAttempt) {
  server.once("DELETE /api/v1/namespaces/shop/pods/a", status(429, "TooManyRequests"));
  int asked = 0;
  const Client fenced = client().fenced([&]() -> std::optional<std::string> {
    return ++asked == 1 ? std::nullopt : std::optional<std::string>{"taken over"};
  });
  EXPECT_EQ(fenced.remove(kPods, "shop", "a").error().kind, Kind::kFenced);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(ClientTest, EndsWithTheStopOfItsCopy) {
  std::stop_source stop;
  server.always("GET /version", [&](Connection& c) {
    stop.request_stop();
    c.await_close();
  });
  EXPECT_EQ(client().until(stop.get_token()).get_path("/version").error().kind, Kind::kCancelled);
}

TEST_F(ClientTest, TellsWhatTimeTheServerHas) {
  server.once("GET /api/v1/namespaces/shop/pods/a",
              [](Connection& c) { c.respond(200, "{}", {{"Date", "Sun, 01 Mar 2026 10:00:00 GMT"}}); });
  server.once("GET /api/v1/namespaces/shop/pods/a",
              [](Connection& c) { c.respond(200, "{}", {{"Date", "noon"}}); });
  EXPECT_EQ(client().get_dated(kPods, "shop", "a")->served_at, parse_rfc3339("2026-03-01T10:00:00Z"));
  EXPECT_EQ(client().get_dated(kPods, "shop", "a")->served_at, std::nullopt);
}

TEST_F(ClientTest, RefusesAListThatIsNone) {
  const std::vector<json> answers{
      {{"metadata", 7}}, {{"metadata", {{"resourceVersion", "1"}}}}, page({}, ""), json::array()};
  for (const json& answer : answers) {
    server.once("GET /api/v1/pods", [&](Connection& c) { c.respond_json(answer); });
    EXPECT_EQ(client().list(kPods, "").error().kind, Kind::kProtocol) << answer;
  }
}

TEST_F(ClientTest, CountsWhatItSent) {
  server.always("GET /api/v1/namespaces/shop/pods/a", kEmptyObject);
  server.always("GET /apis/apps/v1/namespaces/shop/statefulsets/a/scale", kEmptyObject);
  const Client c = client();
  const Client copy = c;
  ASSERT_TRUE(c.get(kPods, "shop", "a"));
  ASSERT_TRUE(copy.get(kPods, "shop", "a"));
  ASSERT_TRUE(c.get_scale(kStatefulSets, "shop", "a"));
  EXPECT_THAT(c.request_counts(), UnorderedElementsAre(Pair("get pods", 2), Pair("get scale", 1)));
}

TEST_F(ClientTest, ShowsNoTokenInAnyFailure) {
  ClusterConfig config = server.config();
  config.token = SecretText{"top-secret-token"};
  server.once("GET /a", status(401, "Unauthorized"));
  server.once("GET /b", [](Connection& c) { c.respond(200, "no json"); });
  server.once("GET /c", kCut);
  const auto c = Client::create(config, {.max_attempts = 1});
  ASSERT_TRUE(c);
  for (const char* path : {"/a", "/b", "/c"}) {
    const auto answer = c->get_path(path);
    ASSERT_FALSE(answer);
    const std::string all = answer.error().sentence() + answer.error().message + answer.error().request;
    EXPECT_THAT(all, Not(HasSubstr("top-secret-token")));
  }
}

}  // namespace
}  // namespace stateproof::kube
