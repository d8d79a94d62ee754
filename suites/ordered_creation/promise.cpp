#include "suites/ordered_creation/promise.h"

#include "harness/check/identity/identity.h"
#include "harness/check/ordering/creation_order.h"
#include "harness/check/ordering/termination_order.h"

namespace stateproof {

Promise ordered_creation() {
  return {
      .id = "ordered-creation",
      .title = "Pods are created and terminated in order, and only the wanted pods exist",
      .group = "ordering",
      .scenario = "lifecycle",
      .profile = Profile::kQuick,
      .requirements =
          {
              {.id = "ORD-01",
               .title = "A pod is created only after all its predecessors have been Ready",
               .sentence = "Under podManagementPolicy OrderedReady a pod MUST NOT be created before the "
                           "present pod of every lower ordinal has been Running and Ready.",
               .source = "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"
                         "#deployment-and-scaling-guarantees",
               .checker = check::predecessors_were_ready},
              {.id = "ORD-03",
               .title = "On scale-down each pod is deleted only after all higher ones are gone",
               .sentence = "When a set is scaled down, its pods MUST be terminated from the highest ordinal "
                           "downwards, and each one only after every pod of a higher ordinal is gone.",
               .source = "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"
                         "#deployment-and-scaling-guarantees",
               .checker = check::terminated_in_reverse},
              {.id = "ID-01",
               .title = "The set consists of exactly the wanted ordinals",
               .sentence = "A set of N replicas MUST consist of the pods <set>-<start> to <set>-<start+N-1>: "
                           "pods of other names MUST NOT be created, and these MUST NOT be deleted unasked.",
               .source =
                   "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#ordinal-index",
               .checker = check::only_wanted_pods},
              {.id = "ID-05",
               .title = "No two pods share an identity",
               .sentence = "At any time there MUST be at most one pod of each identity: a name is reused "
                           "only after the pod that had it is gone.",
               .source = "https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/",
               .checker = check::one_pod_per_name},
              {.id = "ID-05b",
               .title = "A pod has terminated before its name is reused",
               .sentence = "A pod of the set MUST NOT be removed from the API while its containers run, so "
                           "that two pods of one identity never run at the same time.",
               .source = "https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/",
               .checker = check::gone_pods_have_ended},
          },
  };
}

}  // namespace stateproof
