// Updates that wait because the set's own settings say so.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/remedies.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;

/// Pods of another revision than the newest template's, highest ordinal first, as an update would take them.
std::vector<Ordinal> outdated(const Workload& workload) {
  std::vector<Ordinal> old;
  const StatefulSet& set = workload.set();
  if (set.update_revision.empty() || set.observed_generation != set.meta.generation) return old;
  for (auto entry = workload.pods().rbegin(); entry != workload.pods().rend(); ++entry) {
    const std::string revision = entry->second.pod.revision();
    if (workload.wants(entry->first) && !revision.empty() && revision != set.update_revision)
      old.push_back(entry->first);
  }
  return old;
}

std::string names(const Workload& workload, const std::vector<Ordinal>& ordinals) {
  constexpr std::size_t kShown = 6;
  std::vector<std::string> all;
  for (const Ordinal ordinal : ordinals)
    if (all.size() < kShown) all.push_back(workload.pod_name(ordinal));
  if (ordinals.size() > kShown) all.push_back(fmt::format("{} more", ordinals.size() - kShown));
  return fmt::format("{}", fmt::join(all, ", "));
}

std::vector<Evidence> revisions(const Workload& workload, Ordinal ordinal) {
  const Pod& pod = workload.pods().at(ordinal).pod;
  return {{workload.described(), "status.updateRevision", workload.set().update_revision, workload.changed()},
          {pod.meta.ref.text(), "metadata.labels[controller-revision-hash]", pod.revision()}};
}

Finding by_hand(const Workload& workload, const std::vector<Ordinal>& old) {
  Finding note{
      "update-on-delete",
      fmt::format("The update strategy is OnDelete: {} ({}) keep{} the old revision until {} deleted.",
                  counted(old.size(), "pod"), names(workload, old), old.size() == 1 ? "s" : "",
                  old.size() == 1 ? "it is" : "they are"),
      revisions(workload, old.front()),
      {}};
  note.evidence.insert(note.evidence.begin(), {workload.described(), "spec.updateStrategy.type", "OnDelete"});
  std::string text = "delete the pods one by one, each when the one before is Ready again";
  for (const Ordinal ordinal : old) {
    if (note.remedy.size() >= 10) break;
    note.remedy.push_back(
        {std::exchange(text, {}), workload.kubectl({"delete", "pod", workload.pod_name(ordinal)})});
  }
  note.remedy.push_back({"or let the controller do it (RollingUpdate)",
                         workload.kubectl({"patch", "statefulset", workload.name(), "--type=merge", "-p",
                                           R"({"spec":{"updateStrategy":{"type":"RollingUpdate"}}})"}),
                         2});
  note.note = true;
  return note;
}

Finding by_partition(const Workload& workload, const std::vector<Ordinal>& old) {
  const StatefulSet& set = workload.set();
  const std::int64_t end = static_cast<std::int64_t>(set.first.value) + set.replicas.value;
  const bool reaches_none = set.partition >= end;
  const bool beyond = set.partition > end;
  Finding finding{reaches_none ? "update-held-by-partition" : "update-canary",
                  reaches_none ? fmt::format("The new template reaches no pod: the update's partition is {}, "
                                             "and the highest ordinal {}; {} keep the old revision.",
                                             set.partition, end - 1, names(workload, old))
                               : fmt::format("A canary: the update's partition {} leaves {} ({}) at the old "
                                             "revision; pods from ordinal {} on have the new one.",
                                             set.partition, counted(old.size(), "pod"), names(workload, old),
                                             set.partition),
                  revisions(workload, old.front()),
                  {{reaches_none ? "let it go on, here to all pods"
                                 : "when the canary is well, let the update go on to all pods",
                    workload.kubectl({"patch", "statefulset", workload.name(), "--type=merge", "-p",
                                      R"({"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}})"})}}};
  finding.evidence.insert(finding.evidence.begin(),
                          {workload.described(), "spec.updateStrategy.rollingUpdate.partition",
                           fmt::format("{}", set.partition)});
  finding.note = !beyond;
  return finding;
}

}  // namespace

std::vector<Finding> held_updates(const Workload& workload) {
  std::vector<Finding> findings;
  std::vector<Ordinal> old = outdated(workload);
  const StatefulSet& set = workload.set();
  if (set.update_strategy == "OnDelete") {
    if (!old.empty()) findings.push_back(by_hand(workload, old));
  } else if (set.partition > 0) {
    std::erase_if(old, [&](Ordinal ordinal) { return ordinal.value >= set.partition; });
    if (!old.empty()) findings.push_back(by_partition(workload, old));
  }
  for (Finding& finding : findings) finding.stage = stage::kUpdate;
  return findings;
}

}  // namespace stateproof::diagnosis
