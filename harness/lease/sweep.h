#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "harness/kube/client.h"
#include "harness/model/harness_error.h"
#include "harness/model/rfc3339.h"

namespace stateproof::lease {

/// Takes one sentence for people.
using Tell = std::function<void(const std::string&)>;

/// A namespace with our label, and the Lease in it; both as served.
struct Found {
  nlohmann::json ns;
  nlohmann::json lease = nullptr;  ///< null when there is none
  std::optional<Timestamp>
      server_now;         ///< of the API server that served the Lease, or said that there is none
  std::string objection;  ///< why it is not proved to be ours; empty when it is
};

/// Reads the Lease of a namespace.
tl::expected<Found, HarnessError> examine(const kube::Client& client, nlohmann::json ns);
/// The namespace of this name; nullopt when there is none.
tl::expected<std::optional<Found>, HarnessError> find(const kube::Client& client, const std::string& name);

/// Makes this holder's what is abandoned, so that whoever held it finds out with his next renewal. False when
/// somebody was quicker, or renewed it.
tl::expected<bool, HarnessError> seize(const kube::Client& client, const Found& found,
                                       const std::string& identity);

/// Asks for the deletion of this namespace and of no other of its name, then of the pods and claims in it.
tl::expected<void, HarnessError> remove_namespace(const kube::Client& client, const std::string& name,
                                                  const std::string& uid);

/// Namespaces of a killed run that it may yet take up.
enum class Spared { kStay, kGo };

struct Swept {
  std::vector<nlohmann::json> removed;  ///< namespaces whose deletion was asked for, now or before
  std::size_t left_alone = 0;           ///< that look like ours and are not proved to be
};

/// Removes what abandoned runs left. Tells each namespace that it deletes, and each that looks like ours but
/// is not proved to be, which stays.
tl::expected<Swept, HarnessError> sweep_abandoned(const kube::Client& client, Spared spared,
                                                  const Tell& tell);

}  // namespace stateproof::lease
