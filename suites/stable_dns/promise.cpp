#include "suites/stable_dns/promise.h"

#include "harness/check/naming/name_resolution.h"

namespace stateproof {

Promise stable_dns() {
  return {
      .id = "stable-dns",
      .title = "Each pod's DNS name is stable and always resolves to its own pod",
      .group = "network",
      .scenario = "lifecycle",
      .profile = Profile::kQuick,
      .requirements =
          {
              {.id = "DNS-02",
               .title = "A Ready pod's name resolves to exactly its own addresses",
               .sentence = "For each Ready pod with a host name behind a headless Service, every DNS server "
                           "of the cluster MUST answer <pod>.<service>.<namespace>.svc.<zone> with exactly "
                           "the addresses of that pod, in any client namespace.",
               .source = "https://github.com/kubernetes/dns/blob/master/docs/specification.md",
               .checker = check::names_resolve_to_their_pods},
              {.id = "DNS-04",
               .title = "After a replacement the same name resolves to the new address",
               .sentence = "When a pod is replaced, its DNS name MUST stay the same and resolve to the "
                           "address of the new pod once that pod is Ready.",
               .source =
                   "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id",
               .checker = check::names_follow_replacements},
              {.id = "DNS-08",
               .title = "The governing Service is headless",
               .sentence = "The Service that governs the set MUST be headless, so that its records are those "
                           "of the pods and not of a cluster IP.",
               .source = "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations",
               .checker = check::governing_service_is_headless},
          },
  };
}

}  // namespace stateproof
