#include "suites/naming/promises.h"

#include "harness/check/naming/dns_records.h"
#include "harness/check/naming/name_resolution.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kAddressRecords =
    "https://github.com/kubernetes/dns/blob/master/docs/specification.md#241---aaaaa-records";
constexpr std::string_view kServiceRecords =
    "https://github.com/kubernetes/dns/blob/master/docs/specification.md#242---srv-records";
constexpr std::string_view kReverseRecords =
    "https://github.com/kubernetes/dns/blob/master/docs/specification.md#243---ptr-records";
constexpr std::string_view kPodDns =
    "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#namespaces-of-services";

Promise naming_promise(std::string_view id, std::string_view title, Requirement requirement,
                       std::source_location written = std::source_location::current()) {
  return {.id = id,
          .title = title,
          .group = "network",
          .scenario = "naming",
          .requirements = {requirement},
          .written = written};
}

}  // namespace

std::vector<Promise> naming_promises() {
  return {
      naming_promise(
          "dns-service-records", "The Service's name resolves to the addresses of all Ready pods",
          {.id = "DNS-01",
           .title = "The name of a headless Service resolves to exactly the addresses of its Ready pods",
           .sentence = "The DNS MUST answer <service>.<namespace>.svc.<zone> of a headless Service with "
                       "exactly one address record for each Ready endpoint, at most 60 s after a change.",
           .source = kAddressRecords,
           .checker = check::service_name_gives_ready_pods}),
      naming_promise(
          "dns-srv", "SRV records lead to port and name of each Ready pod",
          {.id = "DNS-03",
           .title = "Each Ready pod has an SRV record under a named port",
           .sentence = "For each named port of a headless Service the DNS MUST give one SRV record for each "
                       "Ready endpoint, with the port's number and the pod's own name as its target.",
           .source = kServiceRecords,
           .checker = check::srv_records_name_ready_pods}),
      naming_promise(
          "dns-follows", "Whenever a pod is replaced, its name resolves to the new address",
          {.id = "DNS-04b",
           .title = "Names follow repeated replacements",
           .sentence = "Whenever a pod is replaced, its DNS name MUST resolve to the address of the new "
                       "pod at most 60 s after that pod is Ready.",
           .source = kStableNetworkId,
           .checker = check::names_follow_replacements}),
      naming_promise(
          "dns-unready-leaves", "A pod that is not Ready has no records",
          {.id = "DNS-05a",
           .title = "Records of a pod that is not Ready are removed",
           .sentence = "While an endpoint is not Ready, the Service's name and the endpoint's own name "
                       "MUST NOT resolve to its address, from 60 s after the change.",
           .source = kAddressRecords,
           .checker = check::unready_pods_drop_out}),
      naming_promise(
          "dns-unready-published", "publishNotReadyAddresses keeps the records of pods that are not Ready",
          {.id = "DNS-05b",
           .title = "A Service may publish pods that are not Ready",
           .sentence = "The name of a headless Service with publishNotReadyAddresses MUST resolve to the "
                       "addresses of its pods whether they are Ready or not.",
           .source = "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/"
                     "#pod-s-hostname-and-subdomain-fields",
           .checker = check::unready_pods_are_published}),
      naming_promise(
          "dns-no-endpoint", "Without a Ready pod the Service's name does not exist",
          {.id = "DNS-06a",
           .title = "The name of a headless Service without Ready pods does not exist",
           .sentence = "While no endpoint of a headless Service is Ready, a query for its name SHOULD be "
                       "answered with NXDOMAIN.",
           .source = kAddressRecords,
           .level = Level::kInforming,
           .checker = check::name_without_endpoints_does_not_exist}),
      naming_promise(
          "dns-reverse", "A pod's address resolves back to its name",
          {.id = "DNS-06b",
           .title = "The PTR record of a Ready pod's address is the pod's name",
           .sentence = "For the address of each Ready endpoint with a host name the DNS MUST have a PTR "
                       "record with the endpoint's own name.",
           .source = kReverseRecords,
           .level = Level::kInforming,
           .checker = check::addresses_lead_back}),
      naming_promise(
          "endpoint-slices", "EndpointSlices show each pod's host name and readiness",
          {.id = "DNS-07",
           .title = "Endpoints agree with their pods",
           .sentence = "The EndpointSlices of the governing Service MUST have an endpoint for each pod, with "
                       "the pod's host name and with conditions that agree with the pod's readiness.",
           .source = kEndpointConditions,
           .level = Level::kInforming,
           .checker = check::endpoint_slices_agree}),
      naming_promise(
          "ending-endpoints", "Terminating pods are not published as ready",
          {.id = "DNS-07b",
           .title = "The endpoint of a terminating pod is not ready",
           .sentence = "While a pod is being deleted, its endpoint in the EndpointSlices of the governing "
                       "Service MUST be terminating, and MUST NOT be ready.",
           .source = kEndpointConditions,
           .since = "1.26",
           .checker = check::ending_endpoints_are_not_ready}),
      naming_promise(
          "dns-short-names", "Short names resolve through the search path",
          {.id = "DNS-09",
           .title = "<pod>.<service> and <pod>.<service>.<namespace> resolve to the pod",
           .sentence = "Through its search path a client MUST resolve a Ready pod as <pod>.<service> in "
                       "the pod's namespace, and as <pod>.<service>.<namespace> in any namespace.",
           .source = kPodDns,
           .checker = check::short_names_lead_to_pods}),
      naming_promise(
          "dns-replicas", "Each replica of the DNS server gives correct answers",
          {.id = "DNS-10",
           .title = "No replica of the DNS server is wrong",
           .sentence = "Each replica of the cluster's DNS server MUST give the records of Ready pods "
                       "when it is queried directly.",
           .source = kAddressRecords,
           .checker = check::replicas_answer_alike}),
  };
}

}  // namespace stateproof
