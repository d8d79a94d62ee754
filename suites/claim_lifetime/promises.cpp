#include "suites/claim_lifetime/promises.h"

#include "harness/check/storage/claim_growth.h"
#include "harness/check/storage/claim_lifetime.h"
#include "harness/check/storage/claim_templates.h"
#include "harness/check/storage/sole_user.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kRetention =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention";
constexpr std::string_view kForeignClaims = "https://github.com/kubernetes/kubernetes/issues/122400";
constexpr std::string_view kDeletingClaims =
    "https://kubernetes.io/docs/tasks/run-application/delete-stateful-set/#persistent-volumes";
constexpr std::string_view kReclaim =
    "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming";
constexpr std::string_view kProtection =
    "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection";
constexpr std::string_view kTypes = "https://github.com/kubernetes/api/blob/master/apps/v1/types.go";
constexpr std::string_view kExpanding =
    "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims";
constexpr std::string_view kResizing =
    "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/"
    "#persistentvolumeclaimresize";
constexpr std::string_view kAccessModes =
    "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes";
constexpr std::string_view kFailed =
    "https://github.com/kubernetes/kubernetes/blob/master/test/conformance/testdata/conformance.yaml";

}  // namespace

std::vector<Promise> claim_lifetime_promises() {
  return {
      {.id = "default-storage-class",
       .title = "A claim that names no StorageClass gets the default one",
       .group = "storage",
       .scenario = "lifecycle",
       .requirements = {{.id = "STO-05",
                         .title = "The default StorageClass is used",
                         .sentence = "A claim whose template names no StorageClass MUST "
                                     "get the default StorageClass of the cluster.",
                         .source = kStableStorage,
                         .checker = check::default_class_is_used}}},
      {.id = "lost-pods-keep-claims",
       .title = "Deleting a pod deletes no claim",
       .group = "retention",
       .scenario = "retention",
       .requirements = {{.id = "RET-04",
                         .title = "Retention policies do not apply when a pod is lost",
                         .sentence = "Whatever the retention policy, a claim MUST NOT be deleted because its "
                                     "pod was deleted for a reason other than a scale-down.",
                         .source = kRetention,
                         .since = "1.32",
                         .checker = check::of_each_claim_template<check::claims_outlive_lost_pods>}}},
      {.id = "claims-of-each-template",
       .title = "Each of several claim templates gives every pod a claim",
       .group = "storage",
       .scenario = "retention",
       .requirements = {{.id = "STO-01b",
                         .title = "Each pod has a Bound claim for each template",
                         .sentence = "For each volume claim template every pod MUST get one claim, named "
                                     "<template>-<set>-<ordinal>, which is Bound, which no other pod uses, "
                                     "and which is mounted wherever the pod mounts the template's name.",
                         .source = kStableStorage,
                         .checker = check::each_template_gives_a_claim}}},
      {.id = "scaled-claims-go",
       .title = "Under whenScaled Delete a scale-down deletes claims",
       .group = "retention",
       .scenario = "retention",
       .requirements = {{.id = "RET-03",
                         .title = "Exactly the claims of removed ordinals are deleted",
                         .sentence = "With whenScaled Delete a scale-down MUST delete the claims of the "
                                     "removed ordinals, and MUST NOT delete others.",
                         .source = kRetention,
                         .since = "1.32",
                         .checker = check::of_each_claim_template<check::claims_go_with_scale_down>},
                        {.id = "RET-03b",
                         .title = "A claim is deleted only after its pod",
                         .sentence = "With whenScaled Delete the claim of a removed ordinal MUST NOT be "
                                     "deleted before its pod is gone.",
                         .source = kRetention,
                         .since = "1.32",
                         .checker = check::of_each_claim_template<check::scaled_claim_waits_for_its_pod>}}},
      {.id = "deleted-claims-go",
       .title = "Under whenDeleted Delete claims are deleted with their set",
       .group = "retention",
       .scenario = "retention",
       .requirements =
           {{.id = "RET-05",
             .title = "The claims of a deleted set are deleted",
             .sentence = "With whenDeleted Delete the claims MUST be "
                         "deleted after their set was deleted and its pods "
                         "are gone.",
             .source = kRetention,
             .since = "1.32",
             .checker = check::of_each_claim_template<check::claims_go_with_set>},
            {.id = "RET-08",
             .title = "Claims that are deleted with their set are owned by it",
             .sentence = "With whenDeleted Delete the owner references of each claim MUST include its set.",
             .source = kRetention,
             .since = "1.32",
             .level = Level::kInforming,
             .checker = check::of_each_claim_template<check::claims_belong_to_their_set>}}},
      {.id = "foreign-claims-stay",
       .title = "Retention policies do not touch the claims of other controllers",
       .group = "retention",
       .scenario = "retention",
       .requirements = {{.id = "RET-09",
                         .title = "A claim that another controller owns stays",
                         .sentence =
                             "Whatever the retention policy, a claim that another controller owns "
                             "MUST NOT be deleted by a scale-down or with the set, and MUST stay that "
                             "controller's.",
                         .source = kForeignClaims,
                         .since = "1.32",
                         .checker = check::foreign_claims_stay}}},
      {.id = "retention-changes",
       .title = "Claims follow a change of the retention policy",
       .group = "retention",
       .scenario = "recreation",
       .requirements = {{.id = "RET-10",
                         .title = "Once the policy is Retain, claims outlive their set",
                         .sentence = "When the retention policy of a set is changed from Delete to Retain, "
                                     "its claims MUST no longer be owned by the set, and MUST outlive it.",
                         .source = kRetention,
                         .since = "1.32",
                         .checker = check::claims_obey_a_changed_policy}}},
      {.id = "claims-outlive-set",
       .title = "By default claims outlive their set",
       .group = "retention",
       .scenario = "recreation",
       .requirements = {{.id = "RET-01",
                         .title = "Deleting a set deletes no claim",
                         .sentence = "Under the default retention policy the deletion "
                                     "of a set MUST NOT delete its claims, and their volumes MUST stay "
                                     "bound to them.",
                         .source = kDeletingClaims,
                         .checker = check::claims_outlive_set}}},
      {.id = "set-finds-claims",
       .title = "A recreated StatefulSet finds its claims",
       .group = "retention",
       .scenario = "recreation",
       .requirements = {{.id = "RET-06",
                         .title = "The same claims and volumes are used again",
                         .sentence = "The pods of a set that is recreated MUST use the existing claims that "
                                     "bear their names, with the same volumes as before.",
                         .source = kStableStorage,
                         .checker = check::new_set_finds_claims}}},
      {.id = "set-finds-data",
       .title = "A recreated StatefulSet finds its data",
       .group = "retention",
       .scenario = "recreation",
       .requirements = {{.id = "RET-07",
                         .title = "The old rows are there again",
                         .sentence = "Data that was acknowledged before a set was deleted MUST be there when "
                                     "the set is recreated.",
                         .source = kStableStorage,
                         .checker = check::new_set_finds_rows}}},
      {.id = "claims-labelled",
       .title = "Claims carry the labels of their set",
       .group = "retention",
       .scenario = "recreation",
       .requirements = {{.id = "CLN-01",
                         .title = "A claim has the labels of its template and of its "
                                  "set",
                         .sentence = "The claims of a set MUST carry the labels of "
                                     "their template, so that they can be deleted by "
                                     "label.",
                         .source = kVolumeClaimTemplates,
                         .checker = check::claims_are_labelled}}},
      {.id = "unused-claims-go",
       .title = "Unused claims can be deleted",
       .group = "retention",
       .scenario = "recreation",
       .requirements = {{.id = "CLN-02",
                         .title = "Deleted claims and their volumes are removed",
                         .sentence = "A claim that no pod uses MUST be removed when it is deleted, and so "
                                     "MUST its volume when the reclaim policy is Delete.",
                         .source = kReclaim,
                         .checker = check::deleted_claims_go}}},
      {.id = "claim-templates-fixed",
       .title = "The claim templates of a set cannot be changed",
       .group = "storage",
       .scenario = "recreation",
       .requirements = {{.id = "STO-08a",
                         .title = "A changed claim template is refused",
                         .sentence = "A change of spec.volumeClaimTemplates of a set MUST be refused as "
                                     "invalid: the field is immutable.",
                         .source = kTypes,
                         .checker = check::claim_templates_are_fixed}}},
      {.id = "claims-grow",
       .title = "Claims can be expanded where their StorageClass allows it",
       .group = "storage",
       .scenario = "recreation",
       .requirements =
           {{.id = "STO-08b",
             .title = "The storage grows, and the rows stay",
             .sentence = "A claim whose StorageClass sets allowVolumeExpansion MUST grow when more storage "
                         "is requested: its status.capacity follows, and its volume and data stay.",
             .source = kExpanding,
             .level = Level::kInforming,
             .checker = check::claims_grow}}},
      {.id = "growth-needs-permission",
       .title = "Claims cannot be expanded where their StorageClass does not allow it",
       .group = "storage",
       .scenario = "recreation",
       .requirements =
           {{.id = "STO-08c",
             .title = "More storage is refused without allowVolumeExpansion",
             .sentence =
                 "A request for more storage MUST be refused as Forbidden when the claim's StorageClass does "
                 "not set allowVolumeExpansion (by an admission plugin that is enabled by default).",
             .source = kResizing,
             .level = Level::kInforming,
             .checker = check::growth_needs_permission}}},
      {.id = "claim-protected",
       .title = "A claim in use outlives its deletion",
       .group = "storage",
       .scenario = "protection",
       .requirements = {{.id = "STO-07",
                         .title = "A deleted claim stays while a pod uses it",
                         .sentence =
                             "A claim that is deleted while a pod uses it MUST stay until no pod uses it.",
                         .source = kProtection,
                         .checker = check::claim_in_use_is_protected}}},
      {.id = "claim-let-go",
       .title = "A deleted claim is removed once its pod is gone",
       .group = "storage",
       .scenario = "protection",
       .requirements =
           {{.id = "STO-10",
             .title = "Protection ends with the pod",
             .sentence =
                 "A claim that is being deleted MUST be removed once the last pod that used it is gone.",
             .source = kProtection,
             .checker = check::claim_goes_after_its_pod}}},
      {.id = "missing-claim-made",
       .title = "A pod whose claim is gone gets a new one",
       .group = "storage",
       .scenario = "protection",
       .requirements = {{.id = "STO-09",
                         .title = "A missing claim is recreated",
                         .sentence = "A pod of a set whose claim is missing SHOULD get a new claim, which "
                                     "MUST have the same name as before.",
                         .source = kStableStorage,
                         .level = Level::kInforming,
                         .checker = check::missing_claim_is_made}}},
      {.id = "claim-has-one-user",
       .title = "A claim of access mode ReadWriteOncePod has one user",
       .group = "storage",
       .scenario = "protection",
       .requirements = {{.id = "DIS-08b",
                         .title = "No second pod is scheduled",
                         .sentence = "While a pod uses a claim of access mode ReadWriteOncePod, another pod "
                                     "that uses the claim MUST NOT be scheduled.",
                         .source = kAccessModes,
                         .since = "1.29",
                         .level = Level::kInforming,
                         .checker = check::claim_has_one_user}}},
      {.id = "failed-pod-remade",
       .title = "A failed pod is recreated",
       .group = "ordering",
       .scenario = "failed-pod",
       .requirements = {{.id = "ORD-06",
                         .title = "A Failed pod is deleted and recreated",
                         .sentence = "A pod of a set whose phase is Failed MUST be deleted and recreated.",
                         .source = kFailed,
                         .checker = check::failed_pod_is_remade}}},
  };
}

}  // namespace stateproof
