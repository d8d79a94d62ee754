#include "suites/claim_binding/promise.h"

#include "harness/check/identity/identity.h"
#include "harness/check/storage/claim_binding.h"
#include "harness/check/storage/mounted_volume.h"

namespace stateproof {

Promise claim_binding() {
  return {
      .id = "claim-binding",
      .title = "Each pod has its own claim and volume, and keeps them when it is replaced",
      .group = "storage",
      .scenario = "lifecycle",
      .profile = Profile::kQuick,
      .requirements =
          {
              {.id = "STO-01",
               .title = "Each pod has the one Bound claim of its name",
               .sentence = "For each volume claim template every pod MUST get one claim, named "
                           "<template>-<set>-<ordinal>, which is Bound and which no other pod uses.",
               .source =
                   "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage",
               .checker = check::one_claim_per_pod},
              {.id = "STO-02",
               .title = "Claims and volumes are bound one to one",
               .sentence = "A claim's volume MUST name that claim, by UID, as the one that it is bound to; a "
                           "volume MUST NOT be bound to two claims, nor a claim to two volumes.",
               .source = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding",
               .checker = check::claim_and_volume_are_one_to_one},
              {.id = "STO-03",
               .title = "A replaced pod uses the same claim and volume",
               .sentence = "When a pod is deleted, its claim MUST stay the same object bound to the same "
                           "volume, and the new pod of that ordinal MUST mount it.",
               .source =
                   "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage",
               .checker = check::same_storage_after_replacement},
              {.id = "STO-06",
               .title = "The pod's own volume is mounted",
               .sentence = "The volume that a pod's container has mounted at the path of the claim MUST be "
                           "that of the pod's own claim, and MUST NOT be that of another pod's.",
               .source = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes",
               .checker = check::own_volume_is_mounted},
              {.id = "ID-04",
               .title = "A deleted pod is recreated with its identity",
               .sentence = "A deleted pod of the set MUST be replaced by a new pod with the same name, host "
                           "name and storage identity.",
               .source =
                   "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/",
               .checker = check::replacement_keeps_identity},
          },
  };
}

}  // namespace stateproof
