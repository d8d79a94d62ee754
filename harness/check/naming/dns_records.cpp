#include "harness/check/naming/dns_records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/check/evidence/step_duty.h"
#include "harness/check/naming/dns_duty.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

/// A period in which a pod had the same addresses and readiness, and was not being deleted.
struct Stay {
  const Incarnation* pod = nullptr;
  bool ready = false;
  bool was_ready = false;  ///< at some time before
  std::vector<std::string> addresses;
  const Observation* since = nullptr;
  const Observation* ended = nullptr;  ///< null: it lasts to the end
  Elapsed from{0};
  Elapsed sure{0};   ///< up to here nothing was done to the pod on purpose
  Elapsed until{0};  ///< here our watch shows the end
};

/// A time in which the stays of all pods were the same.
struct Quiet {
  const Observation* since = nullptr;
  Elapsed from{0};
  Elapsed until{0};
  std::vector<const Stay*> stays;
};

bool is_alive(const Pod& pod) {
  return !pod.terminating() && pod.phase != "Failed" && pod.phase != "Succeeded" && !pod.addresses.empty();
}

std::vector<Stay> stays_of(std::span<const Observation> observations, const Incarnations& pods, Elapsed end) {
  std::vector<Stay> stays;
  std::map<const Incarnation*, std::size_t> open;
  std::set<const Incarnation*> once_ready;
  const auto close = [&](const Incarnation* pod, const Observation& seen) {
    const auto current = open.find(pod);
    if (current == open.end()) return;
    Stay& stay = stays[current->second];
    stay.ended = &seen;
    stay.until = seen.at;
    open.erase(current);
  };
  for (const Observation& seen : observations) {
    if (const Gap* gap = seen.as<Gap>(); gap != nullptr && gap->resource == "pods")
      for (const Incarnation& pod : pods) close(&pod, seen);
    const Pod* now = seen.object<Pod>();
    const Incarnation* pod = now == nullptr ? nullptr : pods.find(now->meta.ref.uid);
    if (pod == nullptr) continue;
    const bool alive = is_alive(*now) && !seen.is_deletion();
    if (const auto current = open.find(pod); current != open.end()) {
      const Stay& stay = stays[current->second];
      if (alive && stay.ready == now->ready && stay.addresses == now->addresses) continue;
      close(pod, seen);
    }
    if (!alive) continue;
    open[pod] = stays.size();
    stays.push_back(
        {pod, now->ready, once_ready.contains(pod), now->addresses, &seen, nullptr, seen.at, end, end});
    if (now->ready) once_ready.insert(pod);
  }
  for (Stay& stay : stays) {
    stay.sure = stay.until;
    if (stay.pod->fault != nullptr) stay.sure = std::clamp(stay.pod->fault->at, stay.from, stay.until);
  }
  return stays;
}

/// The times between two changes of these stays, without those in which somebody interfered with a pod.
std::vector<Quiet> quiet_times(const std::vector<const Stay*>& stays, const Observation* first, Elapsed end) {
  enum class Kind { kBegin, kUnsure, kEnd };
  struct Event {
    Elapsed at;
    Kind kind;
    const Stay* stay;
  };
  std::vector<Event> events;
  for (const Stay* stay : stays) {
    events.push_back({stay->from, Kind::kBegin, stay});
    if (stay->sure < stay->until) events.push_back({stay->sure, Kind::kUnsure, stay});
    if (stay->ended != nullptr) events.push_back({stay->until, Kind::kEnd, stay});
  }
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });

  std::vector<Quiet> times;
  const auto by_ordinal = [](const Stay* a, const Stay* b) { return a->pod->ordinal < b->pod->ordinal; };
  std::vector<const Stay*> present;
  std::size_t unsure = 0;
  Quiet next{first, first == nullptr ? Elapsed{0} : first->at, {}, {}};
  const auto finish = [&](Elapsed until) {
    if (first == nullptr || unsure > 0 || until <= next.from) return;
    next.until = until;
    next.stays = present;
    std::sort(next.stays.begin(), next.stays.end(), by_ordinal);
    times.push_back(next);
  };
  for (const Event& event : events) {
    finish(event.at);
    if (first != nullptr && event.at > first->at) {
      next.from = event.at;
      next.since = event.kind == Kind::kEnd ? event.stay->ended : event.stay->since;
    }
    if (event.kind == Kind::kBegin) present.push_back(event.stay);
    if (event.kind == Kind::kUnsure) ++unsure;
    if (event.kind != Kind::kEnd) continue;
    if (event.stay->sure < event.stay->until) --unsure;
    std::erase(present, event.stay);
  }
  finish(end);
  return times;
}

