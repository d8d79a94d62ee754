#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "harness/kube/client.h"
#include "harness/model/harness_error.h"
#include "harness/model/rfc3339.h"

namespace stateproof::lease {

/// Every namespace of ours carries this label, so that a person finds what is left over.
inline constexpr const char* kManagedBy = "app.kubernetes.io/managed-by=stateproof";

/// Whether a Namespace, as served, carries it.
bool is_ours(const nlohmann::json& ns);

struct LeaseRequest {
  std::string run;                ///< id of the run; becomes a label and part of generated names
  std::string name;               ///< empty: a name is made from the run
  std::vector<std::string> more;  ///< suffixes of further namespaces, for example "client"
  /// So long after a killed process renewed it last no other run sweeps it away: `take_up` may come.
  std::chrono::seconds spared{0};
  std::stop_token stop;
};

/// Names that a request stands for; the first is the main one.
std::vector<std::string> namespaces_of(const LeaseRequest& request);

/// Namespaces that this process holds. A coordination.k8s.io Lease in the first one is renewed while the
/// process lives, by one PATCH each ten seconds; whoever finds it expired, or its process dead, may remove
/// the namespaces.
class NamespaceLease {
 public:
  /// Creates the namespaces. One that exists is taken over only when it is ours and abandoned: then it is
  /// deleted first, which may take up to two minutes.
  static tl::expected<std::unique_ptr<NamespaceLease>, HarnessError> take(const kube::Client& client,
                                                                          const LeaseRequest& request);
  /// Takes what the same request leased before its process was killed, as it is.
  static tl::expected<std::unique_ptr<NamespaceLease>, HarnessError> take_up(const kube::Client& client,
                                                                             const LeaseRequest& request);
  ~NamespaceLease();  ///< stops renewing; deletes nothing

  [[nodiscard]] const std::string& main() const { return names_.front(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  /// Namespaces that abandoned runs left behind; their deletion has been asked for.
  [[nodiscard]] const std::vector<std::string>& swept() const { return swept_; }

  /// From now on they outlast this process: no run takes them for abandoned, and whoever made them removes
  /// them.
  tl::expected<void, HarnessError> keep();
  /// Asks for the deletion of our namespaces, and of the pods and claims in them. Gives the names for which
  /// that failed, with the cause.
  std::vector<std::string> release();

 private:
  explicit NamespaceLease(kube::Client client) : client_(std::move(client)) {}
  tl::expected<void, HarnessError> create_all(const std::vector<std::string>& names,
                                              const LeaseRequest& request);
  tl::expected<void, HarnessError> create_one(const std::string& name, const LeaseRequest& request);
  tl::expected<void, HarnessError> take_over(const std::string& name, const LeaseRequest& request);
  tl::expected<void, HarnessError> hold(std::chrono::seconds spared);
  tl::expected<void, HarnessError> take_up_all(const LeaseRequest& request);
  tl::expected<void, HarnessError> sweep();
  void keep_renewing();
  [[nodiscard]] Timestamp server_now() const;
  void renew(const std::stop_token& stop);

  kube::Client client_;
  std::vector<std::string> names_;
  std::vector<std::string> swept_;
  std::chrono::microseconds clock_skew_{0};  ///< API server's clock minus ours
  std::mutex mutex_;
  std::condition_variable_any pause_;
  std::jthread renewer_;
};

/// Namespaces of a killed run that it may yet take up.
enum class Spared { kStay, kGo };
/// Asks for the deletion of what abandoned runs left; `server_now` is the API server's time. Gives the names.
tl::expected<std::vector<std::string>, HarnessError> sweep_abandoned(const kube::Client& client,
                                                                     Timestamp server_now, Spared spared);

}  // namespace stateproof::lease
