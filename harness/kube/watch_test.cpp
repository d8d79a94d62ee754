#include "harness/kube/watch.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/testing/temporary_folder.h"

namespace stateproof::kube {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::steady_clock;
using testing::Connection;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;
using testing::ScriptedServer;
using testing::SeenRequest;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string kList = "GET /api/v1/namespaces/shop/pods";
const std::string kWatch = "WATCH /api/v1/namespaces/shop/pods";

json pod(const std::string& name, int resource_version, const std::string& uid = "") {
  return {{"kind", "Pod"},
          {"apiVersion", "v1"},
          {"metadata",
           {{"name", name},
            {"namespace", "shop"},
            {"uid", uid.empty() ? "uid-" + name : uid},
            {"resourceVersion", std::to_string(resource_version)},
            {"managedFields", json::array({1, 2, 3})}}}};
}

testing::Handler list(std::vector<json> items, int resource_version, const std::string& next = "") {
  return [=](Connection& c) {
    c.respond_json({{"kind", "PodList"},
                    {"apiVersion", "v1"},
                    {"metadata", {{"resourceVersion", std::to_string(resource_version)}, {"continue", next}}},
                    {"items", items}});
  };
}

json bookmark(int resource_version) {
  return {{"kind", "Pod"},
          {"apiVersion", "v1"},
          {"metadata", {{"resourceVersion", std::to_string(resource_version)}}}};
}

std::string line(std::string_view type, const json& object) {
  return json{{"type", type}, {"object", object}}.dump() + "\n";
}

/// Answers a watch with these lines and then says nothing more.
testing::Handler stream(std::vector<std::string> lines) {
  return [=](Connection& c) {
    c.begin_stream();
    for (const auto& text : lines) c.chunk(text);
    c.await_close();
  };
}

/// Answers a watch with these lines and ends it in order.
testing::Handler finished_stream(std::vector<std::string> lines) {
  return [=](Connection& c) {
    c.begin_stream();
    for (const auto& text : lines) c.chunk(text);
    c.end_stream();
  };
}

testing::Handler answers(int code, std::string reason, testing::HeaderList headers = {}) {
  return [=](Connection& c) { c.respond_status(code, reason, "told so", headers); };
}

/// Writes down what happens, one text each, and wakes who waits for it.
class Diary final : public WatchSink {
 public:
  void on_event(const Resource& /*resource*/, WatchEvent event) override {
    static constexpr std::array kNames{"listed", "added", "modified", "deleted"};
    EXPECT_FALSE(event.object["metadata"].contains("managedFields"));
    EXPECT_TRUE(event.object.contains("kind"));
    const std::string entry =
        fmt::format("{}{} {}@{}", event.synthesized ? "synthesized " : "",
                    kNames.at(static_cast<std::size_t>(event.type)),
                    event.object["metadata"]["name"].get<std::string>(), event.resource_version);
    keep(last_, std::move(event));  // before the entry, which wakes who looks at it
    write(entry);
  }
  void on_synced(const Resource& resource) override { write(fmt::format("synced {}", resource.plural)); }
  void on_gap(const Resource& /*resource*/, const WatchGap& gap) override {
    keep(gap_, gap);
    write(fmt::format("gap {}->{}", gap.from_resource_version, gap.to_resource_version));
  }
  void on_trouble(const Resource& /*resource*/, const ApiError& error) override { take("trouble", error); }
  void on_failed(const Resource& /*resource*/, const ApiError& error) override { take("failed", error); }

  bool await(const std::string& entry, std::size_t times = 1) {
    std::unique_lock lock{mutex_};
    const bool came = written_.wait_for(
        lock, 20s, [&] { return static_cast<std::size_t>(std::ranges::count(entries_, entry)) >= times; });
    if (!came) ADD_FAILURE() << "no \"" << entry << "\" in: " << ::testing::PrintToString(entries_);
    return came;
  }
  std::vector<std::string> entries() {
    const std::lock_guard lock{mutex_};
    return entries_;
  }
  WatchEvent last_event() {
    const std::lock_guard lock{mutex_};
    return *last_;
  }
  ApiError last_error() {
    const std::lock_guard lock{mutex_};
    return *error_;
  }
  WatchGap last_gap() {
    const std::lock_guard lock{mutex_};
    return *gap_;
  }

