#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// The records of a headless Service, as kubernetes/dns docs/specification.md 2.4 has them. Each is judged
/// while the pods that it depends on do not change; kResolutionLimit (dns_duty.h) is the time to follow a
/// change.

/// DNS-01: the Service's name gives exactly the addresses of the Ready pods.
Verdict service_name_gives_ready_pods(const Timeline& timeline);

/// DNS-03: one SRV record for each Ready pod and named port, with the pod's own name as its target.
Verdict srv_records_name_ready_pods(const Timeline& timeline);

/// DNS-05a: the address of a pod that is not Ready is given by neither the Service's name nor the pod's own.
Verdict unready_pods_drop_out(const Timeline& timeline);

/// DNS-05b: under a Service with publishNotReadyAddresses they stay.
Verdict unready_pods_are_published(const Timeline& timeline);

/// DNS-06a: without a Ready pod the Service's name does not exist.
Verdict name_without_endpoints_does_not_exist(const Timeline& timeline);

/// DNS-06b: the address of a Ready pod leads back to its name.
Verdict addresses_lead_back(const Timeline& timeline);

/// DNS-07: EndpointSlices name each pod's host name and agree with its readiness.
Verdict endpoint_slices_agree(const Timeline& timeline);

/// DNS-07b, on step "linger": the endpoint of a pod that is ending slowly is terminating, and not ready.
Verdict ending_endpoints_are_not_ready(const Timeline& timeline);

/// DNS-09: short names lead to the pod by the search path of the client's namespace.
Verdict short_names_lead_to_pods(const Timeline& timeline);

/// DNS-10: each replica of the DNS server that is asked by itself gives the right answers.
Verdict replicas_answer_alike(const Timeline& timeline);

}  // namespace stateproof::check
