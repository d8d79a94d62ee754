#include "suites/adoption/promises.h"

#include "harness/check/ordering/adoption.h"

namespace stateproof {
namespace {

constexpr std::string_view kDelete =
    "https://kubernetes.io/docs/tasks/run-application/delete-stateful-set/#deleting-a-statefulset";
constexpr std::string_view kRefs =
    "https://github.com/kubernetes/design-proposals-archive/blob/main/"
    "api-machinery/controller-ref.md";

}  // namespace

std::vector<Promise> adoption_promises() {
  return {
      {.id = "orphans-live-on",
       .title = "Pods outlive a set that is deleted with policy Orphan",
       .group = "identity",
       .scenario = "adoption",
       .profile = Profile::kConformance,
       .requirements = {{.id = "DIS-05",
                         .title = "No pod is stopped when its set is orphaned away",
                         .sentence = "When a set is deleted with propagation policy "
                                     "Orphan, its pods MUST stay as they are.",
                         .source = kDelete,
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::orphans_live_on}}},
      {.id = "pods-go-with-set",
       .title = "The pods of a set go when it is deleted",
       .group = "retention",
       .scenario = "recreation",
       .profile = Profile::kConformance,
       .requirements = {{.id = "CLN-03",
                         .title = "Deleting a set stops its pods",
                         .sentence =
                             "When a set is deleted and nobody asks for its pods to be orphaned, they "
                             "MUST all be told to stop.",
                         .source = kDelete,
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::pods_go_with_their_set}}},
      {.id = "orphans-adopted",
       .title = "A set created again adopts the pods that match",
       .group = "identity",
       .scenario = "adoption",
       .profile = Profile::kConformance,
       .requirements = {{.id = "ADO-01",
                         .title = "Matching pods are adopted, not made anew",
                         .sentence = "A set that is created again MUST take control of "
                                     "the running pods that match its selector and its "
                                     "names, and MUST NOT replace them.",
                         .source = kDelete,
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::orphans_are_adopted}}},
      {.id = "strangers-released",
       .title = "A pod that stops matching is let go",
       .group = "identity",
       .scenario = "adoption",
       .profile = Profile::kConformance,
       .requirements = {{.id = "ADO-02",
                         .title = "A pod that does not match any more is released, not "
                                  "deleted",
                         .sentence = "When the labels of a pod do not match the "
                                     "selector of its set any more, the set MUST give "
                                     "up control of the pod and MUST NOT delete it.",
                         .source = kRefs,
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::strangers_are_released}}},
      {.id = "returners-adopted",
       .title = "A pod that matches again is taken back",
       .group = "identity",
       .scenario = "adoption",
       .profile = Profile::kConformance,
       .requirements = {{.id = "ADO-03",
                         .title = "A pod that matches again is controlled again",
                         .sentence = "When the labels of a released pod match the "
                                     "selector again, the set MUST take control of the "
                                     "pod again.",
                         .source = kRefs,
                         .since = "",
                         .level = Level::kBlocking,
                         .checker = check::returners_are_adopted}}},
  };
}

}  // namespace stateproof