 private:
  void take(const char* what, const ApiError& error) {
    static constexpr std::array kKinds{"status",      "connection", "tls",       "timeout",
                                       "credentials", "protocol",   "cancelled", "fenced"};
    keep(error_, error);
    const std::string_view kind = kKinds.at(static_cast<std::size_t>(error.kind));
    write(error.http_status == 0 ? fmt::format("{} {}", what, kind)
                                 : fmt::format("{} {}", what, error.http_status));
  }

  template <class T>
  void keep(std::optional<T>& place, T value) {
    const std::lock_guard lock{mutex_};
    place = std::move(value);
  }

  void write(std::string entry) {
    const std::lock_guard lock{mutex_};
    entries_.push_back(std::move(entry));
    written_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable written_;
  std::vector<std::string> entries_;
  std::optional<WatchEvent> last_;
  std::optional<ApiError> error_;
  std::optional<WatchGap> gap_;
};

class WatchTest : public ::testing::Test {
 protected:
  static WatcherOptions quick() { return {.first_backoff = 1ms, .max_backoff = 5s}; }

  void start(const WatcherOptions& options = quick(), const Resource& resource = kPods) {
    if (!client) client = *Client::create(config());
    watcher = std::make_unique<Watcher>(*client, options);
    watcher->start({.resource = resource, .ns = "shop", .sink = &diary});
  }

  /// The resourceVersion that each WATCH asked for.
  std::vector<std::string> resumed_from() {
    std::vector<std::string> versions;
    for (const SeenRequest& seen : server.requests(kWatch))
      versions.push_back(seen.query("resourceVersion").value_or(""));
    return versions;
  }

  virtual ClusterConfig config() { return server.config(); }

