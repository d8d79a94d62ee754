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
               .title = "Acknowledged rows are there again, unchanged, after the pod was replaced",
               .sentence = "Rows that a member acknowledged before its pod was deleted MUST be found again, "
                           "each once and unchanged, through the pod that replaces it; other rows MUST NOT. "
                           "(Deleting a pod is no power failure: this says nothing about what a node still "
                           "held in memory.)",
               .source =
                   "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage",
               .since = "",
               .level = Level::kBlocking,
               .checker = check::rows_survive_replacement},
          },
  };
}

}  // namespace stateproof
