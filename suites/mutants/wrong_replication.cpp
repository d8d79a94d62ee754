#include "suites/mutants/wrong_replication.h"

#include <functional>
#include <string>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

/// Index of the entry that begins (or ends) the step of that type for which `wanted` holds.
template <StepType S, class Wanted>
std::size_t step_where(const Timeline& timeline, bool begin, Wanted wanted) {
  for (const Observation& seen : timeline) {
    const Step* told = seen.as<Step>();
    const auto step = told == nullptr ? std::nullopt : told->as<S>();
    if (step && told->begins() == begin && wanted(*step)) return seen.index;
  }
  must(false, "no such step");
  return 0;
}

/// What was read of the members after that disruption; the last reading when it is empty.
void change_rows(Timeline& timeline, std::string_view after, const std::function<bool(LedgerRows&)>& change) {
  bool changed = false;
  const auto reading = [&](bool begins) {
    return step_where<steps::Verify>(timeline, begins,
                                     [&](const steps::Verify& step) { return step.after == after; });
  };
  const std::size_t begin = after.empty() ? 0 : reading(true);
  const std::size_t end = after.empty() ? timeline.size() : reading(false);
  for (Observation& seen : timeline.observations)
    if (auto* rows = std::get_if<LedgerRows>(&seen.what);
        rows != nullptr && seen.index > begin && seen.index < end && change(*rows))
      changed = true;
  must(changed, "rows to change");
}

std::size_t disturbed_by(const Timeline& timeline, std::string_view disruption, bool begin) {
  return step_where<steps::Disturb>(
      timeline, begin, [&](const steps::Disturb& step) { return step.disruption == disruption; });
}

bool forget_newest(LedgerRows& rows) {
  for (auto& [writer, present] : rows.present)
    if (!present.runs.empty()) {
      present.runs.pop_back();
      return true;
    }
  return false;
}

void lose_rows_in_the_outage(Timeline& timeline) { change_rows(timeline, "delete-all", forget_newest); }

void lose_rows_with_a_node(Timeline& timeline) { change_rows(timeline, {}, forget_newest); }

void drift_apart(Timeline& timeline) {
  change_rows(timeline, steps::ScaleDown::name.text, [&](LedgerRows& rows) {
    if (rows.member != pod_of(timeline, 1)) return false;
    rows.checksum += "1";
    return true;
  });
}

void start_empty(Timeline& timeline) {
  change_rows(timeline, steps::ScaleUp::name.text, [&](LedgerRows& rows) {
    if (rows.member != pod_of(timeline, 3)) return false;
    rows.present.clear();
    return true;
  });
}

void never_serve_again(Timeline& timeline) { let_time_out(timeline, steps::Recover::name, 240s); }

void come_back_on_another_claim(Timeline& timeline) {
  const std::size_t begin = disturbed_by(timeline, "drain", true);
  const auto ordinal = timeline.at_index(begin).as<Step>()->as<steps::Disturb>()->ordinal.value;
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation& seen) {
    if (seen.index < begin || pod.meta.ref.name != pod_of(timeline, ordinal)) return false;
    for (auto& [volume, claim] : pod.volume_claims) claim = "stranger";
    return true;
  });
}

void make_a_second_copy(Timeline& timeline) {
  const std::size_t stopped = disturbed_by(timeline, "stop-node", false);
  const auto ordinal = timeline.at_index(stopped).as<Step>()->as<steps::Disturb>()->ordinal.value;
  Pod copy = pod_before(timeline, pod_of(timeline, ordinal), stopped);
  copy.meta.ref.uid = Uid{"a-second-copy"};
  copy.meta.deletion.reset();
  insert_object_before(timeline, stopped + 1, Change::kAdded, std::move(copy));
}

}  // namespace

std::vector<WrongHistory> wrong_replications() {
  return {
      {"rows-lost-in-outage", "rows are missing after all pods were lost", "rows-outlive-outage", "DIS-04",
       lose_rows_in_the_outage},
      {"drifting-replica", "a replica's table has another checksum", "replicas-follow", "RPL-03",
       drift_apart},
      {"empty-new-replica", "a new replica has no rows", "new-replicas", "SCL-03", start_empty},
      {"no-service-again", "writes fail after a disruption", "service-recovers", "AVL-01", never_serve_again},
      {"rows-lost-with-node", "rows are missing after a node was lost", "rows-outlive-nodes", "RPL-01n",
       lose_rows_with_a_node},
      {"no-service-after-node", "writes fail after a node was lost", "service-outlives-nodes", "AVL-01n",
       never_serve_again},
      {"drained-to-another-claim", "a drained pod is recreated with another claim", "drained-pods-return",
       "DIS-02", come_back_on_another_claim},
      {"second-copy", "a pod on a stopped node is duplicated", "no-second-copy", "DIS-06",
       make_a_second_copy},
      {"second-copy-by-name", "a second pod with the name of a pod on a stopped node is created",
       "no-second-copy", "ID-05n", make_a_second_copy},
  };
}

}  // namespace stateproof::mutants
