#pragma once

#include <string_view>

namespace stateproof {

/// Pages that several promises have for their source.
inline constexpr std::string_view kEndpointConditions =
    "https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions";
inline constexpr std::string_view kScalingGuarantees =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"
    "#deployment-and-scaling-guarantees";
inline constexpr std::string_view kPodIdentity =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-identity";
inline constexpr std::string_view kStableNetworkId =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id";
inline constexpr std::string_view kStableStorage =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage";
inline constexpr std::string_view kUpdateStrategies =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies";
inline constexpr std::string_view kUsingStatefulSets =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#using-statefulsets";
inline constexpr std::string_view kVolumeClaimTemplates =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#volume-claim-templates";
inline constexpr std::string_view kDisruptionBudgets =
    "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets";
inline constexpr std::string_view kStatusReference =
    "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/"
    "#StatefulSetStatus";

}  // namespace stateproof
