#include "suites/adoption/promises.h"

#include "harness/check/ordering/adoption.h"

namespace stateproof {
namespace {

constexpr std::string_view kDeletingSets =
    "https://kubernetes.io/docs/tasks/run-application/delete-stateful-set/#deleting-a-statefulset";
constexpr std::string_view kRefs =
    "https://github.com/kubernetes/design-proposals-archive/blob/main/"
    "api-machinery/controller-ref.md";

}  // namespace

std::vector<Promise> adoption_promises() {
  return {
      {.id = "orphans-live-on",
       .title = "Pods outlive a StatefulSet that is deleted with propagation policy Orphan",
       .group = "identity",
       .scenario = "adoption",
       .requirements =
           {{.id = "DIS-05",
             .title = "No pod is deleted when its set is deleted with policy Orphan",
             .sentence =
                 "When a set is deleted with propagation policy Orphan, its pods MUST be left running.",
             .source = kDeletingSets,
             .checker = check::orphans_live_on}}},
      {.id = "pods-go-with-set",
       .title = "The pods of a StatefulSet are deleted with it",
       .group = "retention",
       .scenario = "recreation",
       .requirements =
           {{.id = "CLN-03",
             .title = "Deleting a set deletes its pods",
             .sentence =
                 "When a set is deleted and its pods are not to be orphaned, they MUST all be deleted.",
             .source = kDeletingSets,
             .checker = check::pods_go_with_their_set}}},
      {.id = "orphans-adopted",
       .title = "A recreated StatefulSet adopts the pods that match",
       .group = "identity",
       .scenario = "adoption",
       .requirements = {{.id = "ADO-01",
                         .title = "Matching pods are adopted, not recreated",
                         .sentence = "A set that is recreated MUST take control of the running pods that "
                                     "match its selector and its names, and MUST NOT replace them.",
                         .source = kDeletingSets,
                         .checker = check::orphans_are_adopted}}},
      {.id = "strangers-released",
       .title = "A pod that no longer matches is released",
       .group = "identity",
       .scenario = "adoption",
       .requirements = {{.id = "ADO-02",
                         .title = "A pod that no longer matches is released, not deleted",
                         .sentence = "When the labels of a pod no longer match the selector of its set, the "
                                     "set MUST give up control of the pod and MUST NOT delete it.",
                         .source = kRefs,
                         .checker = check::strangers_are_released}}},
      {.id = "returners-adopted",
       .title = "A pod that matches again is adopted again",
       .group = "identity",
       .scenario = "adoption",
       .requirements = {{.id = "ADO-03",
                         .title = "A pod that matches again is controlled again",
                         .sentence = "When the labels of a released pod match the "
                                     "selector again, the set MUST take control of the "
                                     "pod again.",
                         .source = kRefs,
                         .checker = check::returners_are_adopted}}},
  };
}

}  // namespace stateproof
