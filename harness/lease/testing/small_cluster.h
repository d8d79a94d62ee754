#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/kube/client.h"
#include "harness/kube/testing/scripted_server.h"
#include "harness/model/rfc3339.h"

namespace stateproof::lease::testing {

/// Namespaces and the Leases in them, behind an API server with a clock of its own: UIDs, versions, conflicts
/// and preconditions as Kubernetes has them. A namespace is gone as soon as it is deleted, unless it lingers.
class SmallCluster {
 public:
  /// Serves these names and no other.
  explicit SmallCluster(const std::vector<std::string>& names);

  [[nodiscard]] kube::Client client(kube::ClientOptions options = {}) const;
  kube::testing::ScriptedServer& server() { return server_; }

  /// The API server's clock.
  void advance(std::chrono::seconds time);
  /// What somebody else does. `metadata` of the namespace besides name, uid and creationTimestamp.
  void make_namespace(const std::string& name, const nlohmann::json& metadata);
  void make_lease(const std::string& ns, nlohmann::json lease);
  void write_lease(const std::string& ns, const nlohmann::json& merge);
  void drop_namespace(const std::string& name);
  /// The next requests to renew a Lease are answered so; 0: as usual.
  void refuse_renewals(int status);
  void linger(const std::string& name);  ///< stays, with a deletionTimestamp, when it is deleted

  [[nodiscard]] std::optional<nlohmann::json> ns(const std::string& name) const;
  [[nodiscard]] nlohmann::json lease(const std::string& ns) const;  ///< null when there is none
  [[nodiscard]] std::vector<std::string> names() const;
  /// Waits until a Lease was written so many times in all; false after ten seconds.
  bool await_writes(const std::string& ns, std::size_t count);
  /// Waits until a Lease was written twice more: whoever renews several in turn has then been at each of them
  /// since. False after ten seconds.
  bool await_round(const std::string& ns);

 private:
  struct Stored {
    nlohmann::json ns;
    nlohmann::json lease = nullptr;
    bool lingers = false;
  };
  using Connection = kube::testing::Connection;

  void serve(const std::string& name);
  void list_namespaces(Connection& c);
  void create_namespace(Connection& c);
  void delete_namespace(Connection& c, const std::string& name);
  void get_lease(Connection& c, const std::string& ns);
  void create_lease(Connection& c, const std::string& ns);
  void patch_lease(Connection& c, const std::string& ns);
  void answer(Connection& c, int status, const nlohmann::json& body) const;
  void refuse(Connection& c, int status, const char* reason) const;
  void store_namespace(const std::string& name, nlohmann::json object);
  void stamp(nlohmann::json& lease);

  mutable std::mutex mutex_;
  Timestamp now_ = *parse_rfc3339("2026-03-01T10:00:00Z");
  int version_ = 100;
  int refusal_ = 0;
  std::map<std::string, Stored> stored_;
  kube::testing::ScriptedServer server_;  // after what it serves
};

}  // namespace stateproof::lease::testing
