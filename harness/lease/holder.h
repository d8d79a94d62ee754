#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "harness/model/rfc3339.h"

namespace stateproof::lease {

/// A process that holds a namespace, told apart from every other one on any machine.
struct Holder {
  std::string host;
  std::string boot;  ///< kernel's boot id
  long pid = 0;
  long started = 0;  ///< of the process, in clock ticks since boot: a pid alone is used again

  static Holder this_process();
  [[nodiscard]] std::string identity() const;  ///< for Lease.spec.holderIdentity
  static std::optional<Holder> parse(const std::string& identity);
  friend bool operator==(const Holder&, const Holder&) = default;
};

enum class Liveness { kAlive, kDead, kUnknown };

/// Of a process on this machine since its last boot; kUnknown for every other one.
Liveness liveness(const Holder& holder);

/// Annotation of a Lease: for so many seconds after its last renewal what it holds is left alone, although
/// its holder is dead, for the run that it belongs to may take it up.
inline constexpr const char* kSpared = "stateproof.dev/spared-seconds";

/// Whether whoever holds this Lease (as served; null when there is none) is gone, at the API server's time
/// `now`.
bool is_abandoned(const nlohmann::json& lease, Timestamp now);
/// Whether it is abandoned, and nobody is expected to take it up any more.
bool is_given_up(const nlohmann::json& lease, Timestamp now);

}  // namespace stateproof::lease
