#include "harness/kube/resource.h"

#include "harness/kube/url.h"

namespace stateproof::kube {

std::string Resource::path(std::string_view ns, std::string_view name, std::string_view subresource) const {
  std::string path = group.empty() ? "/api" : "/apis";
  const auto append = [&path](std::string_view segment) {
    if (!segment.empty()) path += '/' + percent_encoded(segment);
  };
  append(group);
  append(version);
  if (namespaced && !ns.empty()) {
    append("namespaces");
    append(ns);
  }
  append(plural);
  append(name);
  append(subresource);
  return path;
}

const Resource* resource_of_kind(std::string_view kind) {
  for (const Resource* known : {&kPods,
                                &kServices,
                                &kClaims,
                                &kVolumes,
                                &kEvents,
                                &kSecrets,
                                &kConfigMaps,
                                &kServiceAccounts,
                                &kNodes,
                                &kNamespaces,
                                &kStatefulSets,
                                &kDeployments,
                                &kReplicaSets,
                                &kControllerRevisions,
                                &kEndpointSlices,
                                &kStorageClasses,
                                &kVolumeAttachments,
                                &kResourceQuotas,
                                &kPodDisruptionBudgets,
                                &kLeases,
                                &kDaemonSets,
                                &kJobs,
                                &kCronJobs,
                                &kLimitRanges,
                                &kEndpoints,
                                &kNetworkPolicies,
                                &kIngresses,
                                &kHorizontalPodAutoscalers,
                                &kRoles,
                                &kRoleBindings,
                                &kClusterRoles,
                                &kClusterRoleBindings})
    if (known->kind == kind) return known;
  return nullptr;
}

}  // namespace stateproof::kube
