// How fast a watch is recorded, how soon whoever waits hears of an event, and what an observation costs in
// memory. The API server is one that sends what it is told to, on the loopback interface.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <latch>
#include <string>
#include <vector>

#include "harness/kube/client.h"
#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/watch.h"
#include "harness/record/recorder.h"

namespace stateproof {
namespace {

using namespace std::chrono_literals;
using kube::testing::Connection;
using kube::testing::ScriptedServer;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

/// As large as a database's pod is served: about 6 KiB.
json pod(int version) {
  json variables = json::array();
  for (int i = 0; i < 40; ++i)
    variables.push_back({{"name", fmt::format("VARIABLE_{}", i)}, {"value", std::string(60, 'x')}});
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", "web-0"},
            {"namespace", "shop"},
            {"uid", "u-0"},
            {"labels", {{"round", std::to_string(version)}}},
            {"resourceVersion", std::to_string(version)}}},
          {"spec", {{"containers", {{{"name", "web"}, {"image", "image"}, {"env", variables}}}}}},
          {"status", {{"phase", "Running"}, {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}};
}

Header header() {
  Header header;
  header.subject.ns = "shop";
  header.subject.set = "web";
  return header;
}

/// A recorder that watches pods; `stream` is what the server sends once the watch stands.
class Watched {
 public:
  explicit Watched(kube::testing::Handler stream) {
    server_.once("GET /api/v1/namespaces/shop/pods", [](Connection& connection) {
      connection.respond_json({{"apiVersion", "v1"},
                               {"kind", "PodList"},
                               {"metadata", {{"resourceVersion", "1"}}},
                               {"items", json::array()}});
    });
    server_.once("WATCH /api/v1/namespaces/shop/pods", [stream = std::move(stream)](Connection& connection) {
      connection.begin_stream();
      stream(connection);
      connection.await_close();
    });
    client_ = *kube::Client::create(server_.config());
    watcher_ = std::make_unique<kube::Watcher>(*client_);
    watcher_->start({.resource = kube::kPods, .ns = "shop", .sink = recorder_.sink("pods")});
  }

  /// Waits until the pod of this round is recorded.
  void await(int round) {
    const auto reached = recorder_.await(
        [&](const record::View& view) {
          const auto found = view.pods.find("web-0");
          return record::Standing{
              found != view.pods.end() && found->second.meta.labels.at("round") == std::to_string(round), "",
              ""};
        },
        {60s, "a benchmark"}, {});
    if (reached.result != record::Waited::Result::kReached) throw std::runtime_error(reached.text);
  }

 private:
  record::Recorder recorder_{header(), std::nullopt};
  ScriptedServer server_{{.scheme = kube::testing::Scheme::kHttps}};
  std::optional<kube::Client> client_;
  std::unique_ptr<kube::Watcher> watcher_;
};

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void throughput(benchmark::State& state) {
  const int events = static_cast<int>(state.range(0));
  std::vector<json> pods;
  for (int i = 1; i <= events; ++i) pods.push_back(pod(i + 1));
  double kept = 0;
  for (auto _ : state) {
    const double before = resident_bytes();
    Watched watched([&](Connection& connection) {
      for (const json& one : pods) connection.event("MODIFIED", one);
    });
    watched.await(events + 1);
    kept = resident_bytes() - before;
  }
  state.SetItemsProcessed(state.iterations() * events);
  state.SetBytesProcessed(state.iterations() * events * static_cast<std::int64_t>(pod(1).dump().size()));
  state.counters["bytes_per_observation"] = kept / events;
}
BENCHMARK(throughput)
    ->Name("watch/throughput")
    ->Arg(20'000)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

/// One event at a time, from its first byte on the server to the return of await.
void reaction(benchmark::State& state) {
  constexpr int kRounds = 500;
  std::vector<double> microseconds;
  for (auto _ : state) {
    std::vector<std::promise<void>> asked(kRounds);
    std::vector<Clock::time_point> sent(kRounds);
    Watched watched([&](Connection& connection) {
      for (int i = 0; i < kRounds; ++i) {
        asked[static_cast<std::size_t>(i)].get_future().wait();
        const json next = pod(i + 2);
        sent[static_cast<std::size_t>(i)] = Clock::now();
        connection.event("MODIFIED", next);
      }
    });
    double total = 0;
    for (int i = 0; i < kRounds; ++i) {
      asked[static_cast<std::size_t>(i)].set_value();
      watched.await(i + 2);
      const std::chrono::duration<double> took = Clock::now() - sent[static_cast<std::size_t>(i)];
      microseconds.push_back(took.count() * 1e6);
      total += took.count();
    }
    state.SetIterationTime(total / kRounds);
  }
  std::sort(microseconds.begin(), microseconds.end());
  state.counters["median_us"] = microseconds[microseconds.size() / 2];
  state.counters["p99_us"] = microseconds[microseconds.size() * 99 / 100];
}
BENCHMARK(reaction)->Name("watch/reaction")->UseManualTime()->Iterations(3)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace stateproof
