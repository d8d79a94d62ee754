#include "harness/check/rollout/revisions.h"

#include <fmt/format.h>

namespace stateproof::check {

std::string revision_of(const Pod& pod) { return pod.revision(); }

std::string look_at_revisions(const Subject& subject) {
  return fmt::format(
      "kubectl -n {} get pods -L {}; spec.updateStrategy and status of the set: kubectl -n {} get "
      "statefulset {} "
      "-o yaml",
      subject.ns, kRevisionLabel, subject.ns, subject.set);
}

const StatefulSet* set_at(JudgedStep& under, const Snapshot& moment) {
  const StatefulSet* set = moment.set(under.subject.set);
  if (set == nullptr) under.judgement.doubt("the set was not there");
  return set;
}

std::map<Ordinal, const Pod*> pods_of(const Snapshot& moment, const Subject& subject) {
  std::map<Ordinal, const Pod*> pods;
  for (const auto& [name, pod] : moment.pods)
    if (const auto ordinal = subject_ordinal(*pod, subject)) pods[*ordinal] = pod;
  return pods;
}

void demand_revision(JudgedStep& under, const std::string& wanted, std::string_view why) {
  const std::string name = under.pod_name(under.ordinal());
  const Pod* before = under.before.pod(name);
  const Pod* after = under.after.pod(name);
  if (before == nullptr || after == nullptr || before->meta.ref.uid == after->meta.ref.uid)
    return under.judgement.doubt(fmt::format("{} was not replaced", name));
  if (revision_of(*after) == wanted) return;
  under.find(after->meta.ref, fmt::format("{} is recreated at revision {}, {}", name, wanted, why),
             fmt::format("it has {}", revision_of(*after)), *under.step.end,
             look_at_revisions(under.subject));
}

bool stopped_by_controller(const Incarnation& pod, const Observation& first, const Observation& last) {
  return pod.ending != nullptr && pod.ending->index >= first.index && pod.ending->index <= last.index &&
         !pod.ended_on_purpose() && !pod.excused;
}

}  // namespace stateproof::check
