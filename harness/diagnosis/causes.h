#pragma once

#include <optional>
#include <vector>

#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

// One function for each stage in the life of a pod; each gives the cause that keeps it there, if there is one
// that objects show. They are asked in this order, and the first that answers has the say: what comes later
// in a pod's life is a consequence.

/// The governing Service: missing, with a cluster IP, or over other pods.
std::optional<Finding> service_cause(const Workload& workload);
/// The set's controller is not allowed to create this pod.
std::optional<Finding> creation_cause(const Workload& workload, Ordinal ordinal);
/// A pod that should be gone and is not.
std::optional<Finding> termination_cause(const Workload& workload, const SeenPod& seen);
/// A pod whose node is lost.
std::optional<Finding> node_cause(const Workload& workload, const SeenPod& seen);
/// A claim of the pod: missing, being deleted, not bound.
std::optional<Finding> claim_cause(const Workload& workload, const SeenPod& seen);
/// No node takes the pod.
std::optional<Finding> scheduling_cause(const Workload& workload, const SeenPod& seen);
/// A volume that does not come to the pod's node.
std::optional<Finding> mount_cause(const Workload& workload, const SeenPod& seen);
/// Image, configuration, crash, readiness.
std::optional<Finding> container_cause(const Workload& workload, const SeenPod& seen);

/// Volumes that hold the data of claims which were deleted by hand.
std::vector<Finding> lost_data(const Workload& workload);
/// Claims of the set that wait for a pod, as they should.
std::vector<Finding> waiting_claims(const Workload& workload);

/// "kubectl -n shop delete pod web-0"
Remedy delete_pod(const Workload& workload, const std::string& pod);

}  // namespace stateproof::diagnosis