  Diary diary;
  std::latch released{1};  // before the server, whose handlers wait for it
  ScriptedServer server;
  std::optional<Client> client;
  std::unique_ptr<Watcher> watcher;
};

TEST_F(WatchTest, ListsThenWatchesFromThere) {
  server.once(kList, list({pod("a", 3), pod("b", 7)}, 10));
  server.once(kWatch, stream({line("ADDED", pod("c", 11)), line("MODIFIED", pod("a", 12)),
                              line("DELETED", pod("b", 13))}));
  start();
  diary.await("deleted b@13");
  EXPECT_THAT(diary.entries(), ElementsAre("listed a@3", "listed b@7", "synced pods", "added c@11",
                                           "modified a@12", "deleted b@13"));
  const SeenRequest seen = server.requests(kWatch).front();
  EXPECT_EQ(seen.query("resourceVersion"), "10");
  EXPECT_EQ(seen.query("allowWatchBookmarks"), "true");
  EXPECT_THAT(std::stoi(seen.query("timeoutSeconds").value()), Ge(420));
  EXPECT_EQ(server.requests(kList).front().query("resourceVersion"), std::nullopt);
  EXPECT_THAT(client->request_counts(), ElementsAre(Pair("list pods", 1), Pair("watch pods", 1)));
}

TEST_F(WatchTest, IsSyncedOnlyOnceTheServerAnsweredTheWatch) {
  server.once(kList, list({pod("a", 3)}, 10));
  server.once(kWatch, [&](Connection& c) {
    released.wait();
    stream({})(c);
  });
  start();
  ASSERT_TRUE(server.await_requests(kWatch, 1));
  EXPECT_THAT(diary.entries(), ElementsAre("listed a@3"));
  released.count_down();
  diary.await("synced pods");
}

TEST_F(WatchTest, SendsItsSelectorsWithBothRequests) {
  server.once(kList, list({}, 10));
  server.once(kWatch, stream({}));
  client = *Client::create(server.config());
  watcher = std::make_unique<Watcher>(*client, quick());
  watcher->start({.resource = kPods,
                  .ns = "shop",
                  .label_selector = "app=x",
                  .field_selector = "metadata.name=a",
                  .sink = &diary});
  diary.await("synced pods");
  for (const SeenRequest& seen : server.requests()) {
    EXPECT_EQ(seen.query("labelSelector"), "app=x");
    EXPECT_EQ(seen.query("fieldSelector"), "metadata.name=a");
  }
}

TEST_F(WatchTest, ReadsAllPagesOfTheList) {
  server.once(kList, list({pod("a", 3)}, 10, "more"));
  server.once(kList, list({pod("b", 4)}, 10));
  server.once(kWatch, stream({}));
  start();
  diary.await("synced pods");
  EXPECT_THAT(diary.entries(), ElementsAre("listed a@3", "listed b@4", "synced pods"));
  EXPECT_EQ(server.requests(kList)[1].query("continue"), "more");
}

TEST_F(WatchTest, ListsAgainInOnePieceWhenAPageExpired) {
  server.once(kList, list({pod("a", 3)}, 10, "more"));
  server.once(kList, answers(410, "Expired"));
  server.once(kList, list({pod("a", 3), pod("b", 15)}, 20));
  server.once(kWatch, stream({}));
  start();
  diary.await("synced pods");
  EXPECT_THAT(diary.entries(), ElementsAre("listed a@3", "listed b@15", "synced pods")) << "no object twice";
  EXPECT_EQ(server.requests(kList)[2].query("limit"), std::nullopt);
}

TEST_F(WatchTest, ResumesAfterAnOrderlyEndFromTheLastEvent) {
  server.once(kList, list({}, 10));
  server.once(kWatch, finished_stream({line("ADDED", pod("a", 11))}));
  server.once(kWatch, stream({line("MODIFIED", pod("a", 12))}));
  start();
  diary.await("modified a@12");
  EXPECT_THAT(diary.entries(), ElementsAre("synced pods", "added a@11", "modified a@12"))
      << "an end is no trouble";
  EXPECT_THAT(resumed_from(), ElementsAre("10", "11"));
  EXPECT_THAT(server.requests(kList), SizeIs(1));
}

TEST_F(WatchTest, ResumesFromABookmarkWithoutShowingIt) {
  server.once(kList, list({}, 10));
  server.once(kWatch, finished_stream({line("ADDED", pod("a", 11)), line("BOOKMARK", bookmark(50))}));
  server.once(kWatch, stream({line("ADDED", pod("b", 51))}));
  start();
  diary.await("added b@51");
  EXPECT_THAT(diary.entries(), ElementsAre("synced pods", "added a@11", "added b@51"));
  EXPECT_THAT(resumed_from(), ElementsAre("10", "50"));
}

TEST_F(WatchTest, ComesBackSlowerWhenWatchesOnlyEnd) {
  server.once(kList, list({}, 10));
  for (int i = 0; i < 4; ++i) server.once(kWatch, finished_stream({}));
  server.once(kWatch, stream({line("ADDED", pod("a", 11))}));
  const auto begin = steady_clock::now();
  start({.first_backoff = 40ms, .max_backoff = 5s});
  diary.await("added a@11");
  EXPECT_GE(steady_clock::now() - begin, 20ms + 40ms + 80ms)
      << "half of 40, 80 and 160 ms at least, the first at once";
}

TEST_F(WatchTest, RidesOutAConnectionCutInsideACharacter) {
  const json named = [] {
    json object = pod("a", 12);
    object["metadata"]["annotations"] = {{"city", "Zürich"}};
    return object;
  }();
  const std::string text = line("MODIFIED", named);
  server.once(kList, list({}, 10));
  server.once(kWatch, [&](Connection& c) {
    c.begin_stream();
    c.chunk(line("ADDED", pod("a", 11)));
    c.chunk(text.substr(0, text.find("ü") + 1));
    released.wait();  // an RST would overtake bytes that were not read yet
    c.cut();
  });
  server.once(kWatch, stream({text}));
  start();
  diary.await("added a@11");
  released.count_down();
  diary.await("modified a@12");
  EXPECT_THAT(diary.entries(),
              ElementsAre("synced pods", "added a@11", "trouble connection", "synced pods", "modified a@12"));
  EXPECT_EQ(diary.last_event().object["metadata"]["annotations"]["city"], "Zürich");
  EXPECT_THAT(resumed_from(), ElementsAre("10", "11"));
}

TEST_F(WatchTest, RenewedHearsWithoutAGapWhatAStalledConnectionHeldBack) {
  server.once(kList, list({pod("a", 3)}, 10));
  server.once(kWatch, stream({line("MODIFIED", pod("a", 11))}));  // and never another word
  server.once(kWatch, stream({line("MODIFIED", pod("a", 12))}));
  start();
  diary.await("modified a@11");
  watcher->renew();
  diary.await("modified a@12");
  EXPECT_THAT(diary.entries(),
              ElementsAre("listed a@3", "synced pods", "modified a@11", "synced pods", "modified a@12"));
  EXPECT_THAT(resumed_from(), ElementsAre("10", "11"));
}

TEST_F(WatchTest, ReadsATrickleByteByByte) {
  server.once(kList, list({}, 10));
  server.once(kWatch, [](Connection& c) {
    c.begin_stream();
    for (const char byte : line("ADDED", pod("a", 11, "ä")) + line("DELETED", pod("a", 12, "ä")))
      c.chunk({&byte, 1});
    c.await_close();
  });
  start();
  diary.await("deleted a@12");
  EXPECT_THAT(diary.entries(), ElementsAre("synced pods", "added a@11", "deleted a@12"));
  EXPECT_EQ(diary.last_event().object["metadata"]["uid"], "ä");
}

TEST_F(WatchTest, ReportsAnOutageOnceAndTheNextOneAgain) {
  server.once(kList, list({}, 10));
  server.once(kWatch, finished_stream({line("ADDED", pod("a", 11))}));
  for (int i = 0; i < 3; ++i) server.once(kWatch, answers(500, "InternalError"));
  server.once(kWatch, finished_stream({line("ADDED", pod("b", 12))}));
  server.once(kWatch, answers(503, "ServiceUnavailable"));
  server.once(kWatch, stream({line("ADDED", pod("c", 13))}));
  start();
  diary.await("added c@13");
  EXPECT_THAT(diary.entries(), ElementsAre("synced pods", "added a@11", "trouble 500", "synced pods",
                                           "added b@12", "trouble 503", "synced pods", "added c@13"));
}

TEST_F(WatchTest, ASinkThatStumblesIsToldAndTheWatchGoesOn) {
  class Stumbling final : public WatchSink {
   public:
    explicit Stumbling(Diary& diary) : diary_(diary) {}
    void on_event(const Resource& resource, WatchEvent event) override {
      if (event.object["metadata"]["name"] == "odd") throw std::out_of_range("no such number");
      diary_.on_event(resource, std::move(event));
    }
    void on_synced(const Resource& resource) override { diary_.on_synced(resource); }
    void on_gap(const Resource& resource, const WatchGap& gap) override { diary_.on_gap(resource, gap); }
    void on_trouble(const Resource& resource, const ApiError& error) override {
      diary_.on_trouble(resource, error);
    }
    void on_failed(const Resource& resource, const ApiError& error) override {
      diary_.on_failed(resource, error);
    }

   private:
    Diary& diary_;
  } stumbling(diary);
  server.once(kList, list({pod("odd", 5)}, 10));
  server.once(kWatch, [this](Connection& c) {
    c.begin_stream();
    c.event("ADDED", pod("odd", 11));
    c.event("ADDED", pod("even", 12));
    released.wait();
  });
  client = *Client::create(config());
  watcher = std::make_unique<Watcher>(*client, quick());
  watcher->start({.resource = kPods, .ns = "shop", .sink = &stumbling});
  diary.await("trouble protocol", 2);
  diary.await("added even@12");
  EXPECT_THAT(diary.last_error().sentence(), HasSubstr("no such number"));
  released.count_down();
}

TEST_F(WatchTest, RefusesANameThatNoObjectCanHave) {
  server.once(kList, list({}, 10));
  server.once(kWatch, finished_stream({R"({"type":"ADDED","object":)" + pod("../../x", 11).dump() + "}\n"}));
  server.always(kWatch, [this](Connection& c) {
    c.begin_stream();
    c.event("ADDED", pod("a", 12));
    released.wait();
  });
  start();
  diary.await("trouble protocol");
  diary.await("added a@12");
  EXPECT_THAT(diary.entries(), Not(Contains(HasSubstr("added ../"))));
  released.count_down();
}

TEST_F(WatchTest, GivesUpAListThatNeverEnds) {
  server.always(kList, list({}, 10, "more"));
  start();
  diary.await("trouble protocol");
  EXPECT_THAT(diary.last_error().message, HasSubstr("always the same"));
}

TEST_F(WatchTest, OneByteASecondIsSilence) {
  auto options = quick();
  options.silence_limit = 300ms;
  server.once(kList, list({}, 10));
  server.once(kWatch, [](Connection& c) {
    std::binary_semaphore never{0};
    c.begin_stream();
    while (c.chunk("{")) (void)never.try_acquire_for(20ms);
  });
  server.always(kWatch, [this](Connection& c) {
    c.begin_stream();
    released.wait();
  });
  start(options);
  diary.await("trouble timeout");
  released.count_down();
}

TEST_F(WatchTest, HeadersWithoutAnEndAreSilence) {
  auto options = quick();
  options.silence_limit = 300ms;
  server.once(kList, list({}, 10));
  server.once(kWatch, [](Connection& c) {
    std::binary_semaphore never{0};
    bool open = c.write("HTTP/1.1 200 OK\r\n");
    while (open) {
      open = c.write("X-More: x\r\n");
      (void)never.try_acquire_for(20ms);
    }
  });
  server.always(kWatch, [this](Connection& c) {
    c.begin_stream();
    released.wait();
  });
  start(options);
  diary.await("trouble timeout");
  released.count_down();
}

TEST_F(WatchTest, HonoursRetryAfter) {
  server.once(kList, answers(429, "TooManyRequests", {{"Retry-After", "1"}}));
  server.once(kList, list({}, 10));
  server.once(kWatch, stream({}));
  const auto begin = steady_clock::now();
  start();
  diary.await("synced pods");
  EXPECT_GE(steady_clock::now() - begin, 1s);
  EXPECT_THAT(diary.entries(), ElementsAre("trouble 429", "synced pods"));
}

TEST_F(WatchTest, TurnsAnExpiredHistoryIntoAGapAndTheDifference) {
  server.once(kList,
              list({pod("kept", 1), pod("changed", 2), pod("deleted", 3), pod("replaced", 4, "old")}, 10));
  server.once(kWatch, finished_stream({line("MODIFIED", pod("changed", 11))}));
  server.once(kWatch, answers(410, "Expired"));
  server.once(kList,
              list({pod("changed", 25), pod("kept", 1), pod("new", 26), pod("replaced", 27, "fresh")}, 30));
  server.once(kWatch, stream({line("ADDED", pod("later", 31))}));
  start();
  diary.await("added later@31");
  EXPECT_THAT(diary.entries(),
              ElementsAre("listed kept@1", "listed changed@2", "listed deleted@3", "listed replaced@4",
                          "synced pods", "modified changed@11", "gap 11->30", "synthesized deleted deleted@3",
                          "synthesized deleted replaced@4", "synthesized modified changed@25",
                          "synthesized added new@26", "synthesized added replaced@27", "added later@31"));
  EXPECT_THAT(resumed_from(), ElementsAre("10", "11", "30"));
  EXPECT_THAT(server.requests(kList), SizeIs(2));
  EXPECT_EQ(server.requests(kList)[1].query("resourceVersion"), std::nullopt);
}

TEST_F(WatchTest, TakesAnErrorInTheStreamForAGapWhenItSaysExpired) {
  server.once(kList, list({pod("a", 1)}, 10));
  server.once(
      kWatch,
      stream({line("ERROR", testing::status_object(410, "Expired", "too old resource version: 10 (99)"))}));
  server.once(kList, list({pod("a", 99)}, 100));
  server.once(kWatch, stream({}));
  start();
  diary.await("synthesized modified a@99");
  EXPECT_THAT(diary.entries(),
              ElementsAre("listed a@1", "synced pods", "gap 10->100", "synthesized modified a@99"));
  EXPECT_THAT(diary.last_gap().reason, HasSubstr("too old resource version"));
}

TEST_F(WatchTest, RetriesWhenTheServersCacheIsBehind) {
  server.once(kList, list({}, 10));
  server.once(kWatch,
              stream({line("ERROR", testing::status_object(504, "Timeout",
                                                           "Too large resource version: 10, current: 9"))}));
  server.once(kWatch, stream({line("ADDED", pod("a", 11))}));
  start();
  diary.await("added a@11");
  EXPECT_THAT(diary.entries(), ElementsAre("synced pods", "trouble 504", "synced pods", "added a@11"));
  EXPECT_THAT(resumed_from(), ElementsAre("10", "10"));
}

TEST_F(WatchTest, ReconnectsFromTheLastEventWhenALineIsNoEvent) {
  server.once(kList, list({}, 10));
  server.once(kWatch, stream({line("ADDED", pod("a", 11)), "{\"type\":\"ADDED\",\n"}));
  server.once(kWatch, stream({"[]\n"}));
  server.once(kWatch, stream({line("NONSENSE", pod("x", 12))}));
  server.once(kWatch, stream({line("ADDED", {{"metadata", 7}})}));
  server.once(kWatch, stream({line("ADDED", pod("b", 12))}));
  start();
  diary.await("added b@12");
  EXPECT_THAT(diary.entries(), ElementsAre("synced pods", "added a@11", "trouble protocol", "synced pods",
                                           "trouble protocol", "synced pods", "trouble protocol",
                                           "synced pods", "trouble protocol", "synced pods", "added b@12"));
  EXPECT_THAT(resumed_from(), ElementsAre("10", "11", "11", "11", "11"));
}

TEST_F(WatchTest, TurnsALineThatIsTooLongIntoAGap) {
  server.once(kList, list({}, 10));
  server.once(kWatch, stream({line("ADDED", pod("a", 11)), std::string(5000, 'x')}));
  server.once(kList, list({pod("a", 11), pod("big", 12)}, 20));
  server.once(kWatch, stream({}));
  WatcherOptions options = quick();
  options.max_line_bytes = 4000;
  start(options);
  diary.await("synthesized added big@12");
  EXPECT_THAT(diary.entries(),
              ElementsAre("synced pods", "added a@11", "gap 11->20", "synthesized added big@12"));
  EXPECT_THAT(diary.last_gap().reason, HasSubstr("more than 4000 bytes"));
}

TEST_F(WatchTest, ReconnectsWhenTheServerFallsSilent) {
  server.once(kList, list({}, 10));
  server.once(kWatch, stream({line("ADDED", pod("a", 11))}));
  server.always(kWatch, stream({line("ADDED", pod("b", 12))}));
  WatcherOptions options = quick();
  options.silence_limit = 400ms;
  start(options);
  diary.await("added b@12");
  const std::vector<std::string> entries = diary.entries();
  EXPECT_THAT(entries, IsSupersetOf({"synced pods", "added a@11", "trouble timeout", "added b@12"}));
  // A watch of what seldom changes must be told to be in order again before anything changes.
  EXPECT_EQ(*std::prev(std::ranges::find(entries, "added b@12")), "synced pods");
  EXPECT_THAT(resumed_from()[1], "11");
}

TEST_F(WatchTest, ReconnectsWhenTheWatchIsNeverAnswered) {
  server.once(kList, list({}, 10));
  server.once(kWatch, [](Connection& c) { c.await_close(); });
  server.once(kWatch, stream({}));
  client = *Client::create(server.config(), {.request_timeout = 500ms});
  start();
  diary.await("synced pods");
  EXPECT_THAT(diary.entries(), ElementsAre("trouble timeout", "synced pods"));
}

TEST_F(WatchTest, FailsForGoodWhenForbidden) {
  server.once(kList, list({pod("a", 1)}, 10));
  server.once(kWatch, [](Connection& c) {
    c.respond_status(403, "Forbidden",
                     "pods is forbidden: User \"jo\" cannot watch resource \"pods\" in API group \"\" in the "
                     "namespace \"shop\"");
  });
  start();
  diary.await("failed 403");
  EXPECT_THAT(diary.last_error().sentence(), HasSubstr("may not watch pods"));
  EXPECT_THAT(diary.entries(), ElementsAre("listed a@1", "failed 403"));
}

TEST_F(WatchTest, BearsWithAServerThatStartsAnewAndKnowsNoRolesYet) {
  server.once(kList, list({pod("a", 1)}, 10));
  server.once(kWatch, finished_stream({line("ADDED", pod("b", 11))}));
  server.once(kWatch, answers(403, "Forbidden"));
  server.once(kWatch, answers(401, "Unauthorized"));
  server.once(kWatch, stream({line("ADDED", pod("c", 12))}));
  server.always(kWatch, stream({}));
  start();
  diary.await("added c@12");
  EXPECT_THAT(diary.entries(), Not(Contains("failed 403")));
}

TEST_F(WatchTest, FailsWhenARightStaysLost) {
  server.once(kList, list({pod("a", 1)}, 10));
  server.once(kWatch, finished_stream({line("ADDED", pod("b", 11))}));
  server.always(kWatch, answers(403, "Forbidden"));
  WatcherOptions options = quick();
  options.refusal_limit = 50ms;
  start(options);
  diary.await("failed 403");
}

TEST_F(WatchTest, FailsForGoodWhenTheResourceIsUnknown) {
  server.once(kList, answers(404, "NotFound"));
  start();
  diary.await("failed 404");
}

TEST_F(WatchTest, FailsForGoodWhenTheCertificateIsWrongFromTheStart) {
  ClusterConfig config = server.config();
  config.ca_pem = testing::Authority{}.certificate_pem();
  client = *Client::create(config);
  start();
  diary.await("failed tls");
}

TEST_F(WatchTest, FailsForGoodWhenAFixedTokenIsRefused) {
  server.once(kList, answers(401, "Unauthorized"));
  start();
  diary.await("failed 401");
}

TEST_F(WatchTest, ReadsTheTokenAgainAfter401) {
  const testing::TemporaryFolder folder;
  ClusterConfig config = server.config();
  config.token_file = folder.write("token", "stale");
  server.once(kList, list({}, 10));
  server.once(kWatch, [&](Connection& c) {
    std::ignore = folder.write("token", "fresh");
    c.respond_status(401, "Unauthorized", "Unauthorized");
  });
  server.once(kWatch, stream({}));
  client = *Client::create(config);
  start();
  diary.await("synced pods");
  EXPECT_THAT(diary.entries(), ElementsAre("synced pods"));
  EXPECT_EQ(server.requests(kWatch)[1].header("authorization"), "Bearer fresh");
}

TEST_F(WatchTest, FailsForGoodWhenTheFreshTokenIsRefusedAsWell) {
  const testing::TemporaryFolder folder;
  ClusterConfig config = server.config();
  config.token_file = folder.write("token", "stale");
  server.always(kList, answers(401, "Unauthorized"));
  client = *Client::create(config);
  start();
  diary.await("failed 401");
  EXPECT_THAT(server.requests(kList), SizeIs(2));
}

TEST_F(WatchTest, HidesWhatASecretHides) {
  json secret{
      {"metadata", {{"name", "s"}, {"resourceVersion", "1"}, {"annotations", {{"last-applied", "hidden"}}}}},
      {"type", "Opaque"},
      {"data", {{"password", "hidden"}}}};
  server.once("GET /api/v1/namespaces/shop/secrets", list({secret}, 10));
  server.once("WATCH /api/v1/namespaces/shop/secrets", stream({}));
  start(quick(), kSecrets);
  diary.await("synced secrets");
  EXPECT_EQ(diary.last_event().object["type"], "Opaque");
  EXPECT_EQ(diary.last_event().object["kind"], "Secret");
  EXPECT_EQ(diary.last_event().object.dump().find("hidden"), std::string::npos);
}

TEST_F(WatchTest, ServesManyWatchesStartedFromManyThreads) {
  constexpr int kThreads = 8;
  const std::vector<Resource> resources{kPods,       kServices, kClaims,       kEvents,
                                        kConfigMaps, kSecrets,  kStatefulSets, kLeases};
  for (const Resource& resource : resources) {
    server.once("GET " + resource.path("shop"), list({}, 10));
    server.once("WATCH " + resource.path("shop"), stream({}));
  }
  std::vector<Diary> diaries(kThreads);
  client = *Client::create(server.config());
  watcher = std::make_unique<Watcher>(*client, quick());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back(
          [&, i] { watcher->start({.resource = resources[i], .ns = "shop", .sink = &diaries[i]}); });
    }
  }
  for (std::size_t i = 0; i < kThreads; ++i) diaries[i].await(fmt::format("synced {}", resources[i].plural));
  watcher.reset();
}

