#include "suites/mutants/wrong_model.h"

#include <nlohmann/json.hpp>
#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using nlohmann::json;

/// Every state of the subject's pods.
void change_pods(Timeline& timeline, const std::function<void(json& pod)>& change) {
  change_served(timeline, "Pod", [&](json& pod, const Observation& seen) {
    if (!ordinal_of(seen.object<Pod>()->meta.ref.name, timeline.subject().set)) return false;
    change(pod);
    return true;
  });
}

void change_claims(Timeline& timeline, const std::function<void(json& claim)>& change) {
  change_served(timeline, "PersistentVolumeClaim", [&](json& claim, const Observation&) {
    change(claim);
    return true;
  });
}

void forget_an_argument(Timeline& timeline) {
  change_pods(timeline, [](json& pod) { pod["spec"]["containers"][0].erase("args"); });
}
void forget_the_name_label(Timeline& timeline) {
  change_pods(timeline,
              [](json& pod) { pod["metadata"]["labels"].erase("statefulset.kubernetes.io/pod-name"); });
}
void forget_the_index_label(Timeline& timeline) {
  change_pods(timeline, [](json& pod) { pod["metadata"]["labels"].erase("apps.kubernetes.io/pod-index"); });
}
void name_another_service(Timeline& timeline) {
  change_pods(timeline, [](json& pod) { pod["spec"]["subdomain"] = "default"; });
}
void halve_the_grace_period(Timeline& timeline) {
  change_pods(timeline, [](json& pod) {
    json& grace = pod["spec"]["terminationGracePeriodSeconds"];
    grace = grace.get<int>() / 2;
  });
}
void share_the_host(Timeline& timeline) {
  change_pods(timeline, [](json& pod) { pod["spec"]["hostNetwork"] = true; });
}

void halve_the_storage(Timeline& timeline) {
  change_claims(timeline, [](json& claim) { claim["spec"]["resources"]["requests"]["storage"] = "125Mi"; });
}
void share_the_volume(Timeline& timeline) {
  change_claims(timeline, [](json& claim) { claim["spec"]["accessModes"] = {"ReadWriteMany"}; });
}
void forget_the_selector(Timeline& timeline) {
  change_claims(timeline, [](json& claim) { claim["metadata"].erase("labels"); });
}

void change_endpoints(Timeline& timeline, const std::function<void(json& endpoint)>& change) {
  change_served(timeline, "EndpointSlice", [&](json& slice, const Observation&) {
    const auto endpoints = slice.find("endpoints");
    if (endpoints == slice.end() || !endpoints->is_array() || endpoints->empty()) return false;
    for (json& endpoint : *endpoints) change(endpoint);
    return true;
  });
}

void call_ready_what_is_not(Timeline& timeline) {
  change_endpoints(timeline, [](json& endpoint) {
    endpoint["conditions"]["ready"] = true;
    endpoint["conditions"]["serving"] = true;
  });
}
void forget_the_host_name(Timeline& timeline) {
  change_endpoints(timeline, [](json& endpoint) { endpoint.erase("hostname"); });
}
void tell_another_port(Timeline& timeline) {
  change_served(timeline, "EndpointSlice", [](json& slice, const Observation&) {
    const auto ports = slice.find("ports");
    if (ports == slice.end() || !ports->is_array() || ports->empty()) return false;
    ports->at(0)["port"] = 3307;
    return true;
  });
}

void change_status(Timeline& timeline, const std::function<void(json& status)>& change) {
  change_served(timeline, "StatefulSet", [&](json& set, const Observation&) {
    const auto status = set.find("status");
    if (status == set.end() || !status->contains("updateRevision")) return false;
    change(*status);
    return true;
  });
}

void count_one_too_few(Timeline& timeline) {
  change_status(timeline, [](json& status) {
    if (status.value("readyReplicas", 0) > 0)
      status["readyReplicas"] = status["readyReplicas"].get<int>() - 1;
  });
}
void observe_no_generation(Timeline& timeline) {
  change_status(timeline, [](json& status) { status.erase("observedGeneration"); });
}
void stick_to_the_first_revision(Timeline& timeline) {
  std::string first;
  change_status(timeline, [&](json& status) {
    if (first.empty()) first = status["currentRevision"].get<std::string>();
    status["currentRevision"] = first;
  });
}

// In the last calm before the scale-up.
void delete_a_wanted_pod(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::ScaleUp>(timeline);
  Pod pod = pod_before(timeline, pod_of(timeline, 0), begin);
  pod.meta.deletion = pod.meta.created;
  pod.meta.resource_version += "-deleted";
  insert_object_before(timeline, begin, Change::kModified, pod);
}

