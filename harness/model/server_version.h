#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace stateproof {

/// A version of Kubernetes as far as promises depend on it.
struct ServerVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  bool released = true;  ///< false for alpha, beta and rc, which come before the version that they lead to

  friend auto operator<=>(const ServerVersion&, const ServerVersion&) = default;
};

/// Reads "v1.34.4", "1.35", "v1.37.0-alpha.1+abc". What vendors append ("-gke.100", "+k3s1") says nothing
/// about the version. Nullopt when it does not begin with a major and a minor number.
std::optional<ServerVersion> parse_server_version(std::string_view text);

}  // namespace stateproof
