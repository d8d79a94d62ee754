// Opens a faulty path to the API server of $KUBECONFIG, writes a kubeconfig that goes that way, tells each
// fault, and ends with SIGTERM or Ctrl-C.
#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <mutex>
#include <string_view>
#include <thread>

#include "harness/kube/testing/faulty_path.h"

namespace {

using namespace stateproof::kube;

int fail(const std::string& sentence) {
  std::cerr << "faulty path: " << sentence << "\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seed = 0;
  const std::string_view digits = argc == 3 ? argv[2] : "";
  if (digits.empty() || std::from_chars(digits.begin(), digits.end(), seed).ptr != digits.end()) {
    std::cerr << "usage: stateproof_faulty_path KUBECONFIG-TO-WRITE SEED\n";
    return 64;
  }
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  auto config = load_cluster_config({});
  if (!config) return fail(config.error().sentence());
  auto client = Client::create(std::move(*config));
  if (!client) return fail(client.error().sentence());

  const testing::Weather weather{seed};
  std::mutex mutex;
  const auto opened = std::chrono::steady_clock::now();
  const auto tell = [&](const std::string& line) {
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - opened;
    const std::scoped_lock lock(mutex);
    std::cout << fmt::format("{:+08.3f}s {}", since.count(), line) << std::endl;
  };
  tell(fmt::format("seed {}: {}", seed, weather.text()));
  for (const testing::Outage& outage : weather.outages())
    tell(fmt::format("an outage from {} ms to {} ms", outage.begin.count(), outage.end.count()));
  const testing::FaultyPath path{
      client->transport(),
      {[&](testing::Traffic traffic, std::uint64_t n) { return weather.fault(traffic, n); },
       weather.outages(), tell}};
  std::ofstream(argv[1]) << path.kubeconfig();
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
