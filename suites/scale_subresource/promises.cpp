#include "suites/scale_subresource/promises.h"

#include "harness/check/ordering/scale_subresource.h"

namespace stateproof {
namespace {

constexpr std::string_view kScale = "https://github.com/kubernetes/api/blob/master/autoscaling/v1/types.go";
constexpr std::string_view kConflict =
    "https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/"
    "api-conventions.md#concurrency-control-and-consistency";

}  // namespace

std::vector<Promise> scale_promises() {
  return {
      {.id = "scale-subresource",
       .title = "The scale subresource represents the set",
       .group = "scaling",
       .scenario = "parallel",
       .requirements = {{.id = "SCL-02a",
                         .title = "It agrees with the set",
                         .sentence = "The scale subresource of a set MUST contain its spec.replicas, its "
                                     "status.replicas and its selector in query form.",
                         .source = kScale,
                         .checker = check::scale_tells_the_set},
                        {.id = "SCL-02b",
                         .title = "Writing to it scales the set",
                         .sentence =
                             "A PUT and a PATCH of the scale subresource MUST set spec.replicas of the set "
                             "in a new generation, and the set MUST reach that number of pods.",
                         .source = kScale,
                         .checker = check::scale_moves_the_set},
                        {.id = "SCL-02c",
                         .title = "A write based on an outdated state is refused",
                         .sentence = "A PUT of the scale subresource with an outdated resourceVersion MUST "
                                     "be refused with 409 Conflict and MUST NOT change anything.",
                         .source = kConflict,
                         .checker = check::stale_scale_is_refused}}},
  };
}

}  // namespace stateproof
