#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/kube/client.h"

namespace stateproof::kube {

enum class WatchEventType { kListed, kAdded, kModified, kDeleted };

struct WatchEvent {
  WatchEventType type;
  /// As served, apiVersion and kind filled in, managedFields removed; a Secret without data and annotations.
  nlohmann::json object;
  std::string resource_version;  ///< of the object
  bool synthesized = false;      ///< derived from a re-list after a gap, not seen as an event
};

/// A stretch of history that the watch could not deliver.
struct WatchGap {
  std::string reason;
  std::string from_resource_version;
  std::string to_resource_version;
};

/// Receives what one watch sees, in the server's order. Called on the watcher's thread, one call at a time;
/// other watches wait meanwhile. What it throws is told to it as trouble. May call Watcher::start and
/// Watcher::stop.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  virtual void on_event(const Resource& resource, WatchEvent event) = 0;
  /// The first list is complete and the watch is established from its resourceVersion. Called again when the
  /// watch is re-established after trouble, so that silence afterwards means that nothing happened.
  virtual void on_synced(const Resource& resource) = 0;
  virtual void on_gap(const Resource& resource, const WatchGap& gap) = 0;
  /// Trouble that the watch rides out (cut connection, 429, 5xx): it reconnects by itself with backoff.
  virtual void on_trouble(const Resource& resource, const ApiError& error) = 0;
  /// The watch ended for good: forbidden, unauthorized after a refresh, or unknown resource.
  virtual void on_failed(const Resource& resource, const ApiError& error) = 0;
};

struct WatchRequest {
  Resource resource;
  std::string ns = {};  ///< empty: all namespaces
  std::string label_selector = {};
  std::string field_selector = {};
  WatchSink* sink = nullptr;  ///< must outlive the Watcher
};

struct WatcherOptions {
  /// Without a whole event or bookmark, which come about each minute; then reconnect.
  std::chrono::milliseconds silence_limit{180'000};
  std::chrono::seconds server_timeout{420};  ///< timeoutSeconds sent to the server, jittered upwards
  std::size_t max_line_bytes = 16U << 20U;
  std::chrono::milliseconds first_backoff{200};
  std::chrono::milliseconds max_backoff{10'000};
  /// A restarting server refuses everybody (401, 403) until it has read its roles. So long a watch that
  /// was allowed once tolerates it.
  std::chrono::milliseconds refusal_limit{60'000};
};

/// LIST, then WATCH from its resourceVersion, resumed on every cut; 410 gives a gap, a re-list and the
/// difference. One thread and one curl multi loop serve all watches, each on a connection of its own
/// (HTTP/1.1).
class Watcher {
 public:
  explicit Watcher(Client client, WatcherOptions options = {});
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();  ///< stops and joins; no sink is called afterwards

  /// Thread safe. After stop() it does nothing.
  void start(WatchRequest request);
  /// Every watch goes on over a new connection from where it stands, so that one that has fallen silent is
  /// heard again, without a gap; each then tells on_synced. Thread safe.
  void renew();
  /// Ends every watch without waiting for the server. Thread safe.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stateproof::kube