TEST_F(WatchTest, DoesNotHoldUpOtherWatches) {
  server.once(kList, answers(429, "TooManyRequests", {{"Retry-After", "3600"}}));
  server.once("GET /api/v1/namespaces/shop/services", list({}, 10));
  server.once("WATCH /api/v1/namespaces/shop/services", stream({}));
  start();
  diary.await("trouble 429");
  watcher->start({.resource = kServices, .ns = "shop", .sink = &diary});
  diary.await("synced services");
}

/// Stops a watcher in some state and measures how long that takes.
class WatcherStop : public WatchTest {
 protected:
  std::chrono::milliseconds stop_time() {
    const auto begin = steady_clock::now();
    watcher->stop();
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin);
  }
  /// About a millisecond on an idle machine. This is for a busy one; forgetting to wake the loop waits a
  /// minute.
  static constexpr auto kPrompt = 3s;
};

TEST_F(WatcherStop, IsPromptOnASilentWatch) {
  server.once(kList, list({}, 10));
  server.once(kWatch, stream({}));
  start();
  diary.await("synced pods");
  EXPECT_LT(stop_time(), kPrompt);
}

TEST_F(WatcherStop, IsPromptOnAnUnansweredList) {
  server.once(kList, [](Connection& c) { c.await_close(); });
  start();
  ASSERT_TRUE(server.await_requests(kList, 1));
  EXPECT_LT(stop_time(), kPrompt);
}

