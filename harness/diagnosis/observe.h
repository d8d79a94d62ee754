#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>

#include "harness/diagnosis/snapshot.h"
#include "harness/kube/client.h"
#include "harness/model/harness_error.h"

namespace stateproof::diagnosis {

/// Which sets are looked at.
struct Scope {
  std::string ns;   ///< empty: all namespaces
  std::string set;  ///< name; empty: all of the namespace
};

/// Reads what a diagnosis needs, by GET and LIST alone. What may not be read stands in Snapshot::unread; the
/// sets and their pods must be readable.
tl::expected<Snapshot, HarnessError> observe(const kube::Client& client, const Scope& scope);

/// The same after having watched pods and events for a while, so that what goes round is seen to do so.
tl::expected<Snapshot, HarnessError> observe_for(const kube::Client& client, const Scope& scope,
                                                 std::chrono::seconds duration, const std::stop_token& stop);

}  // namespace stateproof::diagnosis
