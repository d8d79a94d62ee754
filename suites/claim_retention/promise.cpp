#include "suites/claim_retention/promise.h"

#include "harness/check/storage/claim_retention.h"

namespace stateproof {

Promise claim_retention() {
  return {
      .id = "claim-retention",
      .title = "Claims outlive scale-down, and scale-up finds them",
      .group = "retention",
      .scenario = "lifecycle",
      .profile = Profile::kQuick,
      .requirements =
          {
              {.id = "RET-02",
               .title = "Scale-down leaves claims and volumes untouched",
               .sentence = "Under the default retention policy the claims of a set MUST NOT be deleted when "
                           "the set is scaled down, nor get an owner whose deletion would delete them, and "
                           "their volumes MUST stay bound.",
               .source = "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"
                         "#persistentvolumeclaim-retention",
               .checker = check::claims_outlive_scale_down},
              {.id = "SCL-01",
               .title = "Scale-up finds the old claim, volume and rows",
               .sentence = "A pod that is recreated by scaling up MUST use the claim and the volume that its "
                           "ordinal had before, with the data in them.",
               .source =
                   "https://kubernetes.io/docs/tasks/run-application/delete-stateful-set/#persistent-volumes",
               .checker = check::scale_up_finds_old_storage},
          },
  };
}

}  // namespace stateproof