std::string names_of(const std::vector<const Stay*>& stays) {
  std::vector<std::string_view> names;
  for (const Stay* stay : stays) names.emplace_back(stay->pod->ref.name);
  return names.empty() ? "no pod" : fmt::format("{}", fmt::join(names, ", "));
}

/// "PORT TARGET" of an SRV record. Priority and weight are the server's affair.
std::string port_and_target(const std::string& record) {
  std::istringstream words(record);
  std::string priority;
  std::string weight;
  std::string port;
  std::string target;
  words >> priority >> weight >> port >> target;
  return port + " " + target;
}

bool same_records(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

/// What the checkers of this file have in common.
class Records {
 public:
  explicit Records(const Timeline& timeline, Asked asked = Asked::kConfiguredServers,
                   const Watches& watches = {"pods"})
      : subject_(timeline.subject()),
        course_(timeline),
        pods_(course_.judged(), subject_),
        types_(course_.judged(), subject_),
        stays_(stays_of(course_.judged(), pods_, course_.end_time())),
        judgement_(course_, watches),
        duty_(course_, asked, subject_, judgement_) {}

  [[nodiscard]] const Subject& subject() const { return subject_; }
  [[nodiscard]] const Course& course() const { return course_; }
  [[nodiscard]] const std::vector<Stay>& stays() const { return stays_; }
  /// Whether a pod ever had an address for records of this type.
  [[nodiscard]] bool has_addresses(std::string_view type) const {
    return std::any_of(stays_.begin(), stays_.end(),
                       [&](const Stay& stay) { return !addresses_of(stay.addresses, type).empty(); });
  }
  [[nodiscard]] const Incarnations& pods() const { return pods_; }
  [[nodiscard]] Judgement& judgement() { return judgement_; }
  [[nodiscard]] const DnsSeries& series() const { return duty_.series(); }

  /// Times in which the Ready pods, or all pods that have an address, were the same; from when the Service
  /// was first seen.
  [[nodiscard]] std::vector<Quiet> quiet(bool ready_only, const std::string& service) const {
    std::vector<const Stay*> chosen;
    for (const Stay& stay : stays_)
      if (stay.ready || !ready_only) chosen.push_back(&stay);
    return quiet_times(chosen, first_of(service), course_.end_time());
  }

  /// The type of record that the pods' addresses need, "A" or "AAAA".
  [[nodiscard]] std::vector<std::string_view> types(const std::vector<const Stay*>& stays) const {
    return stays.empty() ? std::vector<std::string_view>{} : types_.of(stays.front()->addresses);
  }

  [[nodiscard]] bool is_whole_set(const Quiet& time) const {
    return time.stays.size() == static_cast<std::size_t>(subject_.replicas.value);
  }

  /// A name that gives the addresses of the pods of that time.
  void judge_addresses(const Quiet& time, const std::string& name, const ObjectRef& object,
                       const std::string& condition, const std::string& proof) {
    for (const std::string_view type : types(time.stays)) {
      std::vector<std::string> expected;
      for (const Stay* stay : time.stays)
        for (std::string& address : addresses_of(stay->addresses, type))
          expected.push_back(std::move(address));
      duty_.judge({name,
                   std::string{type},
                   {},
                   object,
                   list(expected),
                   condition,
                   proof,
                   time.since,
                   time.from,
                   time.until,
                   [=](const DnsAnswer& told) { return is_right(told, expected); }});
    }
  }

  /// A name that gives the addresses of one Ready pod.
  void judge_name(const Stay& stay, const std::string& name, const std::string& ns) {
    for (const std::string_view type : types_.of(stay.addresses)) {
      const auto expected = addresses_of(stay.addresses, type);
      DnsExpectation wanted = of(stay, name, std::string{type}, "for " + name);
      wanted.ns = ns;
      wanted.gives = list(expected);
      wanted.is_right = [=](const DnsAnswer& told) { return is_right(told, expected); };
      duty_.judge(wanted);
    }
  }

  /// An expectation about one stay of one pod, without what the answer must be.
  [[nodiscard]] DnsExpectation of(const Stay& stay, std::string name, std::string type,
                                  std::string proof) const {
    return {std::move(name),
            std::move(type),
            {},
            stay.pod->ref,
            {},
            fmt::format("{} is {}Ready", stay.pod->ref.name, stay.ready ? "" : "not "),
            std::move(proof),
            stay.since,
            stay.from,
            stay.sure,
            {}};
  }

  void judge(const DnsExpectation& expected) { duty_.judge(expected); }

  [[nodiscard]] ObjectRef service(const std::string& name) const {
    return {"Service", subject_.ns, name, {}};
  }
  [[nodiscard]] std::string name_of(const std::string& service) const {
    return service + "." + subject_.ns + ".svc." + subject_.zone;
  }
  /// "for <name>" of each pod of the set.
  template <class Name>
  [[nodiscard]] std::vector<std::string> proofs(Name name) const {
    std::vector<std::string> all;
    for (int i = 0; i < subject_.replicas.value; ++i)
      all.push_back("for " + name(Ordinal{subject_.first.value + i}));
    return all;
  }

  Verdict verdict(const std::vector<std::string>& proofs, const std::string& what) && {
    duty_.judge_coverage(proofs);
    duty_.judge_namespaces();
    judgement_.doubt_if(course_.cut_short());
    return std::move(judgement_)
        .verdict(fmt::format("{} {}", counted(duty_.right_answers(), "right answer", "right answers"), what));
  }

 private:
  [[nodiscard]] const Observation* first_of(const std::string& service) const {
    for (const Observation& seen : course_.judged())
      if (const Service* one = seen.object<Service>(); one != nullptr && one->meta.ref.name == service)
        return &seen;
    return nullptr;
  }

  const Subject& subject_;
  Course course_;
  Incarnations pods_;
  RecordTypes types_;
  std::vector<Stay> stays_;
  Judgement judgement_;
  DnsDuty duty_;
};

constexpr const char* kAllReady = "while all pods were Ready";
constexpr const char* kNoneReady = "while no pod was Ready";
constexpr const char* kSomeUnready = "while a pod was not Ready";
constexpr const char* kServiceDropped = "for the Service's name after a pod was no longer Ready";
constexpr const char* kPodDropped = "for a pod's name after it was no longer Ready";

void judge_service_name(Records& records) {
  const Subject& subject = records.subject();
  for (const Quiet& time : records.quiet(true, subject.service))
    if (!time.stays.empty())
      records.judge_addresses(time, subject.service_dns_name(), records.service(subject.service),
                              names_of(time.stays) + " and no other pod is Ready",
                              records.is_whole_set(time) ? kAllReady : "");
}

}  // namespace

