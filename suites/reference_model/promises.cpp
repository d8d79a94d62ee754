#include "suites/reference_model/promises.h"

#include <fmt/format.h>

#include <list>
#include <string>

#include "harness/check/reference/acts.h"
#include "harness/check/reference/debts.h"
#include "harness/check/reference/made_as_written.h"
#include "harness/check/reference/quiet.h"
#include "harness/check/reference/told_endpoints.h"
#include "harness/check/reference/told_status.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kTemplates =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-templates";

constexpr std::string_view kControllers =
    "https://kubernetes.io/docs/concepts/architecture/controller/#desired-vs-current";

constexpr std::string_view kRevisions =
    "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/controller-revision-v1/";

/// Promises keep views of their names.
std::string_view kept(std::string text) {
  static std::list<std::string> names;
  return names.emplace_back(std::move(text));
}

}  // namespace

Promise reference_model_promise(std::string_view scenario, Profile profile) {
  return {
      .id = kept(fmt::format("reference-model-{}", scenario)),
      .title = "The cluster acts as the reference model of StatefulSets does",
      .group = "reference model",
      .scenario = scenario,
      .profile = profile,
      .requirements = {
          {.id = "MOD-01",
           .title = "Each pod is made as the template of its revision says",
           .sentence = "Every field of a pod that a set's controller creates MUST be what the template of "
                       "its revision, the set and its ordinal say; defaulting and admission MAY add to it.",
           .source = kTemplates,
           .checker = check::pods_as_written},
          {.id = "MOD-02",
           .title = "Each claim is made as its template says",
           .sentence = "Every field of a claim that a set's controller creates MUST be what its claim "
                       "template and the set's selector say; defaulting and admission MAY add to it.",
           .source = kVolumeClaimTemplates,
           .checker = check::claims_as_written},
          {.id = "MOD-03",
           .title = "Each endpoint tells what its pod was",
           .sentence = "Every endpoint that is told for a pod MUST have the addresses, the host name, the "
                       "node and the conditions that follow from one state of that pod and its Service.",
           .source = kEndpointConditions,
           .checker = check::endpoints_as_pods_were},
          {.id = "MOD-04",
           .title = "Each status counts the pods of one moment",
           .sentence = "A set's status MUST count the pods that there were at one moment, MUST NOT fall "
                       "behind what it told before, and MUST promote a revision when all pods have it and "
                       "are Ready, not before.",
           .source = kStatusReference,
           .checker = check::status_as_counted},
          {.id = "MOD-05",
           .title = "A controller creates and deletes only what its set asks for",
           .sentence = "A pod MUST NOT be created or deleted by its set's controller unless a state of the "
                       "set and its pods that the controller can have seen asks for it.",
           .source = kScalingGuarantees,
           .checker = check::acts_are_allowed},
          {.id = "MOD-06",
           .title = "Quiet objects stay quiet",
           .sentence = "While nothing changes that a controller acts on, it MUST NOT write the same object "
                       "again and again.",
           .source = kControllers,
           .checker = check::quiet_stays_quiet},
          {.id = "MOD-07",
           .title = "Each revision holds a template of its set",
           .sentence =
               "A ControllerRevision that a set's controller creates MUST hold the template of one of "
               "the set's generations, bear its labels, and belong to the set.",
           .source = kRevisions,
           .checker = check::revisions_as_written},
          {.id = "MOD-08",
           .title = "What is owed is done",
           .sentence = "While a set and its pods differ from what is asked for and nothing else is in the "
                       "way, its controller MUST create, delete, adopt, release or update the next pod, and "
                       "count them in the status.",
           .source = kControllers,
           .checker = check::debts_are_paid}}};
}

}  // namespace stateproof
