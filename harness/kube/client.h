#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kube/error.h"
#include "harness/kube/kubeconfig.h"
#include "harness/kube/resource.h"
#include "harness/model/rfc3339.h"

namespace stateproof::kube {

class Transport;  // libcurl, TLS and credentials; transport.h
struct HttpRequest;

struct ListOptions {
  std::string label_selector = {};
  std::string field_selector = {};
  int page_size = 500;
};

struct ObjectList {
  std::vector<nlohmann::json> items;  ///< each with apiVersion and kind filled in
  std::string resource_version;       ///< of the list, where a watch may begin
};

enum class Propagation { kBackground, kForeground, kOrphan };

struct DeleteOptions {
  std::optional<std::chrono::seconds> grace_period = {};  ///< unset: the object's own
  std::optional<Propagation> propagation = {};
  std::string precondition_uid = {};  ///< refuse (409) when the object has another UID
};

enum class PatchType { kMerge, kStrategicMerge, kJson };

/// What was asked of the API server, so that a run can show that it watched instead of polling.
/// Key: verb and resource, for example "watch pods", "get scale". Counts every HTTP request sent, retries
/// included.
using RequestCounts = std::map<std::string, std::uint64_t>;

/// Why nothing may be changed any more; nullopt while it may. Asked before each attempt, by several threads.
using Fence = std::function<std::optional<std::string>()>;

/// An object and the time of the API server that served it; nullopt when the answer has no date.
struct Dated {
  nlohmann::json object;
  std::optional<Timestamp> served_at;
};

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{30'000};
  int max_attempts = 5;       ///< for 429, 503 and cut connections on idempotent requests
  std::stop_token stop = {};  ///< stops waiting requests with Kind::kCancelled
  /// Waits between attempts; false when stopped meanwhile. Tests pass their own. Empty: a real wait.
  std::function<bool(std::chrono::milliseconds)> pause = {};
};

/// A thin client: JSON in, JSON out, no cache and no opinion. Thread safe; copies share the connection pool,
/// the credentials and the counters. Every failure is an ApiError, nothing is thrown and nothing is printed.
class Client {
 public:
  static Result<Client> create(ClusterConfig config, ClientOptions options = {});

  /// The same client, which asks before it changes anything and before it enters a pod (exec, port-forward),
  /// and ends with Kind::kFenced when that is no longer allowed.
  [[nodiscard]] Client fenced(Fence fence) const;
  [[nodiscard]] const Fence& fence() const { return fence_; }
  /// The same client, whose requests and logins also end, with Kind::kCancelled, when `stop` is asked for.
  [[nodiscard]] Client until(std::stop_token stop) const;
  /// What ends its waiting requests.
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }

  Result<nlohmann::json> get(const Resource& r, std::string_view ns, std::string_view name) const;
  Result<Dated> get_dated(const Resource& r, std::string_view ns, std::string_view name) const;
  Result<ObjectList> list(const Resource& r, std::string_view ns, const ListOptions& options = {}) const;
  Result<nlohmann::json> create_object(const Resource& r, std::string_view ns,
                                       const nlohmann::json& object) const;
  /// The answer to a review (SelfSubjectAccessReview), which is posted like an object, and not stored.
  Result<nlohmann::json> review(const Resource& r, const nlohmann::json& question) const;
  /// Whether create_object() would be let in: all of admission and validation, and nothing is stored.
  Result<void> try_create(const Resource& r, std::string_view ns, const nlohmann::json& object) const;
  Result<nlohmann::json> replace(const Resource& r, std::string_view ns, std::string_view name,
                                 const nlohmann::json& object) const;
  /// Server-side apply; `force` takes fields over from other managers.
  Result<nlohmann::json> apply(const Resource& r, std::string_view ns, std::string_view name,
                               const nlohmann::json& object, std::string_view field_manager,
                               bool force) const;
  Result<nlohmann::json> patch(const Resource& r, std::string_view ns, std::string_view name, PatchType type,
                               const nlohmann::json& patch, std::string_view subresource = {}) const;
  Result<nlohmann::json> remove(const Resource& r, std::string_view ns, std::string_view name,
                                const DeleteOptions& options = {}) const;
  Result<nlohmann::json> get_scale(const Resource& r, std::string_view ns, std::string_view name) const;
  /// PATCH of the scale subresource.
  Result<nlohmann::json> scale(const Resource& r, std::string_view ns, std::string_view name,
                               int replicas) const;
  /// PUT of the scale subresource, with a Scale as it was served. 409 when the object has changed since.
  Result<nlohmann::json> replace_scale(const Resource& r, std::string_view ns, std::string_view name,
                                       const nlohmann::json& scale) const;
  /// policy/v1 Eviction. 429 means that a PodDisruptionBudget refuses; it is returned, not retried.
  Result<nlohmann::json> evict(std::string_view ns, std::string_view pod,
                               const DeleteOptions& options = {}) const;
  /// Log text of a container, at most `tail_lines` lines.
  Result<std::string> pod_log(std::string_view ns, std::string_view pod, std::string_view container,
                              bool previous, int tail_lines) const;
  /// Any path that answers with JSON, for example /version.
  Result<nlohmann::json> get_path(std::string_view path) const;
  /// The same for one that answers with plain text, for example /metrics.
  Result<std::string> get_text(std::string_view path) const;

  [[nodiscard]] RequestCounts request_counts() const;
  [[nodiscard]] const ClusterConfig& config() const;
  [[nodiscard]] const std::shared_ptr<Transport>& transport() const { return transport_; }

 private:
  explicit Client(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}
  [[nodiscard]] HttpRequest read(HttpRequest request) const;
  [[nodiscard]] HttpRequest change(HttpRequest request) const;
  std::shared_ptr<Transport> transport_;
  Fence fence_;
  std::stop_token stop_;
};

}  // namespace stateproof::kube