TEST_F(WatcherStop, IsPromptDuringAWait) {
  server.always(kList, answers(429, "TooManyRequests", {{"Retry-After", "3600"}}));
  start();
  diary.await("trouble 429");
  EXPECT_LT(stop_time(), kPrompt);
}

TEST_F(WatcherStop, IsPromptDuringAnExecPlugin) {
  const testing::TemporaryFolder folder;
  ClusterConfig config = server.config();
  config.exec = ExecPlugin{.api_version = "client.authentication.k8s.io/v1",
                           .command = "/bin/sh",
                           .args = {"-c", "exec sleep 1000"},
                           .interactive_mode = "Never"};
  client = *Client::create(config);
  start();
  EXPECT_LT(stop_time(), kPrompt);
  EXPECT_THAT(diary.entries(), ::testing::IsEmpty());
}

TEST_F(WatcherStop, IsFinal) {
  server.always(kList, list({}, 10));
  server.always(kWatch, stream({}));
  start();
  diary.await("synced pods");
  watcher->stop();
  watcher->stop();
  watcher->start({.resource = kServices, .ns = "shop", .sink = &diary});
  watcher.reset();
  EXPECT_THAT(diary.entries(), ElementsAre("synced pods"));
}

TEST_F(WatcherStop, MayComeFromASink) {
  struct Stopper final : WatchSink {
    void on_event(const Resource& /*resource*/, WatchEvent /*event*/) override {}
    void on_synced(const Resource& /*resource*/) override {
      watcher->stop();
      stopped.count_down();
    }
    void on_gap(const Resource& /*resource*/, const WatchGap& /*gap*/) override {}
    void on_trouble(const Resource& /*resource*/, const ApiError& /*error*/) override {}
    void on_failed(const Resource& /*resource*/, const ApiError& /*error*/) override {}
    Watcher* watcher = nullptr;
    std::latch stopped{1};
  };
  server.once(kList, list({}, 10));
  server.once(kWatch, stream({}));
  Stopper stopper;
  client = *Client::create(server.config());
  watcher = std::make_unique<Watcher>(*client, quick());
  stopper.watcher = watcher.get();
  watcher->start({.resource = kPods, .ns = "shop", .sink = &stopper});
  stopper.stopped.wait();
  watcher.reset();
}

}  // namespace
}  // namespace stateproof::kube
