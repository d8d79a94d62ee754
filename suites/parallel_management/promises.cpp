#include "suites/parallel_management/promises.h"

#include "harness/check/ordering/parallel_management.h"

namespace stateproof {
namespace {

constexpr std::string_view kParallel =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#parallel-pod-management";
constexpr std::string_view kStart =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#start-ordinal";
constexpr std::string_view kPodIndex =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-index-label";

}  // namespace

std::vector<Promise> parallel_promises() {
  return {
      {.id = "parallel-creation",
       .title = "Under Parallel all pods are created at once",
       .group = "ordering",
       .scenario = "parallel",
       .requirements = {{.id = "ORD-05a",
                         .title = "No pod waits for another to be Ready",
                         .sentence = "Under podManagementPolicy Parallel every pod of the set MUST be "
                                     "created even though no other pod is Ready.",
                         .source = kParallel,
                         .checker = check::created_without_waiting}}},
      {.id = "parallel-scale-up",
       .title = "Under Parallel a scale-up does not wait for readiness",
       .group = "ordering",
       .scenario = "parallel",
       .requirements = {{.id = "ORD-05b",
                         .title = "A scale-up continues while pods are not Ready",
                         .sentence = "Under podManagementPolicy Parallel a scale-up MUST continue even "
                                     "though existing pods are not Ready.",
                         .source = kParallel,
                         .checker = check::scaled_up_without_waiting}}},
      {.id = "parallel-scale-down",
       .title = "Under Parallel all excess pods are deleted at once",
       .group = "ordering",
       .scenario = "parallel",
       .requirements = {{.id = "ORD-05c",
                         .title = "No pod waits for another to be gone",
                         .sentence = "Under podManagementPolicy Parallel every excess pod MUST be deleted "
                                     "without waiting for another to be gone.",
                         .source = kParallel,
                         .checker = check::stopped_without_waiting}}},
      {.id = "start-ordinal",
       .title = "Ordinals begin at spec.ordinals.start",
       .group = "identity",
       .scenario = "parallel",
       .requirements = {{.id = "ID-06",
                         .title = "The pods have the ordinals from start upwards",
                         .sentence = "A set of N replicas with spec.ordinals.start S "
                                     "MUST consist of the ordinals S to S+N-1.",
                         .source = kStart,
                         .since = "1.31",
                         .checker = check::ordinals_begin_at_start}}},
      {.id = "start-ordinal-moves",
       .title = "The pods follow a change of spec.ordinals.start",
       .group = "identity",
       .scenario = "parallel",
       .requirements = {{.id = "ID-07",
                         .title = "A new first ordinal replaces the old one",
                         .sentence = "When spec.ordinals.start changes, upwards or downwards, the set "
                                     "MUST create the pods of the new ordinals and remove the others.",
                         .source = kStart,
                         .since = "1.31",
                         .checker = check::ordinals_follow_start}}},
      {.id = "pod-labels",
       .title = "Each pod carries its name and its ordinal as labels",
       .group = "identity",
       .scenario = "parallel",
       .requirements = {{.id = "ID-03",
                         .title = "The labels pod-name and pod-index are correct",
                         .sentence = "Each pod of a set MUST carry the labels "
                                     "statefulset.kubernetes.io/pod-name and "
                                     "apps.kubernetes.io/pod-index with its own name "
                                     "and ordinal.",
                         .source = kPodIndex,
                         .since = "1.28",
                         .checker = check::pods_are_labelled}}},
  };
}

}  // namespace stateproof
