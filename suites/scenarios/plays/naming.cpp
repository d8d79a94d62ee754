#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "fixtures/mariadb/mariadb.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/scenarios/clients/dns_probe.h"
#include "suites/scenarios/plays/plays.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using record::Standing;
using record::View;
using record::Within;
using namespace std::chrono_literals;

// Each gives a lag from every client: enough to see how they spread, in a minute.
constexpr int kReplacements = 2;

const Within kResolveAndStay{
    75s, "the 60 s for cache and propagation after which an answer is judged, and time to see that it stays"};

const Within kEnding{45s, "the EndpointSlice controller, within the pod's grace period"};

using Addresses = std::vector<std::string>;

bool is_member(const Pod& pod, const Subject& subject) {
  return ordinal_of(pod.meta.ref.name, subject.set) && !pod.terminating();
}

// Sorted, as answers are.
Addresses members(const View& view, const Subject& subject, bool ready_only) {
  Addresses addresses;
  for (const auto& [name, pod] : view.pods)
    if (is_member(pod, subject) && (pod.ready || !ready_only))
      addresses.insert(addresses.end(), pod.addresses.begin(), pod.addresses.end());
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

class Naming {
 public:
  explicit Naming(Stage& stage) : stage_(stage), sleepers_(stage) {}

  void play() {
    start_clients();
    create();
    for (int offset = 0; offset < subject().replicas.value; ++offset) release(sleepers_.ordinal(offset));
    resolve(steps::Resolve{});
    sleepers_.make_unready(sleepers_.ordinal(1), {subject().replicas.value - 1});
    resolve(steps::DropOut{});
    release(sleepers_.ordinal(1));
    resolve(steps::Resolve{});
    for (int round = 0; round < kReplacements; ++round)
      for (const Ordinal ordinal : sleepers_.first(subject().replicas.value)) replace(ordinal);
    linger(sleepers_.ordinal(subject().replicas.value - 1));
  }

 private:
  [[nodiscard]] const Subject& subject() const { return stage_.subject(); }

  void start_clients() {
    const std::vector<std::string> namespaces{subject().ns, stage_.client_namespace()};
    std::vector<std::string> pods;
    for (const std::string& ns : namespaces) pods.push_back(ns + "/" + kClientPod);
    servers_ = dns_servers();
    stage_.step(
        steps::Clients{.pods = pods, .servers = servers_}, "start the DNS clients",
        [&] {
          for (const std::string& ns : namespaces)
            stage_.create(kube::kPods, ns, fixtures::client_pod(stage_.request().image));
        },
        running(subject(), pods), kClientsReady);
    for (const std::string& ns : namespaces)
      probes_.push_back(std::make_unique<DnsProbe>(stage_, ns, kClientPod));
    const bool is_v6 = stage_.recorder().look([](const View& view) {
      const Addresses& own = view.pods.at(kClientPod).addresses;
      return !own.empty() && own.front().find(':') != std::string::npos;
    });
    type_ = is_v6 ? "AAAA" : "A";
  }

  // Addresses of the replicas behind the cluster's DNS Service. None where it has another name, or where we
  // may not look: then nobody is asked by itself.
  [[nodiscard]] Addresses dns_servers() const {
    const auto slices = stage_.client().list(kube::kEndpointSlices, "kube-system",
                                             {.label_selector = "kubernetes.io/service-name=kube-dns"});
    Addresses servers;
    if (!slices) return servers;
    for (const json& item : slices->items) {
      const KubeObject parsed = parse_object(item);
      if (const auto* slice = std::get_if<EndpointSlice>(&parsed))
        for (const Endpoint& endpoint : slice->endpoints)
          if (endpoint.ready)
            servers.insert(servers.end(), endpoint.addresses.begin(), endpoint.addresses.end());
    }
    return servers;
  }

  // Pods start unready: at first no endpoint is Ready.
  void create() {
    auto wanted = fixtures::sleeper_objects(stage_.request().image,
                                            {.replicas = subject().replicas, .held = true, .claims = false});
    wanted.push_back(fixtures::publishing_service());
    sleepers_.create(wanted, started(subject(), sleepers_.first(1)));
    for (const auto& probe : probes_) {
      probe->ask_for(subject().service_dns_name(), type_);
      probe->ask_for(service_name(fixtures::kPublishingService), type_);
      probe->ask_for(srv_name(), "SRV");
      for (const Ordinal ordinal : sleepers_.first(subject().replicas.value)) ask_for(*probe, ordinal);
      for (const std::string& server : servers_) probe->ask_for(subject().service_dns_name(), type_, server);
    }
    resolve(steps::NoEndpoint{});
  }

  void ask_for(DnsProbe& probe, Ordinal ordinal) {
    probe.ask_for(subject().dns_name(ordinal), type_);
    for (const std::string& server : servers_) probe.ask_for(subject().dns_name(ordinal), type_, server);
    for (const std::string& name : short_names(probe, ordinal)) probe.search_for(name, type_);
  }

  void release(Ordinal ordinal) {
    sleepers_.release(ordinal, [](const View&) { return Standing{true, {}, {}}; });
    if (ordinal.value + 1 < subject().first.value + subject().replicas.value)
      stage_.step(
          steps::Follow{.ordinal = {ordinal.value + 1}}, "the next pod starts", [] {},
          started(subject(), {{ordinal.value + 1}}), kSleepersStart);
  }

  void replace(Ordinal ordinal) {
    Uid former;
    stage_.step(
        steps::Replace{.ordinal = ordinal},
        fmt::format("delete {} and wait for its replacement", subject().pod_name(ordinal)),
        [&] { former = stage_.delete_pod(ordinal); }, successor(subject(), ordinal, former), kSleepersStart);
    start(ordinal);
  }

  void start(Ordinal ordinal) {
    stage_.step(
        steps::Start{.ordinal = ordinal}, "its replacement starts", [] {}, started(subject(), {ordinal}),
        kSleepersStart);
    release(ordinal);
    resolve(steps::Resolve{});
  }

  // A pod that takes its time to end: nobody may be led to it meanwhile.
  void linger(Ordinal ordinal) {
    const std::string pod = subject().pod_name(ordinal);
    Uid former;
    (void)stage_.attempt(
        steps::Linger{.ordinal = ordinal}, "delete " + pod + ", which does not terminate yet",
        [&] {
          sleepers_.make_stay(pod);
          former = stage_.delete_pod(ordinal);
        },
        [&](const View& view) { return endpoint_is_ending(view, former); }, kEnding);
    stage_.step(
        steps::LetEnd{.ordinal = ordinal}, "let it terminate", [&] { sleepers_.let_end(pod); },
        successor(subject(), ordinal, former), kSleepersStart);
    start(ordinal);
  }

  [[nodiscard]] Standing endpoint_is_ending(const View& view, const Uid& pod) const {
    for (const auto& [name, slice] : view.slices)
      for (const Endpoint& endpoint : slice.endpoints)
        if (slice.service == subject().service && endpoint.target.uid == pod &&
            (endpoint.ready || !endpoint.terminating))
          return {false, "its endpoint is ready, or not terminating", {}};
    return {true, "its endpoint is not ready", {}};
  }

  // What does not resolve in time is for the checkers to judge; the scenario goes on.
  template <StepType S>
  void resolve(const S& step) {
    (void)stage_.attempt(
        step, "every query returns the current pods",
        [&] {
          const Addresses ready =
              stage_.recorder().look([&](const View& view) { return members(view, subject(), true); });
          for (const auto& probe : probes_)
            for (const std::string& address : ready) probe->ask_for(address, "PTR");
        },
        [this](const View& view) {
          std::string wrong = first_wrong(view);
          return Standing{wrong.empty(), wrong.empty() ? "every answer is correct" : std::move(wrong), {}};
        },
        kResolveAndStay);
  }

  // ------------------------------------------------------------------- what the answers have to be now

  [[nodiscard]] std::string first_wrong(const View& view) const {
    for (const auto& probe : probes_) {
      if (std::string wrong = wrong_for_services(view, probe->vantage()); !wrong.empty()) return wrong;
      for (const Ordinal ordinal : sleepers_.first(subject().replicas.value))
        if (std::string wrong = wrong_for_pod(view, *probe, ordinal); !wrong.empty()) return wrong;
    }
    return {};
  }

  [[nodiscard]] std::string wrong_for_services(const View& view, const std::string& vantage) const {
    const Addresses ready = members(view, subject(), true);
    const std::string own = subject().service_dns_name();
    std::string wrong = wrong_addresses(view, vantage, own, ready);
    if (wrong.empty())
      wrong = wrong_addresses(view, vantage, service_name(fixtures::kPublishingService),
                              members(view, subject(), false));
    for (const std::string& server : servers_)
      if (wrong.empty()) wrong = wrong_at(view, vantage, own, server, ready);
    if (wrong.empty()) wrong = wrong_services(view, vantage);
    return wrong;
  }

  // Each SRV record is "PRIORITY WEIGHT PORT TARGET".
  [[nodiscard]] std::string wrong_services(const View& view, const std::string& vantage) const {
    const auto answer = view.dns.find({vantage, srv_name(), "SRV"});
    if (answer == view.dns.end()) return fmt::format("{} not answered yet in {}", srv_name(), vantage);
    const std::vector<std::string>& records = answer->second.records;
    std::size_t ready = 0;
    for (const auto& [name, pod] : view.pods) {
      if (!is_member(pod, subject()) || !pod.ready) continue;
      ++ready;
      const std::string ending =
          fmt::format(" {} {}", subject().port, subject().dns_name(*ordinal_of(name, subject().set)));
      if (std::none_of(records.begin(), records.end(),
                       [&](const std::string& one) { return one.ends_with(ending); }))
        return fmt::format("{} has no record for {} in {}", srv_name(), name, vantage);
    }
    if (records.size() == ready) return {};
    return fmt::format("{} has {} records in {} instead of {}", srv_name(), records.size(), vantage, ready);
  }

  [[nodiscard]] std::string wrong_for_pod(const View& view, const DnsProbe& probe, Ordinal ordinal) const {
    const auto pod = view.pods.find(subject().pod_name(ordinal));
    const bool is_ready = pod != view.pods.end() && pod->second.ready && !pod->second.terminating();
    const Addresses expected = is_ready ? pod->second.addresses : Addresses{};
    const std::string& vantage = probe.vantage();
    const std::string name = subject().dns_name(ordinal);
    std::string wrong = wrong_addresses(view, vantage, name, expected);
    for (const std::string& server : servers_)
      if (wrong.empty()) wrong = wrong_at(view, vantage, name, server, expected);
    // Without an answer in the cluster a short name is asked for in the world outside, which may be silent.
    if (!expected.empty())
      for (const std::string& short_name : short_names(probe, ordinal))
        if (wrong.empty()) wrong = wrong_addresses(view, vantage, short_name, expected);
    for (const std::string& address : expected) {
      const auto reverse = view.dns.find({vantage, address, "PTR"});
      if (!wrong.empty()) break;
      if (reverse == view.dns.end() ||
          std::find(reverse->second.records.begin(), reverse->second.records.end(), name) ==
              reverse->second.records.end())
        wrong = fmt::format("{} does not resolve back to {} in {}", address, name, vantage);
    }
    return wrong;
  }

  [[nodiscard]] std::string wrong_addresses(const View& view, const std::string& vantage,
                                            const std::string& name, const Addresses& expected) const {
    const auto answer = view.dns.find({vantage, name, type_});
    return wrong_answer(answer == view.dns.end() ? nullptr : &answer->second, vantage, name, expected);
  }

  [[nodiscard]] std::string wrong_at(const View& view, const std::string& vantage, const std::string& name,
                                     const std::string& server, const Addresses& expected) const {
    const auto answer = view.replica_dns.find({vantage, name, type_, server});
    return wrong_answer(answer == view.replica_dns.end() ? nullptr : &answer->second,
                        fmt::format("{} by {}", vantage, server), name, expected);
  }

  // Pods of a dual-stack cluster have addresses of the other family, too.
  [[nodiscard]] std::string wrong_answer(const DnsAnswer* answer, const std::string& where,
                                         const std::string& name, const Addresses& expected) const {
    Addresses wanted;
    for (const std::string& address : expected)
      if ((address.find(':') != std::string::npos) == (type_ == "AAAA")) wanted.push_back(address);
    if (answer == nullptr) return fmt::format("{} not answered yet in {}", name, where);
    if (answer->addresses == wanted && answer->rcode != "TIMEOUT") return {};
    return fmt::format("{} resolves to {} [{}] in {} instead of [{}]", name, answer->rcode,
                       fmt::join(answer->addresses, ", "), where, fmt::join(wanted, ", "));
  }

  [[nodiscard]] std::string service_name(const std::string& service) const {
    return fmt::format("{}.{}.svc.{}", service, subject().ns, subject().zone);
  }
  [[nodiscard]] std::string srv_name() const {
    return fmt::format("_{}._tcp.{}", subject().port_name, subject().service_dns_name());
  }
  [[nodiscard]] std::vector<std::string> short_names(const DnsProbe& probe, Ordinal ordinal) const {
    const std::string near = subject().pod_name(ordinal) + "." + subject().service;
    std::vector<std::string> names{near + "." + subject().ns};
    if (probe.vantage().starts_with(subject().ns + "/")) names.push_back(near);
    return names;
  }

  Stage& stage_;
  Sleepers sleepers_;
  Addresses servers_;
  std::string type_ = "A";
  std::vector<std::unique_ptr<DnsProbe>> probes_;
};

}  // namespace

Subject naming_subject(const std::string& ns) {
  Subject subject = fixtures::sleeper_subject(ns);
  subject.publishing_service = fixtures::kPublishingService;
  subject.port_name = "mysql";
  subject.port = 3306;
  return subject;
}

void play_naming(Stage& stage) { Naming(stage).play(); }

}  // namespace stateproof::scenarios
