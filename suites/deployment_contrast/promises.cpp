#include "suites/deployment_contrast/promises.h"

#include "harness/check/identity/contrast.h"
#include "harness/check/ordering/creation_order.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kDeployment =
    "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/";
constexpr std::string_view kReplicaSet =
    "https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset";

}  // namespace

std::vector<Promise> contrast_promises() {
  return {
      {.id = "contrast-names",
       .title = "A StatefulSet names its pods predictably, a Deployment does not",
       .group = "contrast",
       .scenario = "contrast",
       .requirements = {{.id = "DPL-01",
                         .title = "Ordinals in one, random names in the other",
                         .sentence = "A pod of a StatefulSet MUST be named by set and "
                                     "ordinal; a pod of a Deployment MUST be named by "
                                     "its ReplicaSet and a random suffix.",
                         .source = kUsingStatefulSets,
                         .checker = check::names_differ}},
       .compares = "Pod names"},
      {.id = "contrast-creation",
       .title = "A Deployment creates its pods at once, a StatefulSet in order",
       .group = "contrast",
       .scenario = "contrast",
       .requirements =
           {{.id = "DPL-02",
             .title = "No pod of a Deployment waits for another",
             .sentence = "The pods of a Deployment MUST all be created even though none of them is Ready.",
             .source = kDeployment,
             .checker = check::deployment_creates_at_once},
            {.id = "DPL-02b",
             .title = "Each pod of the StatefulSet waits for the ones before it",
             .sentence = "Beside a Deployment, too, a pod of a StatefulSet MUST NOT be created before the "
                         "present pod of every lower ordinal has been Running and Ready.",
             .source = kScalingGuarantees,
             .checker = check::predecessors_were_ready}},
       .compares = "Pod creation"},
      {.id = "contrast-replacement",
       .title = "Only a StatefulSet keeps the names of lost pods",
       .group = "contrast",
       .scenario = "contrast",
       .requirements = {{.id = "DPL-03",
                         .title = "The same name in one, a new name in the other",
                         .sentence = "A lost pod of a StatefulSet MUST be replaced under its old name, a "
                                     "lost pod of a Deployment under a new one.",
                         .source = kUsingStatefulSets,
                         .checker = check::only_the_set_keeps_names}},
       .compares = "Pod names"},
      {.id = "contrast-host-names",
       .title = "Only a StatefulSet gives its pods host names",
       .group = "contrast",
       .scenario = "contrast",
       .requirements = {{.id = "DPL-04",
                         .title = "Endpoints carry host names in one and none in the other",
                         .sentence =
                             "Behind a headless Service the endpoints of a StatefulSet MUST carry the names "
                             "of their pods as host names; those of a Deployment MUST NOT carry host names.",
                         .source = kStableNetworkId,
                         .checker = check::only_the_set_gives_host_names}},
       .compares = "Network identity"},
      {.id = "contrast-storage",
       .title = "Only a StatefulSet gives each pod its own claim",
       .group = "contrast",
       .scenario = "contrast",
       .requirements =
           {{.id = "DPL-05",
             .title = "One claim for each pod in one, one for all in the other",
             .sentence = "Each pod of a StatefulSet with a volume claim template MUST have its own claim; "
                         "the pods of a Deployment MUST share the claim that their template names.",
             .source = kStableStorage,
             .checker = check::only_the_set_gives_claims}},
       .compares = "Storage"},
      {.id = "contrast-deletion",
       .title = "Only a StatefulSet terminates its pods in order",
       .group = "contrast",
       .scenario = "contrast",
       .requirements = {{.id = "DPL-06a",
                         .title = "One after the other, from the highest ordinal down",
                         .sentence =
                             "When a StatefulSet is scaled down beside a Deployment, its pods MUST be "
                             "terminated from the highest ordinal downwards, and each one only after "
                             "every pod of a higher ordinal is gone.",
                         .source = kScalingGuarantees,
                         .checker = check::set_ends_in_reverse},
                        {.id = "DPL-06b",
                         .title = "All at once in a Deployment",
                         .sentence = "When a Deployment is scaled down, its excess pods MUST all be deleted "
                                     "without waiting for one of them to be gone (which ones are deleted is "
                                     "a preference of the ReplicaSet, not an order).",
                         .source = kReplicaSet,
                         .level = Level::kInforming,
                         .checker = check::deployment_ends_at_once}},
       .compares = "Pod deletion"},
  };
}

}  // namespace stateproof
