#include "suites/halting/promises.h"

#include "harness/check/ordering/halting.h"
#include "suites/sources/sources.h"

namespace stateproof {
std::vector<Promise> halting_promises() {
  return {
      {.id = "creation-halts",
       .title = "Creation halts at a pod that is not Ready",
       .group = "ordering",
       .scenario = "halting",
       .requirements = {{.id = "ORD-02",
                         .title = "No pod is created after one that is not Ready",
                         .sentence = "While a pod of an OrderedReady set is running but not Ready, pods of "
                                     "higher ordinals MUST NOT be created.",
                         .source = kScalingGuarantees,
                         .checker = check::creation_halts}}},
      {.id = "scale-down-halts",
       .title = "Scale-down halts while a pod that stays is not Ready",
       .group = "ordering",
       .scenario = "halting",
       .requirements = {{.id = "ORD-04",
                         .title = "No pod is deleted while one that stays is not Ready",
                         .sentence = "While a pod of an OrderedReady set is not Ready, a scale-down MUST NOT "
                                     "delete pods of higher ordinals.",
                         .source = "https://kubernetes.io/docs/tasks/run-application/scale-stateful-set/"
                                   "#scaling-down-does-not-work-right",
                         .checker = check::scale_down_halts}}},
      {.id = "scale-down-resumes",
       .title = "A blocked scale-down continues by itself",
       .group = "ordering",
       .scenario = "halting",
       .requirements = {{.id = "ORD-08",
                         .title = "A blocked scale-down continues once all pods are Ready",
                         .sentence = "When the pod that blocked a scale-down is Ready again, the scale-down "
                                     "MUST continue without a new request.",
                         .source = kScalingGuarantees,
                         .checker = check::scale_down_resumes}}},
      {.id = "lost-pod-revived",
       .title = "A lost pod is recreated while a higher one is not Ready",
       .group = "ordering",
       .scenario = "halting",
       .requirements = {{.id = "ORD-07",
                         .title = "A pod that is not Ready does not keep lower ones from being recreated",
                         .sentence = "A deleted pod of an OrderedReady set MUST be recreated even though a "
                                     "pod of a higher ordinal is not Ready.",
                         .source = kScalingGuarantees,
                         .checker = check::lost_pod_is_revived}}},
  };
}

}  // namespace stateproof
