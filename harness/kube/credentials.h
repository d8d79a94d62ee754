#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "harness/kube/error.h"
#include "harness/kube/kubeconfig.h"

namespace stateproof::kube {

/// What authenticates one request.
struct Credential {
  SecretText authorization;  ///< value of the Authorization header; empty: none
  std::string client_certificate_pem;
  SecretText client_key_pem;
  std::uint64_t generation = 0;  ///< tells a refused credential from one that was renewed meanwhile
};

struct CredentialLimits {
  std::chrono::seconds token_file_age{60};        ///< client-go reads it again after a minute, too
  std::chrono::milliseconds plugin_time{60'000};  ///< a plugin may have to ask a person's browser
};

/// Produces the credential of a ClusterConfig and renews it: token files by age, exec plugins by expiry, both
/// after a refusal. Thread safe; concurrent callers share one run of a plugin.
class Credentials {
 public:
  using Now = std::function<std::chrono::system_clock::time_point()>;

  explicit Credentials(const ClusterConfig& config, CredentialLimits limits = {},
                       Now now = std::chrono::system_clock::now);

  Result<Credential> current(const std::stop_token& stop = {});

  /// The server answered 401 to the credential of this generation. True: the next current() may give another
  /// one.
  bool refused(std::uint64_t generation);

  /// True if a secret would be sent in a header, which only TLS keeps secret.
  [[nodiscard]] bool sends_secret() const;

 private:
  struct Held {
    Credential credential;
    std::optional<std::chrono::system_clock::time_point> good_until;
  };

  Result<Held> renew(const std::stop_token& stop) const;
  Result<Held> from_token_file() const;
  Result<Held> from_plugin(const ExecPlugin& plugin, const std::stop_token& stop) const;
  Result<Held> from_config() const;
  [[nodiscard]] Credential certificate_only() const;
  [[nodiscard]] bool is_renewable() const;
  /// Null when it is not used: what the kubeconfig states outright goes before a plugin.
  [[nodiscard]] const ExecPlugin* plugin() const;

  const ClusterConfig config_;
  const CredentialLimits limits_;
  const Now now_;

  std::mutex mutex_;
  std::condition_variable_any renewed_;
  bool renewing_ = false;
  std::optional<Held> held_;
  std::uint64_t generation_ = 0;
};

}  // namespace stateproof::kube