Verdict service_name_gives_ready_pods(const Timeline& timeline) {
  Records records(timeline);
  judge_service_name(records);
  return std::move(records).verdict({kAllReady}, "with the addresses of the Ready pods");
}

namespace {

// Pods come and go, so that their records may be old ones; the port was the same all the time.
void judge_ports(Records& records, const std::string& name) {
  const Subject& subject = records.subject();
  for (const auto& series : records.series().all()) {
    if (series.question.name != name || series.question.type != "SRV") continue;
    for (const Answer& answer : series.answers) {
      const auto& given = answer.told->records;
      const auto wrong = std::find_if(given.begin(), given.end(), [&](const std::string& record) {
        return !port_and_target(record).starts_with(fmt::format("{} ", subject.port));
      });
      if (wrong == given.end()) continue;
      records.judgement().find(
          {records.service(subject.service),
           fmt::format("every SRV record of {} has port {}", name, subject.port),
           fmt::format("\"{}\" at {} (asked by {} of {})", *wrong, moment(answer.from),
                       series.question.vantage.client, series.question.vantage.server),
           {answer.seen->index},
           fmt::format("the port \"{}\" of Service {}: kubectl -n {} get services,endpointslices -o yaml",
                       subject.port_name, subject.service, subject.ns)});
      break;
    }
  }
}

}  // namespace

