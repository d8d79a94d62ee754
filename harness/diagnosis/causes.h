#pragma once

#include <optional>
#include <vector>

#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

// One function for each stage in the life of a pod; each gives the cause that keeps it there, if there is one
// that objects show. They are asked in this order, and the first answer decides: what comes later
// in a pod's life is a consequence.

/// The governing Service: missing, with a cluster IP, or over other pods.
std::optional<Finding> service_cause(const Workload& workload);
/// Pods that lack what the set's template has now and cannot be given it: the controller gets no further.
std::optional<Finding> unchangeable_pods(const Workload& workload);
/// The set's controller cannot create this pod: refused, its name taken, its claim going.
std::optional<Finding> creation_cause(const Workload& workload, Ordinal ordinal);
/// A claim of a pod that is not there, which is being deleted and held by a finalizer.
std::optional<Finding> held_claim(const Workload& workload, Ordinal ordinal);
/// A pod that should be gone and is not.
std::optional<Finding> termination_cause(const Workload& workload, const SeenPod& seen);
/// A pod whose node is lost.
std::optional<Finding> node_cause(const Workload& workload, const SeenPod& seen);
/// A claim of the pod: missing, being deleted, not bound.
std::optional<Finding> claim_cause(const Workload& workload, const SeenPod& seen);
/// A pod that its node did not let in or threw out, once or again and again.
std::optional<Finding> rejection_cause(const Workload& workload, Ordinal ordinal, const SeenPod* seen);
/// No node takes the pod.
std::optional<Finding> scheduling_cause(const Workload& workload, const SeenPod& seen);
/// A volume that does not come to the pod's node.
std::optional<Finding> mount_cause(const Workload& workload, const SeenPod& seen);
/// Image, configuration, hooks, crashes, probes, readiness.
std::optional<Finding> container_cause(const Workload& workload, const SeenPod& seen);
/// A container that ends again and again, although its pod is Ready this moment.
std::optional<Finding> loop_cause(const Workload& workload, const SeenPod& seen);
/// Pods that wait until another is available for minReadySeconds; `next` is the first that waits.
std::optional<Finding> availability_cause(const Workload& workload, const SeenPod& seen,
                                          const std::string& next);

/// Where a pod that is not whole stands; nothing when it is as its set wants it.
std::optional<Progress> progress_of(const Workload& workload, const SeenPod& seen);
/// The same of a pod that is not there.
Progress progress_of_missing(const Workload& workload, Ordinal ordinal);
/// What is left to say when a pod has not got beyond a stage for longer than its settings explain.
Finding stuck(const Workload& workload, const Progress& progress);

/// Volumes that hold the data of claims which were deleted by hand.
std::vector<Finding> lost_data(const Workload& workload);
/// Claims whose expansion does not come.
std::vector<Finding> growing_claims(const Workload& workload);
/// Claims of the set that wait for a pod, as they should.
std::vector<Finding> waiting_claims(const Workload& workload);
/// Updates that are held back by the set's own settings.
std::vector<Finding> held_updates(const Workload& workload);
/// What is not wrong yet.
std::vector<Finding> dangers(const Workload& workload);

}  // namespace stateproof::diagnosis
