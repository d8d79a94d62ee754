#pragma once

#include <optional>
#include <string>

namespace stateproof::lease {

/// Who holds a namespace. Host and process are for people: whether he lives, only his renewals tell, for a
/// process id means nothing in another PID namespace and a host name nothing on another host.
struct Holder {
  std::string host;
  long pid = 0;       ///< 0: no process; somebody comes back for it
  std::string token;  ///< at random: no two holders are the same one

  static Holder this_process();
  /// Of what outlives the process that made it.
  static Holder nobody();
  [[nodiscard]] std::string identity() const;  ///< for Lease.spec.holderIdentity
  static std::optional<Holder> parse(const std::string& identity);
  [[nodiscard]] std::string shown() const;  ///< "process 12 on ci-3"
  friend bool operator==(const Holder&, const Holder&) = default;
};

}  // namespace stateproof::lease
