#include "suites/pods_are_owned/promises.h"

#include "harness/check/identity/pods_are_owned.h"

namespace stateproof {
namespace {

constexpr std::string_view kOwners =
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/"
    "#owner-references-in-object-specifications";

}  // namespace

std::vector<Promise> pods_are_owned_promises() {
  return {
      {.id = "pods-are-owned",
       .title = "Each pod belongs to its set from the beginning",
       .group = "identity",
       .scenario = "lifecycle",
       .requirements = {{.id = "ID-08",
                         .title = "The set is the controller of each of its pods",
                         .sentence = "Every pod of a set MUST name the set, by its UID, as its controller in "
                                     "its owner references, from its creation on.",
                         .source = kOwners,
                         .checker = check::pods_are_owned}}}};
}

}  // namespace stateproof
