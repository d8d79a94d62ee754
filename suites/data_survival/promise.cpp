#include "suites/data_survival/promise.h"

#include "harness/check/storage/row_survival.h"

namespace stateproof {

Promise data_survival() {
  return {
      .id = "data-survival",
      .title = "Rows survive the deletion of the pod",
      .group = "storage",
      .scenario = "lifecycle",
      .profile = Profile::kQuick,
      .requirements =
          {
              {.id = "STO-04",
               .title = "Acknowledged rows are unchanged after the pod was replaced",
               .sentence =
                   "Rows that a member acknowledged before its pod was deleted MUST be there, each once and "
                   "unchanged, in the pod that replaces it; other rows MUST NOT be there. (Deleting a pod is "
                   "not a power failure: this says nothing about what a node still held in memory.)",
               .source =
                   "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage",
               .checker = check::rows_survive_replacement},
          },
  };
}

}  // namespace stateproof
