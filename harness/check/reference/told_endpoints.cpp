#include "harness/check/reference/told_endpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/check/reference/difference.h"
#include "harness/check/reference/heard.h"
#include "harness/check/reference/set_history.h"
#include "harness/model/fields.h"

namespace stateproof::check {
namespace {

using nlohmann::json;

/// What an endpoint tells of its pod.
struct Told {
  std::vector<std::string> addresses;
  std::string hostname;
  std::string node;
  bool ready = false;
  bool serving = false;
  bool terminating = false;
};

std::vector<std::string> addresses_of(const Pod& pod, bool six) {
  std::vector<std::string> addresses;
  for (const std::string& one : pod.addresses)
    if ((one.find(':') != std::string::npos) == six) addresses.push_back(one);
  return addresses;
}

Told expected(const Pod& pod, const Service& service, bool six) {
  const bool named = !pod.hostname.empty() && pod.subdomain == service.meta.ref.name;
  return {addresses_of(pod, six),
          named ? pod.hostname : std::string{},
          pod.node,
          service.publish_not_ready_addresses || (pod.ready && !pod.terminating()),
          pod.ready,
          pod.terminating()};
}

/// Names of the fields in which the two differ.
std::vector<std::string> differing(const Told& want, const Told& told) {
  std::vector<std::string> names;
  const auto compare = [&names](bool same, const char* name) {
    if (!same) names.emplace_back(name);
  };
  compare(want.addresses == told.addresses, "addresses");
  compare(want.hostname == told.hostname, "hostname");
  compare(want.node == told.node, "nodeName");
  compare(want.ready == told.ready, "conditions.ready");
  compare(want.serving == told.serving, "conditions.serving");
  compare(want.terminating == told.terminating, "conditions.terminating");
  return names;
}

std::string text_of(const Told& told) {
  return fmt::format("addresses [{}], hostname \"{}\", nodeName \"{}\", ready {}, serving {}, terminating {}",
                     fmt::join(told.addresses, ", "), told.hostname, told.node, told.ready, told.serving,
                     told.terminating);
}

template <class T>
struct State {
  const T* object = nullptr;
  const Observation* seen = nullptr;
};

/// The states of all pods by UID, and of all Services by name.
struct Causes {
  std::map<std::string_view, std::vector<State<Pod>>> pods;
  std::map<std::string_view, std::vector<State<Service>>> services;
};

bool same_to_endpoints(const Pod& a, const Pod& b) {
  return a.ready == b.ready && a.terminating() == b.terminating() && a.addresses == b.addresses &&
         a.node == b.node && a.meta.labels == b.meta.labels;
}

Causes causes_of(const Course& course, const Subject& subject) {
  Causes causes;
  for (const Observation& seen : course.judged()) {
    if (const Pod* pod = seen.object<Pod>(); pod != nullptr && pod->meta.ref.ns == subject.ns) {
      auto& states = causes.pods[pod->meta.ref.uid.value];
      if (states.empty() || !same_to_endpoints(*states.back().object, *pod)) states.push_back({pod, &seen});
    }
    if (const auto* service = seen.object<Service>();
        service != nullptr && service->meta.ref.ns == subject.ns) {
      auto& states = causes.services[service->meta.ref.name];
      if (states.empty() || states.back().object->meta.resource_version != service->meta.resource_version)
        states.push_back({service, &seen});
    }
  }
  return causes;
}

bool is_reference_to(const ObjectRef& target, const Pod& pod) {
  return target.kind == "Pod" && target.name == pod.meta.ref.name && target.ns == pod.meta.ref.ns;
}

/// By its owner, and by its label when it has none.
std::string_view service_of(const EndpointSlice& slice) {
  const OwnerReference* owner = slice.meta.controller();
  return owner != nullptr && owner->kind == "Service" ? owner->name : slice.service;
}

/// Made for a Service by the controller, and neither by hand nor as a mirror of Endpoints.
bool is_controllers(const EndpointSlice& slice) {
  const OwnerReference* owner = slice.meta.controller();
  return slice.meta.label("endpointslice.kubernetes.io/managed-by") == "endpointslice-controller.k8s.io" ||
         (owner != nullptr && owner->kind == "Service");
}

class EndpointJudge {
 public:
  EndpointJudge(const Causes& causes, const Course& course, const Hearing& hearing, Judgement& judgement)
      : causes_(causes), course_(course), hearing_(hearing), judgement_(judgement) {}

