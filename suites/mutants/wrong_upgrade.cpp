#include "suites/mutants/wrong_upgrade.h"

#include "fixtures/quiet/quiet.h"
#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void lose_ledger_rows(Timeline& timeline) {
  bool changed = false;
  for (Observation& seen : timeline.observations)
    if (auto* rows = std::get_if<LedgerRows>(&seen.what))
      for (auto& [writer, present] : rows->present)
        if (!present.runs.empty()) {
          present.runs.pop_back();
          changed = true;
        }
  must(changed, "rows to lose");
}

// By a controller that began only when the upgrade was over.
void make_a_late_revision(Timeline& timeline) {
  ControllerRevision late;
  for (const Observation& seen : timeline)
    if (const auto* revision = seen.object<ControllerRevision>(); revision != nullptr && !seen.is_deletion())
      if (const OwnerReference* owner = revision->meta.controller();
          owner != nullptr && owner->name == fixtures::kQuietOrdered)
        late = *revision;
  must(!late.meta.ref.name.empty(), "revision of a quiet set");
  late.meta.ref.uid = {"a-late-revision"};
  late.meta.ref.name += "-late";
  ++late.revision;
  insert_object_before(timeline, end_of<steps::Settle>(timeline), Change::kAdded, std::move(late));
}

// Of two members that are drained one after the other, the first is still away.
void evict_while_another_is_away(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Upgrade>(timeline);
  std::string evicted;
  std::size_t at = 0;
  for (const Observation& seen : timeline) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || seen.index < begin || pod->disruption != "EvictionByEvictionAPI") continue;
    if (!ordinal_of(pod->meta.ref.name, timeline.subject().set)) continue;
    evicted = pod->meta.ref.name;
    at = seen.index;
    break;
  }
  must(at != 0, "no member was evicted");
  const std::string other = pod_of(timeline, 0) == evicted ? pod_of(timeline, 1) : pod_of(timeline, 0);
  Pod away = pod_before(timeline, other, at);
  away.ready = false;
  insert_object_before(timeline, at, Change::kModified, std::move(away));
}

// The second recording of a quiet pod's successor carries another revision.
void roll_a_quiet_set(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Upgrade>(timeline);
  const std::string pod = std::string{fixtures::kQuietParallel} + "-0";
  Pod successor = pod_before(timeline, pod, begin);
  successor.meta.ref.uid = Uid{"a-successor"};
  successor.meta.labels[kRevisionLabel] = "another-revision";
  insert_object_before(timeline, begin + 1, Change::kAdded, std::move(successor));
}

void forget_the_partition(Timeline& timeline) {
  const std::string pod = std::string{fixtures::kQuietPartition} + "-0";
  std::size_t begin = 0;
  for (const Observation& seen : timeline) {
    const Step* step = seen.as<Step>();
    if (step != nullptr && step->begins<steps::Exercise>() &&
        step->as<steps::Exercise>()->set == fixtures::kQuietPartition)
      begin = seen.index;
  }
  must(begin != 0, "the partition was not tried");
  change_objects<Pod>(timeline, [&](Pod& seen_pod, const Observation& seen) {
    if (seen.index < begin || seen_pod.meta.ref.name != pod) return false;
    seen_pod.meta.labels[kRevisionLabel] = "the-newer-revision";
    return true;
  });
}

void leave_a_node_cordoned(Timeline& timeline) {
  std::string first;
  const std::size_t begin = begin_of<steps::Upgrade>(timeline);
  change_objects<Node>(timeline, [&](Node& node, const Observation& seen) {
    if (seen.index < begin) return false;
    if (first.empty()) first = node.meta.ref.name;
    if (node.meta.ref.name != first) return false;
    node.unschedulable = true;
    return true;
  });
}

void never_scale_again(Timeline& timeline) { let_time_out(timeline, steps::Exercise::name, 120s); }
void leave_a_status_wrong(Timeline& timeline) { let_time_out(timeline, steps::Settle::name, 180s); }

}  // namespace

std::vector<WrongHistory> wrong_upgrades() {
  return {
      {"rows-lost-in-upgrade", "rows are missing after the upgrade", "upgrade-keeps-rows", "UPG-03",
       lose_ledger_rows},
      {"eviction-beyond-budget", "a member is evicted while another one is unavailable",
       "upgrade-one-at-a-time", "UPG-05", evict_while_another_is_away},
      {"late-revision", "a controller that starts late creates a new revision", "upgrade-leaves-sets",
       "UPG-02", make_a_late_revision},
      {"rolled-quiet-set", "a pod is replaced by one of another revision", "upgrade-leaves-pods", "UPG-01",
       roll_a_quiet_set},
      {"old-set-disobeys", "an existing set no longer replaces its pod", "upgraded-sets-obey", "UPG-06",
       never_scale_again},
      {"forgotten-partition", "a pod below the partition is recreated at the newer revision",
       "upgraded-sets-obey", "UPG-06", forget_the_partition},
      {"status-left-wrong", "a set's status stays wrong", "upgraded-status-right", "UPG-07",
       leave_a_status_wrong},
      {"node-left-cordoned", "a node accepts no pods after the upgrade", "upgrade-gives-nodes-back", "UPG-08",
       leave_a_node_cordoned},
  };
}

}  // namespace stateproof::mutants
