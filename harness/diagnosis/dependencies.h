#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/diagnosis/containers.h"

namespace stateproof::diagnosis {

/// What a container runs: command, arguments and, in the place of $NAME, the values of its environment.
std::string script_of(const Container& container);

/// Pods of the set that a text names, such as "db-1.db", without the pod itself.
std::vector<Ordinal> peers_in(const Workload& workload, const std::string& text, Ordinal own);

/// Host names that a script asks for: of nslookup, getent, nc and the like, and whatever ends in ".svc...".
std::vector<std::string> hosts_in(const std::string& script);

/// A pod that becomes Ready only when another answers, which is not created or has no name before this one is
/// Ready. `text` is where the others are named, `who` what waits: "the readiness probe of container db".
std::optional<Finding> bootstrap_deadlock(const Workload& workload, const SeenPod& seen,
                                          const std::string& who, const std::string& text);

/// The same of a program that does not find the governing Service's name in its log's `line`, which gives no
/// address before a pod is Ready.
std::optional<Finding> nameless_service(const Workload& workload, const std::string& who,
                                        const std::string& line);

/// What a script that loops waits for and cannot get: a Service that does not exist or has nobody Ready
/// behind it. A clause: "no Service cache exists in namespace shop"; empty when objects show none.
std::string unmet_dependency(const Workload& workload, const std::string& script);

}  // namespace stateproof::diagnosis