  void judge(const EndpointSlice& slice, const Observation& seen) {
    const auto services = causes_.services.find(service_of(slice));
    const json* served = served_object(seen);
    if (services == causes_.services.end() || served == nullptr) return;
    const json& endpoints = fields::member(*served, "endpoints");
    for (std::size_t i = 0; i < slice.endpoints.size(); ++i) {
      const Endpoint& endpoint = slice.endpoints[i];
      const auto pod = causes_.pods.find(endpoint.target.uid.value);
      if (pod == causes_.pods.end()) {
        judge_unknown(slice, endpoint, seen, services->second);
        continue;
      }
      ++judged_;
      judge_endpoint({slice, endpoint, fields::text(endpoints.at(i), "nodeName"), seen}, pod->second,
                     services->second);
    }
    judge_metadata(slice, *served, seen, services->second);
    judge_family(slice, seen, services->second);
    if (!slice.endpoints.empty()) judge_ports(slice, *served, seen, services->second);
  }
  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  struct Case {
    const EndpointSlice& slice;
    const Endpoint& endpoint;
    std::string node;
    const Observation& seen;
  };

  void judge_endpoint(const Case& one, const std::vector<State<Pod>>& pods,
                      const std::vector<State<Service>>& services) {
    const Told told{one.endpoint.addresses, one.endpoint.hostname, one.node,
                    one.endpoint.ready,     one.endpoint.serving,  one.endpoint.terminating};
    const bool six = one.slice.address_type == "IPv6";
    const State<Pod>* closest = nullptr;
    std::vector<std::string> names;
    Told want;
    for (auto pod = pods.rbegin(); pod != pods.rend(); ++pod) {
      if (!hearing_.may_precede(*pod->seen, one.seen)) continue;
      for (const State<Service>& service : services) {
        Told candidate = expected(*pod->object, *service.object, six);
        auto differ = differing(candidate, told);
        if (!selects(service.object->selector, *pod->object) ||
            !is_reference_to(one.endpoint.target, *pod->object))
          differ.emplace_back("targetRef");
        if (differ.empty()) return;
        if (closest != nullptr && differ.size() >= names.size()) continue;
        closest = &*pod;
        names = std::move(differ);
        want = std::move(candidate);
      }
    }
    if (closest == nullptr) return;
    report(one, told, want, names, *closest->seen);
  }

  /// One that was told while the recording ran is of a pod that was recorded.
  void judge_unknown(const EndpointSlice& slice, const Endpoint& endpoint, const Observation& seen,
                     const std::vector<State<Service>>& services) {
    if (course_.steps().empty() || seen.index <= course_.steps().front().begin->index) return;
    if (std::all_of(services.begin(), services.end(),
                    [](const State<Service>& one) { return one.object->selector.empty(); }))
      return;
    hearing_.find(judgement_, "pods", seen,
                  {slice.meta.ref,
                   "each endpoint refers to a pod, by UID, that there was",
                   fmt::format("it referred to {} {} with UID {} at {}", endpoint.target.kind,
                               endpoint.target.name, endpoint.target.uid.value, moment(seen)),
                   {seen.index},
                   fmt::format("endpoints[].targetRef: kubectl -n {} get endpointslice {} -o yaml",
                               slice.meta.ref.ns, slice.meta.ref.name)});
  }

  void report(const Case& one, const Told& told, const Told& want, const std::vector<std::string>& names,
              const Observation& cause) {
    const ObjectMeta& meta = one.slice.meta;
    std::vector<std::size_t> evidence{one.seen.index};
    if (cause.index < one.seen.index) evidence.insert(evidence.begin(), cause.index);
    hearing_.find(judgement_, "pods", one.seen,
                  {meta.ref,
                   fmt::format("the endpoint of {} tells one state that the pod had, as #{} with {}",
                               one.endpoint.target.name, cause.index, text_of(want)),
                   fmt::format("it told {} at {}, and {} fits none", text_of(told), moment(one.seen),
                               fmt::join(names, ", ")),
                   std::move(evidence),
                   fmt::format("endpoints[].{}: kubectl -n {} get endpointslice {} -o yaml", names.front(),
                               meta.ref.ns, meta.ref.name)});
  }

  /// "name/port/protocol" of each; of a port that a pod names, without its number.
  static std::vector<std::string> ports_of(const json& list, const char* number) {
    std::vector<std::string> ports;
    for (const json& one : list) {
      const json& port = fields::member(one, number);
      ports.push_back(fmt::format("{}/{}/{}", fields::text(one, "name"), port.is_number() ? port.dump() : "*",
                                  fields::text_or(one, "protocol", "TCP")));
    }
    std::sort(ports.begin(), ports.end());
    return ports;
  }

