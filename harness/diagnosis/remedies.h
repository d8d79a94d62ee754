#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/diagnosis/containers.h"
#include "harness/diagnosis/workload.h"

// Steps that more than one cause asks for.
namespace stateproof::diagnosis {

/// "kubectl -n shop delete pod web-0"
Remedy delete_pod(const Workload& workload, const std::string& pod);
/// The same after a change of the template: with OrderedReady the controller waits for the pod that the old
/// one broke. https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
Remedy replace_after(const Workload& workload, const SeenPod& seen, int way = 1);
/// Ends the processes of a container but its first, such as a hook for which the kubelet waits.
std::string kill_all(const Workload& workload, const std::string& pod, const Container& container);
/// Whether a step changes something; one that only looks mends nothing.
bool changes(const Remedy& step);
/// The steps of the first way that changes something, and can be done as it stands but for `words`: what the
/// reader knows himself, for the parts in angle brackets. Empty when there is none.
std::vector<Remedy> first_way(const Finding& finding, const std::map<std::string, std::string>& words = {});
/// As many pods as have a node.
Remedy scale_down(const Workload& workload, int way);
/// Merges into spec.template.spec as a strategic merge patch.
std::string patch_template(const Workload& workload, const nlohmann::json& pod_spec);
/// JSON patch of the set.
std::string patch_set(const Workload& workload, const nlohmann::json& operations);
/// Merge patch of a cluster-wide or namespaced object: `words` are its kind and name, and "-n NS" before
/// them.
std::string merge_patch(std::vector<std::string> words, const nlohmann::json& patch);
/// The set recreated under its running pods with this JSON patch: for fields that cannot be changed.
Remedy recreate_set(const Workload& workload, const std::string& text, const nlohmann::json& operations,
                    int way = 1);
/// Where a claim template stands, for a JSON patch: "/spec/volumeClaimTemplates/0"; empty when it is not
/// there.
std::string claim_template_path(const Workload& workload, const std::string& name);
/// Where a container of the template stands, for a JSON patch: "/spec/template/spec/containers/0"; empty when
/// it is not there (any more).
std::string container_path(const Workload& workload, const char* list, const std::string& name);
/// Tells a volume to outlive its claim.
std::string retain(const std::string& volume);

inline constexpr const char* kUpdateWaits =
    "Changing or reverting the template alone does not help: an update waits until the present pod is Ready.";

}  // namespace stateproof::diagnosis