Verdict srv_records_name_ready_pods(const Timeline& timeline) {
  Records records(timeline);
  const Subject& subject = records.subject();
  const std::string name = fmt::format("_{}._tcp.{}", subject.port_name, subject.service_dns_name());
  judge_ports(records, name);
  for (const Quiet& time : records.quiet(true, subject.service)) {
    if (time.stays.empty()) continue;
    std::vector<std::string> expected;
    for (const Stay* stay : time.stays)
      expected.push_back(fmt::format("{} {}", subject.port, subject.dns_name(stay->pod->ordinal)));
    records.judge({name,
                   "SRV",
                   {},
                   records.service(subject.service),
                   fmt::format("{}", fmt::join(expected, ", ")),
                   names_of(time.stays) + " and no other pod is Ready",
                   records.is_whole_set(time) ? kAllReady : "",
                   time.since,
                   time.from,
                   time.until,
                   [=](const DnsAnswer& told) {
                     std::vector<std::string> given;
                     for (const std::string& record : told.records) given.push_back(port_and_target(record));
                     return told.rcode == "NOERROR" && same_records(given, expected);
                   }});
  }
  return std::move(records).verdict({kAllReady}, "with port and name of each Ready pod");
}

Verdict unready_pods_drop_out(const Timeline& timeline) {
  Records records(timeline);
  const Subject& subject = records.subject();
  for (const Stay& stay : records.stays()) {
    if (stay.ready) continue;
    for (const bool own : {false, true}) {
      for (const std::string type : {"A", "AAAA"}) {
        const auto absent = addresses_of(stay.addresses, type);
        if (absent.empty()) continue;
        const std::string proof = !stay.was_ready ? "" : own ? kPodDropped : kServiceDropped;
        DnsExpectation wanted = records.of(
            stay, own ? subject.dns_name(stay.pod->ordinal) : subject.service_dns_name(), type, proof);
        wanted.gives = "not " + list(absent);
        wanted.is_right = [=](const DnsAnswer& told) {
          return is_statement(told) &&
                 std::none_of(absent.begin(), absent.end(), [&](const std::string& one) {
                   return std::find(told.addresses.begin(), told.addresses.end(), one) !=
                          told.addresses.end();
                 });
        };
        records.judge(wanted);
      }
    }
  }
  return std::move(records).verdict({kServiceDropped, kPodDropped},
                                    "without the addresses of pods that are not Ready");
}

Verdict unready_pods_are_published(const Timeline& timeline) {
  Records records(timeline);
  const std::string& service = records.subject().publishing_service;
  if (!service.empty())
    for (const Quiet& time : records.quiet(false, service)) {
      if (time.stays.empty()) continue;
      const bool some_unready =
          std::any_of(time.stays.begin(), time.stays.end(), [](const Stay* stay) { return !stay->ready; });
      records.judge_addresses(time, records.name_of(service), records.service(service),
                              names_of(time.stays) + " have an address, Ready or not",
                              some_unready ? kSomeUnready : "");
    }
  return std::move(records).verdict({kSomeUnready}, "with the addresses of all pods, Ready or not");
}

Verdict name_without_endpoints_does_not_exist(const Timeline& timeline) {
  Records records(timeline);
  const Subject& subject = records.subject();
  for (const Quiet& time : records.quiet(true, subject.service)) {
    if (!time.stays.empty()) continue;
    for (const std::string type : {"A", "AAAA"})
      records.judge({subject.service_dns_name(),
                     type,
                     {},
                     records.service(subject.service),
                     "NXDOMAIN",
                     "no pod is Ready",
                     kNoneReady,
                     time.since,
                     time.from,
                     time.until,
                     [](const DnsAnswer& told) { return told.rcode == "NXDOMAIN"; },
                     // An old answer has addresses; this one knows that there are none.
                     [had = records.has_addresses(type)](const DnsAnswer& told) {
                       return had && told.rcode == "NOERROR" && told.addresses.empty() &&
                              told.records.empty();
                     }});
  }
  return std::move(records).verdict({kNoneReady}, "that the name does not exist while no pod is Ready");
}

