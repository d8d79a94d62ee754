#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "harness/model/rfc3339.h"

namespace stateproof::lease {

// What a namespace of ours bears, and the Lease in it that proves whose it is. Functions of objects as
// served, which may be anybody's.

/// Every namespace of ours carries this label, so that a person finds what is left over. It proves nothing.
inline constexpr const char* kManagedBy = "app.kubernetes.io/managed-by=stateproof";
inline constexpr const char* kRunLabel = "stateproof.dev/run";
inline constexpr const char* kLeaseName = "stateproof";
inline constexpr auto kRenewEvery = std::chrono::seconds{10};
/// Three renewals may be lost to an outage of the API server.
inline constexpr auto kDuration = std::chrono::seconds{40};

/// Who made a namespace, as it is written into the namespace and, once more, into its Lease.
struct Founding {
  std::string run;
  std::string founder;  ///< Holder::identity of who made it
};

nlohmann::json namespace_of(const std::string& name, const Founding& founding);

/// How long a Lease says that its namespace is held.
struct Term {
  std::chrono::seconds duration = kDuration;
  /// So long after its last renewal what it holds is left alone although its holder is gone, for the run that
  /// it belongs to may take it up.
  std::chrono::seconds spared{0};
};

/// The Lease of a namespace as it was created. `now` is the API server's time.
nlohmann::json lease_of(const nlohmann::json& ns, const Founding& founding, const Term& term, Timestamp now);

/// As Lease.spec.renewTime wants it.
std::string micro_time(Timestamp time);

/// Why a Namespace is not proved to be ours by the Lease in it (null when there is none); empty when it is. A
/// namespace is ours by our label, its run, its founder, and a Lease in it that names the same run, the same
/// founder and the namespace's own UID.
std::string objection(const nlohmann::json& ns, const nlohmann::json& lease);

/// Whether a namespace was made by whom this says, and a Lease for the namespace of this UID.
bool founded_by(const nlohmann::json& ns, const Founding& founding);
bool belongs_to(const nlohmann::json& lease, const std::string& namespace_uid);

bool has_our_label(const nlohmann::json& ns);
bool is_terminating(const nlohmann::json& ns);
std::string name_of(const nlohmann::json& object);
std::string uid_of(const nlohmann::json& object);
std::string version_of(const nlohmann::json& object);
std::string run_of(const nlohmann::json& ns);
std::string holder_of(const nlohmann::json& lease);  ///< identity; empty when it has none

/// When the API server wrote a Lease last, by its own clock; nullopt when it does not say.
std::optional<Timestamp> last_renewed(const nlohmann::json& lease);

enum class Hold {
  kHeld,       ///< renewed within its duration
  kAbandoned,  ///< not renewed, but for a while yet left to the run that may take it up
  kGivenUp,    ///< not renewed, and nobody is expected any more
};

/// `server_now` is the time of the API server that served the Lease.
Hold hold_of(const nlohmann::json& lease, Timestamp server_now);
/// Until the hold ends, unless it is renewed.
std::chrono::seconds remaining(const nlohmann::json& lease, Timestamp server_now);

}  // namespace stateproof::lease
