#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "harness/kube/client.h"
#include "harness/lease/boot_clock.h"
#include "harness/lease/holder.h"
#include "harness/lease/ownership.h"
#include "harness/lease/sweep.h"
#include "harness/model/harness_error.h"
#include "harness/model/rfc3339.h"

namespace stateproof::lease {

struct LeaseRequest {
  std::string run;                ///< id of the run; becomes a label and part of generated names
  std::string name;               ///< empty: a name is made from the run
  std::vector<std::string> more;  ///< suffixes of further namespaces, for example "client"
  std::map<std::string, std::string> labels = {};  ///< that admission demands, besides our own
  /// So long after a killed process renewed it last no other run sweeps it away: `take_up` may come.
  std::chrono::seconds spared{0};
  std::stop_token stop;
  std::chrono::milliseconds renew_every{kRenewEvery};  ///< tests are in a hurry
  /// Told each namespace of others that is deleted or looks like ours, and each trouble with renewing. Called
  /// by several threads.
  Tell tell = {};
  /// Told once when the namespaces are no longer ours, and why; on the thread that found out.
  Tell lost = {};
};

/// Names that a request stands for; the first is the main one.
std::vector<std::string> namespaces_of(const LeaseRequest& request);

/// A namespace by name and UID: another one of that name is another one.
struct Home {
  std::string name;
  std::string uid;
};

/// A namespace that was not removed.
struct Remnant {
  std::string ns;
  std::string why;
  bool ours = true;  ///< false: somebody else holds it now, who removes it
};

/// Namespaces that this process holds. A coordination.k8s.io Lease in each one is renewed while the process
/// lives, by one PATCH each ten seconds; whoever finds it expired may take it over, and then remove the
/// namespace. Each renewal is refused when the Lease was written by somebody else meanwhile: then what it
/// stands for is lost.
class NamespaceLease {
 public:
  /// Creates the namespaces. One that exists is taken over only when it is ours and abandoned: then it is
  /// deleted first, which may take up to two minutes after the forty seconds in which it may be renewed.
  static tl::expected<std::unique_ptr<NamespaceLease>, HarnessError> take(const kube::Client& client,
                                                                          const LeaseRequest& request);
  /// Takes what the same request leased before its process was killed, as it is, when its Lease has run out.
  static tl::expected<std::unique_ptr<NamespaceLease>, HarnessError> take_up(const kube::Client& client,
                                                                             const LeaseRequest& request);
  ~NamespaceLease();  ///< stops renewing; deletes nothing

  /// What may be changed belongs to us: nullopt, else why nothing may be. A lease that ran out is renewed
  /// first, and so asks the server. Thread safe.
  std::optional<std::string> objection();

  /// Those that are ours, in the order of their creation.
  [[nodiscard]] std::vector<Home> homes() const;

  /// Namespaces of abandoned runs whose deletion was asked for.
  [[nodiscard]] const std::vector<Home>& swept() const { return swept_; }

  /// From now on they outlast this process: no run takes them for abandoned, and whoever made them removes
  /// them.
  tl::expected<void, HarnessError> keep();
  /// Asks for the deletion of our namespaces, and of the pods and claims in them, and of what abandoned runs
  /// left meanwhile. Gives those for which that was not done.
  std::vector<Remnant> release();

 private:
  struct Held {
    Home home;
    std::string version;      ///< of its Lease as this process wrote it last; empty: it has none yet
    bool taken_over = false;  ///< somebody else holds it now
    bool gone = false;        ///< it, or its Lease, was deleted by somebody else
    [[nodiscard]] bool is_lost() const { return taken_over || gone; }
  };
  enum class Renewal { kDone, kLost, kFailed };

  NamespaceLease(kube::Client client, const LeaseRequest& request);
  tl::expected<void, HarnessError> create_all();
  tl::expected<void, HarnessError> create_one(const std::string& name);
  tl::expected<nlohmann::json, HarnessError> create_namespace(const std::string& name);
  tl::expected<void, HarnessError> clear_the_way(const std::string& name);
  tl::expected<void, HarnessError> take_up_one(const std::string& name);
  void sweep();
  void keep_renewing();
  void renew_until(const std::stop_token& stop);
  void renew_all();
  Renewal renew(Held& held, std::string& trouble);
  Renewal examine(Held& held, std::string& trouble);
  void note_renewed(BootClock::time_point asked);
  void note_trouble(const std::string& trouble);
  void hold(Held held, BootClock::time_point asked);
  void lose(bool& how, const std::string& why);
  [[nodiscard]] std::optional<std::string> unsure() const;
  void learn_time(Timestamp server_time);
  [[nodiscard]] Timestamp server_now() const;

  kube::Client client_;
  LeaseRequest request_;
  std::string identity_;
  Founding founding_;
  std::vector<Home> swept_;
  std::set<std::string> told_;  ///< by sweeps
  Timestamp server_time_{};     ///< of the API server, when the machine's clock was at `learnt_`
  BootClock::time_point learnt_{};

  std::mutex renewing_;                 ///< held while the server is asked
  mutable std::mutex mutex_;            ///< guards what follows, and is never held while the server is asked
  std::vector<Held> held_;              ///< written under both
  BootClock::time_point sure_until_{};  ///< nobody else can have taken it before
  std::string loss_;                    ///< not empty: why they are no longer ours
  std::string trouble_;                 ///< told, and not over

  std::condition_variable_any pause_;
  std::jthread renewer_;  // after all that it uses
};

}  // namespace stateproof::lease
