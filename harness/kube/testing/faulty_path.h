#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/kube/testing/scripted_server.h"
#include "harness/kube/testing/weather.h"
#include "harness/kube/transport.h"

namespace stateproof::kube::testing {

struct FaultyPathOptions {
  /// What the n-th request of its kind meets, counted from zero. Called by several threads.
  std::function<Fault(Traffic, std::uint64_t n)> fault;
  std::vector<Outage> outages = {};
  /// Told each fault as it happens, one line; empty: nobody is told. Called by several threads.
  std::function<void(const std::string&)> tell = {};
};

/// A TLS proxy on 127.0.0.1 between a client and its API server, which does with what passes as it was told.
/// It reaches the server with the credentials of `server`; its own clients need none.
class FaultyPath {
 public:
  FaultyPath(std::shared_ptr<Transport> server, FaultyPathOptions options);
  FaultyPath(const FaultyPath&) = delete;
  FaultyPath& operator=(const FaultyPath&) = delete;
  ~FaultyPath();

  /// Reaches the server by way of this.
  [[nodiscard]] ClusterConfig config() const;
  /// The same as the text of a kubeconfig.
  [[nodiscard]] std::string kubeconfig() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stateproof::kube::testing