Verdict addresses_lead_back(const Timeline& timeline) {
  Records records(timeline);
  const auto name = [&](Ordinal ordinal) { return records.subject().dns_name(ordinal); };
  for (const Stay& stay : records.stays()) {
    if (!stay.ready) continue;
    const std::string own = name(stay.pod->ordinal);
    for (const std::string& address : stay.addresses) {
      DnsExpectation wanted = records.of(stay, address, "PTR", "for " + own);
      wanted.gives = own;
      // Other Services may have names for the same pod.
      wanted.is_right = [=](const DnsAnswer& told) {
        return std::find(told.records.begin(), told.records.end(), own) != told.records.end();
      };
      records.judge(wanted);
    }
  }
  const auto proofs = records.proofs(name);
  return std::move(records).verdict(proofs, "from an address to its pod's name");
}

Verdict short_names_lead_to_pods(const Timeline& timeline) {
  Records records(timeline);
  const Subject& subject = records.subject();
  const auto near = [&](Ordinal ordinal) { return subject.pod_name(ordinal) + "." + subject.service; };
  const auto far = [&](Ordinal ordinal) { return near(ordinal) + "." + subject.ns; };
  for (const Stay& stay : records.stays()) {
    if (!stay.ready) continue;
    records.judge_name(stay, near(stay.pod->ordinal), subject.ns);
    records.judge_name(stay, far(stay.pod->ordinal), {});
  }
  auto proofs = records.proofs(near);
  for (std::string& proof : records.proofs(far)) proofs.push_back(std::move(proof));
  return std::move(records).verdict(proofs, "to short names");
}

Verdict replicas_answer_alike(const Timeline& timeline) {
  Records records(timeline, Asked::kReplicas);
  const Subject& subject = records.subject();
  const RecordedStep* clients = records.course().find<steps::Clients>();
  if (clients != nullptr && records.series().all().empty() && timeline.finish &&
      clients->as<steps::Clients>()->servers.value_or(std::vector<std::string>{}).empty())
    return not_applicable(
        "no replica of the DNS server could be found in the namespace kube-system and queried");
  const auto name = [&](Ordinal ordinal) { return subject.dns_name(ordinal); };
  for (const Stay& stay : records.stays())
    if (stay.ready) records.judge_name(stay, name(stay.pod->ordinal), {});
  judge_service_name(records);
  auto proofs = records.proofs(name);
  proofs.emplace_back(kAllReady);
  std::set<std::string_view> servers;
  for (const Vantage& vantage : records.series().vantages()) servers.insert(vantage.server);
  const std::string what = fmt::format("from {} of the DNS server, each queried directly",
                                       counted(servers.size(), "replica", "replicas"));
  return std::move(records).verdict(proofs, what);
}

// ------------------------------------------------------------------------------------------ EndpointSlices

namespace {

/// What the governing Service's slices said of one pod, from one change to the next.
struct EndpointState {
  const Observation* seen = nullptr;
  std::optional<Endpoint> endpoint;  ///< nullopt: nothing
  Elapsed from{0};
  Elapsed until{0};
};

using Entries = std::map<std::string, std::vector<EndpointState>>;  ///< by UID of the pod

Entries entries_of(std::span<const Observation> observations, const Subject& subject, Elapsed end) {
  std::map<std::string, std::map<std::string, Endpoint>> slices;  ///< by name of the slice and UID of the pod
  Entries entries;
  const auto tell = [&](const std::string& uid, const Observation& seen) {
    std::optional<Endpoint> now;
    for (const auto& [slice, endpoints] : slices)
      if (const auto found = endpoints.find(uid); found != endpoints.end()) now = found->second;
    auto& history = entries[uid];
    if (!history.empty()) history.back().until = seen.at;
    history.push_back({&seen, std::move(now), seen.at, end});
  };
  for (const Observation& seen : observations) {
    const EndpointSlice* slice = seen.object<EndpointSlice>();
    if (slice == nullptr || slice->service != subject.service || slice->meta.ref.ns != subject.ns) continue;
    auto& known = slices[slice->meta.ref.name];
    std::set<std::string> concerned;
    for (const auto& [uid, endpoint] : known) concerned.insert(uid);
    known.clear();
    if (!seen.is_deletion())
      for (const Endpoint& endpoint : slice->endpoints) {
        known[endpoint.target.uid.value] = endpoint;
        concerned.insert(endpoint.target.uid.value);
      }
    for (const std::string& uid : concerned) tell(uid, seen);
  }
  return entries;
}

std::string text_of(const std::optional<Endpoint>& endpoint) {
  if (!endpoint) return "no endpoint";
  return fmt::format("hostname \"{}\", ready {}, serving {}, terminating {}", endpoint->hostname,
                     endpoint->ready, endpoint->serving, endpoint->terminating);
}

bool agrees(const std::optional<Endpoint>& endpoint, const Stay& stay) {
  return endpoint && endpoint->hostname == stay.pod->ref.name && endpoint->ready == stay.ready &&
         endpoint->serving == stay.ready && !endpoint->terminating;
}

}  // namespace