  /// What the controller writes beside the endpoints: whose it is, and the labels of its Service.
  void judge_metadata(const EndpointSlice& slice, const json& served, const Observation& seen,
                      const std::vector<State<Service>>& services) {
    static const std::vector<Leeway> leeways{
        {"name", "the API server", always},
        {"uid", "the API server", always},
        {"resourceVersion", "the API server", always},
        {"creationTimestamp", "the API server", always},
        {"generation", "the API server", always},
        {"managedFields", "the API server", always},
        {"annotations", "the time of the last change, and whoever annotates", always},
        {"labels *", "whoever labels", is_added}};
    const Difference* difference = nullptr;
    std::vector<Difference> fewest;
    for (const State<Service>& service : services) {
      const json* object = served_object(*service.seen);
      if (object == nullptr) return;
      auto found = differences(written_metadata(*object, *service.object), fields::member(served, "metadata"),
                               leeways);
      if (found.empty()) return;
      if (difference == nullptr || found.size() < fewest.size()) fewest = std::move(found);
      difference = &fewest.front();
    }
    if (difference == nullptr) return;
    hearing_.find(judgement_, "services", seen,
                  {slice.meta.ref,
                   fmt::format("metadata.{} is {}, as Service {} says", difference->field,
                               difference->expected, slice.service),
                   fmt::format("it was {} at {}", difference->served, moment(seen)),
                   {seen.index},
                   fmt::format("metadata.{}: kubectl -n {} get endpointslice {} -o yaml", difference->field,
                               slice.meta.ref.ns, slice.meta.ref.name)});
  }

  /// A slice holds addresses of one family that its Service has.
  void judge_family(const EndpointSlice& slice, const Observation& seen,
                    const std::vector<State<Service>>& services) {
    const auto has_it = [&](const State<Service>& one) {
      const auto& families = one.object->ip_families;
      return families.empty() ||
             std::find(families.begin(), families.end(), slice.address_type) != families.end();
    };
    if (std::any_of(services.begin(), services.end(), has_it)) return;
    hearing_.find(judgement_, "services", seen,
                  {slice.meta.ref,
                   fmt::format("its addressType is a family of Service {}: {}", slice.service,
                               fmt::join(services.back().object->ip_families, ", ")),
                   fmt::format("it was \"{}\" at {}", slice.address_type, moment(seen)),
                   {seen.index},
                   fmt::format("addressType: kubectl -n {} get endpointslice {} -o yaml", slice.meta.ref.ns,
                               slice.meta.ref.name)});
  }

  static json written_metadata(const json& service, const Service& parsed) {
    const json& meta = fields::member(service, "metadata");
    json labels =
        fields::member(meta, "labels").is_object() ? fields::member(meta, "labels") : json::object();
    labels["kubernetes.io/service-name"] = parsed.meta.ref.name;
    labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io";
    if (parsed.cluster_ip == "None") labels["service.kubernetes.io/headless"] = "";
    return {{"namespace", parsed.meta.ref.ns},
            {"generateName", parsed.meta.ref.name + "-"},
            {"labels", std::move(labels)},
            {"ownerReferences", json::array({{{"apiVersion", "v1"},
                                              {"kind", "Service"},
                                              {"name", parsed.meta.ref.name},
                                              {"uid", parsed.meta.ref.uid.value},
                                              {"controller", true},
                                              {"blockOwnerDeletion", true}}})}};
  }

  void judge_ports(const EndpointSlice& slice, const json& served, const Observation& seen,
                   const std::vector<State<Service>>& services) {
    const auto told = ports_of(fields::member(served, "ports"), "port");
    std::vector<std::string> want;
    for (const State<Service>& service : services) {
      const json* object = served_object(*service.seen);
      if (object == nullptr) return;
      want = ports_of(fields::in(*object, "spec", "ports"), "targetPort");
      const bool by_name = std::any_of(want.begin(), want.end(), [](const std::string& one) {
        return one.find("/*/") != std::string::npos;
      });
      if (by_name || want == told) return;
    }
    judgement_.find(
        {slice.meta.ref,
         fmt::format("its ports are those of Service {}: {}", slice.service, fmt::join(want, ", ")),
         fmt::format("they were {} at {}", fmt::join(told, ", "), moment(seen)),
         {seen.index},
         fmt::format("ports: kubectl -n {} get endpointslice {} -o yaml", slice.meta.ref.ns,
                     slice.meta.ref.name)});
  }

  const Causes& causes_;
  const Course& course_;
  const Hearing& hearing_;
  Judgement& judgement_;
  std::size_t judged_ = 0;
};

}  // namespace

Verdict endpoints_as_pods_were(const Timeline& timeline) {
  const Course course(timeline);
  Judgement judgement{course, Watches{"pods", "services", "endpointslices"}.of_states()};
  judgement.doubt_if(course.cut_short());
  const Hearing hearing(timeline, course);
  const Causes causes = causes_of(course, timeline.subject());
  EndpointJudge judge(causes, course, hearing, judgement);
  for (const Observation& seen : course.judged()) {
    const auto* slice = seen.object<EndpointSlice>();
    if (slice == nullptr || slice->meta.ref.ns != timeline.subject().ns || !is_live(seen) ||
        seen.is_deletion())
      continue;
    if (is_controllers(*slice)) judge.judge(*slice, seen);
  }
  if (judge.judged() == 0) judgement.doubt("no endpoint of a pod was told");
  return std::move(judgement).verdict(fmt::format(
      "{} told what its pod was", counted(judge.judged(), "state of an endpoint", "states of endpoints")));
}

}  // namespace stateproof::check
