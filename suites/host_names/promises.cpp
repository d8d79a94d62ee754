#include "suites/host_names/promises.h"

#include "harness/check/identity/host_names.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kHostName =
    "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/"
    "#pod-s-hostname-and-subdomain-fields";

}  // namespace

std::vector<Promise> host_name_promises() {
  return {
      {.id = "host-names",
       .title = "Inside a pod the host name is the pod's name",
       .group = "identity",
       .scenario = "rollout",
       .requirements = {{.id = "ID-02a",
                         .title = "The host name is the pod's name, also after replacement",
                         .sentence =
                             "The host name inside every pod of a set MUST be the name of the set, a hyphen "
                             "and the ordinal, and MUST be the same after the pod is replaced.",
                         .source = kStableNetworkId,
                         .checker = check::host_name_is_pod_name},
                        {.id = "ID-02b",
                         .title = "The full host name is in the domain of the governing Service",
                         .sentence = "The fully qualified host name inside a pod MUST be the pod's "
                                     "name in the domain of the governing Service.",
                         .source = kHostName,
                         .checker = check::full_host_name_is_in_the_service}}},
  };
}

}  // namespace stateproof