Verdict endpoint_slices_agree(const Timeline& timeline) {
  Records records(timeline, Asked::kConfiguredServers, {"pods", "endpointslices"});
  Judgement& judgement = records.judgement();
  const Subject& subject = records.subject();
  const Entries entries = entries_of(records.course().judged(), subject, records.course().end_time());
  std::size_t agreements = 0;
  std::set<Ordinal> proved;
  for (const Stay& stay : records.stays()) {
    const auto history = entries.find(stay.pod->ref.uid.value);
    const EndpointState* wrong = nullptr;
    bool agreed = false;
    if (history != entries.end())
      for (const EndpointState& entry : history->second) {
        if (entry.until < stay.from || entry.from > stay.sure) continue;
        const bool right = agrees(entry.endpoint, stay);
        agreed = agreed || right;
        if (!right && entry.until > stay.from + kResolutionLimit &&
            stay.sure - kSkew > stay.from + kResolutionLimit)
          wrong = &entry;
      }
    if (agreed) {
      ++agreements;
      if (stay.ready) proved.insert(stay.pod->ordinal);
    }
    const bool never = !agreed && stay.sure - stay.from > kResolutionLimit;
    if (wrong == nullptr && !never) continue;
    judgement.find(
        {stay.pod->ref,
         fmt::format("an endpoint of Service {} with hostname \"{}\", ready and serving {} within {} s of {}",
                     subject.service, stay.pod->ref.name, stay.ready, kResolutionLimit.count(),
                     moment(stay.from)),
         wrong != nullptr ? fmt::format("{} at {}", text_of(wrong->endpoint), moment(wrong->from))
                          : fmt::format("there was none up to {}", moment(stay.sure)),
         {stay.since->index},
         fmt::format("kubectl -n {} get endpointslices -l kubernetes.io/service-name={} -o yaml; "
                     "spec.hostname and spec.subdomain of the pod",
                     subject.ns, subject.service)});
  }
  for (int i = 0; i < subject.replicas.value; ++i)
    if (const Ordinal ordinal{subject.first.value + i}; !proved.contains(ordinal))
      judgement.doubt(fmt::format("no endpoint was correct while {} was Ready", subject.pod_name(ordinal)));
  judgement.doubt_if(records.course().cut_short());
  return std::move(judgement).verdict(fmt::format("{} of endpoints with the state of their pod",
                                                  counted(agreements, "agreement", "agreements")));
}

Verdict ending_endpoints_are_not_ready(const Timeline& timeline) {
  return judge_step<steps::Linger>(
      timeline, {"pods", "endpointslices"}, "the endpoint of a terminating pod was not ready",
      [](JudgedStep& under) {
        const Pod* pod = under.after.pod(under.pod_name(under.ordinal()));
        if (pod == nullptr || !pod->terminating())
          return under.judgement.doubt(fmt::format("{} did not stay", under.pod_name(under.ordinal())));
        if (!under.overdue(kNoHindrance)) return;
        for (const auto& [name, slice] : under.after.slices)
          for (const Endpoint& endpoint : slice->endpoints) {
            if (slice->service != under.subject.service || endpoint.target.uid != pod->meta.ref.uid) continue;
            if (!endpoint.ready && endpoint.terminating) continue;
            under.find(
                pod->meta.ref,
                fmt::format("its endpoint in {} is terminating and not ready while the pod terminates", name),
                fmt::format("{} at {}", text_of(endpoint), moment(*under.step.end)), *under.step.end,
                fmt::format("kubectl -n {} get endpointslices -l kubernetes.io/service-name={} -o yaml",
                            under.subject.ns, under.subject.service));
          }
      });
}

}  // namespace stateproof::check
