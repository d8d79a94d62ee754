#include "suites/mutants/wrong_naming.h"

#include <functional>
#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void change_answers(Timeline& timeline, const std::function<bool(DnsAnswer&, const Observation&)>& change) {
  bool changed = false;
  for (Observation& seen : timeline.observations)
    if (auto* answer = std::get_if<DnsAnswer>(&seen.what); answer != nullptr && change(*answer, seen))
      changed = true;
  must(changed, "answer to change");
}

// Longer than any cache may keep an answer: the end of the step that waits for the right ones comes late.
void wait_in_vain(Timeline& timeline, StepName step, int occurrence = 1) {
  delay_from(timeline, end_of(timeline, step, occurrence), 120s);
}

// One replica never hears of the pods.
void cut_one_replica_off(Timeline& timeline) {
  std::string replica;
  change_answers(timeline, [&](DnsAnswer& answer, const Observation&) {
    if (!answer.replica) return false;
    if (replica.empty()) replica = answer.server;
    if (answer.server != replica) return false;
    answer.addresses.clear();
    answer.rcode = "NXDOMAIN";
    return true;
  });
  wait_in_vain(timeline, steps::Resolve::name);
}

// What the first pod's name gave before its first replacement, it gives for ever.
void keep_the_first_address(Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const std::size_t begin = begin_of<steps::Replace>(timeline);
  std::vector<std::string> old;
  change_answers(timeline, [&](DnsAnswer& answer, const Observation& seen) {
    if (answer.replica || answer.name != subject.dns_name(subject.first)) return false;
    if (seen.index < begin && !answer.addresses.empty()) old = answer.addresses;
    if (seen.index < begin || answer.addresses == old) return false;
    answer.addresses = old;
    answer.rcode = "NOERROR";
    return true;
  });
  wait_in_vain(timeline, steps::Resolve::name, 3);
}

void answer_without_endpoints(Timeline& timeline) {
  const std::size_t end = end_of<steps::NoEndpoint>(timeline);
  change_answers(timeline, [&](DnsAnswer& answer, const Observation& seen) {
    if (answer.name != timeline.subject().service_dns_name() || seen.index > end) return false;
    answer.rcode = "NOERROR";
    return true;
  });
  wait_in_vain(timeline, steps::NoEndpoint::name);
}

// No time goes by: nothing is old about such an answer.
void answer_with_nothing(Timeline& timeline) {
  change_answers(timeline, [&](DnsAnswer& answer, const Observation&) {
    if (answer.name != timeline.subject().service_dns_name() || answer.rcode != "NXDOMAIN") return false;
    answer.rcode = "NOERROR";
    return true;
  });
}

void lead_back_to_a_stranger(Timeline& timeline) {
  change_answers(timeline, [](DnsAnswer& answer, const Observation&) {
    if (answer.type != "PTR" || answer.records.empty()) return false;
    answer.records = {"10-0-0-1.stranger.cluster.local"};
    return true;
  });
  wait_in_vain(timeline, steps::Resolve::name);
}

// Each SRV record is "PRIORITY WEIGHT PORT TARGET".
void give_another_port(Timeline& timeline) {
  change_answers(timeline, [](DnsAnswer& answer, const Observation&) {
    if (answer.type != "SRV" || answer.records.empty()) return false;
    for (std::string& record : answer.records) {
      const std::size_t port = record.find(' ', record.find(' ') + 1) + 1;
      record.replace(port, record.find(' ', port) - port, "3307");
    }
    return true;
  });
}

void stay_ready_to_the_end(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Linger>(timeline);
  change_objects<EndpointSlice>(timeline, [&](EndpointSlice& slice, const Observation& seen) {
    if (slice.service != timeline.subject().service || seen.index < begin) return false;
    for (Endpoint& endpoint : slice.endpoints) endpoint.ready = true;
    return true;
  });
  let_time_out(timeline, steps::Linger::name, 45s);
}

void forget_host_names(Timeline& timeline) {
  change_objects<EndpointSlice>(timeline, [&](EndpointSlice& slice, const Observation&) {
    for (Endpoint& endpoint : slice.endpoints) endpoint.hostname.clear();
    return slice.service == timeline.subject().service && !slice.endpoints.empty();
  });
  wait_in_vain(timeline, steps::Resolve::name);
}

}  // namespace

std::vector<WrongHistory> wrong_namings() {
  return {
      {"replica-cut-off", "one replica of the DNS server knows no pod", "dns-replicas", "DNS-10",
       cut_one_replica_off},
      {"old-address-for-ever", "a name keeps the address of its first pod", "dns-follows", "DNS-04b",
       keep_the_first_address},
      {"name-without-endpoints", "the name of a Service without Ready pods exists", "dns-no-endpoint",
       "DNS-06a", answer_without_endpoints},
      {"empty-answer", "the name of a Service without Ready pods exists without addresses", "dns-no-endpoint",
       "DNS-06a", answer_with_nothing},
      {"reverse-to-a-stranger", "a pod's address resolves back to another name", "dns-reverse", "DNS-06b",
       lead_back_to_a_stranger},
      {"endpoints-without-host-names", "endpoints have no host names", "endpoint-slices", "DNS-07",
       forget_host_names},
      {"another-port", "SRV records have the wrong port", "dns-srv", "DNS-03", give_another_port},
      {"ending-and-ready", "the endpoint of a terminating pod stays ready", "ending-endpoints", "DNS-07b",
       stay_ready_to_the_end},
  };
}

}  // namespace stateproof::mutants
