#include "suites/halting/promises.h"

#include "harness/check/ordering/halting.h"

namespace stateproof {
namespace {

constexpr std::string_view kGuarantees =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"
    "#deployment-and-scaling-guarantees";

}  // namespace

std::vector<Promise> halting_promises() {
  return {
      {.id = "creation-halts",
       .title = "Creation halts at a pod that is not Ready",
       .group = "ordering",
       .scenario = "halting",
       .requirements = {{.id = "ORD-02",
                         .title = "No pod is created after one that is not Ready",
                         .sentence =
                             "While a pod of an OrderedReady set is running but not Ready, no pod of a "
                             "higher ordinal MUST be created.",
                         .source = kGuarantees,
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::creation_halts}}},
      {.id = "scale-down-halts",
       .title = "Scale-down halts while a pod that stays is not Ready",
       .group = "ordering",
       .scenario = "halting",
       .requirements = {{.id = "ORD-04",
                         .title = "No pod is taken away while one that stays is not Ready",
                         .sentence = "While a pod of an OrderedReady set is not Ready, a scale-down MUST NOT "
                                     "terminate pods of higher ordinals.",
                         .source = "https://kubernetes.io/docs/tasks/run-application/scale-stateful-set/"
                                   "#scaling-down-does-not-work-right",
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::scale_down_halts}}},
      {.id = "scale-down-resumes",
       .title = "A scale-down that was held up goes on by itself",
       .group = "ordering",
       .scenario = "halting",
       .requirements = {{.id = "ORD-08",
                         .title = "A held scale-down goes on once all pods are Ready",
                         .sentence = "When the pod that held a scale-down up is Ready again, the scale-down "
                                     "MUST go on without being asked for again.",
                         .source = kGuarantees,
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::scale_down_resumes}}},
      {.id = "lost-pod-revived",
       .title = "A lost pod is made anew though a higher one is not Ready",
       .group = "ordering",
       .scenario = "halting",
       .requirements = {{.id = "ORD-07",
                         .title = "A pod that is not Ready does not keep lower ones from being made anew",
                         .sentence = "A pod of an OrderedReady set that was deleted MUST be created again "
                                     "although a pod of a higher ordinal is not Ready.",
                         .source = kGuarantees,
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::lost_pod_is_revived}}},
  };
}

}  // namespace stateproof