void take_the_old_revision(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Rollout>(timeline);
  const std::string old = set_before(timeline, begin).current_revision;
  const Uid former = pod_before(timeline, pod_of(timeline, 1), begin).meta.ref.uid;
  const std::string name = pod_of(timeline, 1);
  Uid next;
  change_served(timeline, "Pod", [&](json& pod, const Observation& seen) {
    const ObjectRef& ref = seen.object<Pod>()->meta.ref;
    if (ref.name != name || seen.index <= begin || ref.uid == former) return false;
    if (next.empty()) next = ref.uid;
    if (ref.uid != next) return false;
    pod["metadata"]["labels"][kRevisionLabel] = old;
    return true;
  });
}

void remember_another_image(Timeline& timeline) {
  change_served(timeline, "ControllerRevision", [](json& revision, const Observation&) {
    revision["data"]["spec"]["template"]["spec"]["containers"][0]["image"] = "another:1";
    return true;
  });
}

// The set is written forty times in a row, and nothing is new in it.
void write_without_end(Timeline& timeline) {
  const std::size_t end = end_of<steps::ScaleDown>(timeline);
  const Observation* last = nullptr;
  for (const Observation& seen : timeline)
    if (seen.index < end && seen.object<StatefulSet>() != nullptr) last = &seen;
  must(last != nullptr, "set");
  const Entry again = last->what;
  for (int i = 0; i < 40; ++i) insert_before(timeline, end, again);
}

// The scale-up is asked for, and the controller does everything else.
void create_no_more(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::ScaleUp>(timeline);
  for (const int offset : {3, 4}) erase_pods_after(timeline, pod_of(timeline, offset), begin);
  let_time_out(timeline, steps::ScaleUp::name, std::chrono::seconds{120});
}

}  // namespace

std::vector<WrongHistory> wrong_models() {
  return {
      {"arguments-forgotten", "pods lack the arguments of their template", "reference-model-lifecycle",
       "MOD-01", forget_an_argument},
      {"name-label-forgotten", "pods lack the label with their name", "reference-model-lifecycle", "MOD-01",
       forget_the_name_label},
      {"index-label-forgotten", "pods lack the label with their ordinal", "reference-model-lifecycle",
       "MOD-01", forget_the_index_label},
      {"another-subdomain", "pods name another Service than their set", "reference-model-naming", "MOD-01",
       name_another_service},
      {"half-the-grace", "pods have half of their template's grace period", "reference-model-lifecycle",
       "MOD-01", halve_the_grace_period},
      {"host-network", "pods use the network of their node", "reference-model-rollout", "MOD-01",
       share_the_host},
      {"half-the-storage", "claims request half of their template's storage", "reference-model-lifecycle",
       "MOD-02", halve_the_storage},
      {"another-access-mode", "claims have another access mode than their template",
       "reference-model-retention", "MOD-02", share_the_volume},
      {"claims-without-labels", "claims lack the labels of their template and selector",
       "reference-model-lifecycle", "MOD-02", forget_the_selector},
      {"ready-before-ready", "endpoints are called ready before their pods are", "reference-model-naming",
       "MOD-03", call_ready_what_is_not},
      {"endpoints-without-names", "endpoints lack the host name of their pod", "reference-model-lifecycle",
       "MOD-03", forget_the_host_name},
      {"endpoints-with-another-port", "endpoints have another port than their Service",
       "reference-model-lifecycle", "MOD-03", tell_another_port},
      {"one-too-few", "the status counts one Ready pod less than there are", "reference-model-lifecycle",
       "MOD-04", count_one_too_few},
      {"nothing-observed", "the status never tells the generation", "reference-model-rollout", "MOD-04",
       observe_no_generation},
      {"never-promoted", "the first revision is called the current one for ever", "reference-model-rollout",
       "MOD-04", stick_to_the_first_revision},
      {"wanted-and-deleted", "a pod that is wanted is deleted", "reference-model-lifecycle", "MOD-05",
       delete_a_wanted_pod},
      {"back-to-the-old-revision", "a pod comes back at the old revision without a partition",
       "reference-model-rollout", "MOD-05", take_the_old_revision},
      {"revision-of-another-image", "a revision remembers another image than its template had",
       "reference-model-rollout", "MOD-07", remember_another_image},
      {"scale-up-forgotten", "pods that are wanted are never created", "reference-model-lifecycle", "MOD-08",
       create_no_more},
      {"set-without-rest", "the status of a set is written without end", "reference-model-lifecycle",
       "MOD-06", write_without_end},
  };
}

}  // namespace stateproof::mutants
