#include "suites/workload/promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "harness/check/disruption/eviction.h"
#include "harness/check/disruption/records.h"
#include "harness/check/identity/host_names.h"
#include "harness/check/identity/identity.h"
#include "harness/check/identity/pods_are_owned.h"
#include "harness/check/naming/name_resolution.h"
#include "harness/check/ordering/adoption.h"
#include "harness/check/ordering/creation_order.h"
#include "harness/check/ordering/parallel_management.h"
#include "harness/check/ordering/termination_order.h"
#include "harness/check/rollout/rollout.h"
#include "harness/check/storage/claim_binding.h"
#include "harness/check/storage/claim_lifetime.h"
#include "harness/check/storage/claim_retention.h"
#include "harness/check/storage/claim_templates.h"
#include "harness/check/storage/mounted_volume.h"
#include "harness/check/storage/row_survival.h"
#include "harness/model/ability.h"
#include "harness/model/steps.h"
#include "suites/sources/sources.h"

namespace stateproof {
namespace {

constexpr std::string_view kScenario = "workload";
constexpr std::string_view kStateful =
    "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/";

/// The recording as if the clean-up began with the first of these steps: what comes then ends what a checker
/// may claim that knows none of them, but what watches lose or tell late is not cut off.
template <StepType... S>
Timeline before(const Timeline& timeline) {
  Timeline judged{timeline.header, {}, timeline.finish};
  judged.observations.reserve(timeline.size() + 1);
  bool over = false;
  for (const Observation& seen : timeline) {
    const Step* step = seen.as<Step>();
    if (!over && step != nullptr && step->begins() && is_one_of<S...>(*step)) {
      judged.observations.push_back({seen.index, seen.at, Step{steps::Cleanup{}, Step::Phase::kBegin, {}}});
      over = true;
    }
    judged.observations.push_back({judged.size() + 1, seen.at, seen.what});
  }
  return judged;
}

template <Checker checker>
Verdict while_it_stood(const Timeline& timeline) {
  return checker(before<steps::DeleteSet>(timeline));
}

template <Checker checker>
Verdict before_its_update(const Timeline& timeline) {
  return checker(before<steps::Rollout, steps::HoldOnDelete, steps::DeleteSet>(timeline));
}

/// The checker, where the workload has what is needed.
template <const std::string_view& ability, Checker checker>
Verdict with(const Timeline& timeline) {
  const auto left_out = left_out_in(timeline);
  if (const auto why = left_out.find(std::string{ability}); why != left_out.end())
    return not_applicable(why->second);
  return checker(timeline);
}

using namespace ability;

/// Requirements of other promises, with what judges them here.
class Known {
 public:
  explicit Known(std::span<const Promise> written) : written_(written) {}

  [[nodiscard]] Requirement operator()(std::string_view id, Checker checker) const {
    for (const Promise& promise : written_)
      for (const Requirement& requirement : promise.requirements)
        if (requirement.id == id) {
          Requirement known = requirement;
          known.checker = checker;
          return known;
        }
    throw std::logic_error(fmt::format("there is no requirement {}", id));
  }

 private:
  std::span<const Promise> written_;
};

Promise workload_promise(std::string_view id, std::string_view title, std::string_view group,
                         std::vector<Requirement> requirements) {
  return {.id = id,
          .title = title,
          .group = group,
          .scenario = kScenario,
          .profile = Profile::kWorkload,
          .requirements = std::move(requirements)};
}

Promise records() {
  return workload_promise(
      "workload-records", "Acknowledged records are there after each disruption", "durability",
      {{.id = "REC-01",
        .title = "Every acknowledged record is read back",
        .sentence = "A record whose write was acknowledged MUST be read back after pods were deleted, "
                    "evicted, killed, "
                    "scaled and rolled, from each member that is to have it.",
        .source = kStableStorage,
        .checker = with<kRecords, with<kSurvival, check::acknowledged_records_are_read>>},
       {.id = "REC-02",
        .title = "Nothing is read that was not written",
        .sentence = "A member MUST NOT have a record that nobody wrote to it, nor one that was changed.",
        .source = kStableStorage,
        .checker = with<kRecords, check::only_written_records_are_read>},
       {.id = "REC-03",
        .title = "No record is read twice",
        .sentence = "A record MUST NOT be read more than once, unless the workload says that it may be.",
        .source = kStableStorage,
        .checker = with<kRecords, with<kOnce, check::records_are_read_once>>}});
}

Promise service() {
  return workload_promise(
      "workload-serves", "Writes are acknowledged again after each disruption", "availability",
      {{.id = "REC-04",
        .title = "After each disruption a write is acknowledged in time",
        .sentence = "After a disruption of its pods the set MUST recover by itself: its pods Ready, and "
                    "writes acknowledged within the time that the workload gives itself.",
        .source = kStateful,
        .checker = with<kRecords, check::writes_go_on>}});
}

}  // namespace

std::map<std::string, std::string> left_out_in(const Timeline& timeline) {
  std::map<std::string, std::string> left_out;
  for (const Observation& seen : timeline)
    if (const Step* step = seen.as<Step>())
      if (const auto scope = step->as<steps::Scope>())
        left_out.insert(scope->left_out.begin(), scope->left_out.end());
  return left_out;
}

std::vector<Promise> workload_promises(std::span<const Promise> written) {
  const Known known(written);
  return {
      workload_promise(
          "workload-pods", "The set has exactly the wanted pods, in order", "ordering",
          {known("ORD-01", with<kOrder, while_it_stood<check::predecessors_were_ready>>),
           known("ORD-03", with<kOrder, while_it_stood<check::terminated_in_reverse>>),
           known("ID-01", before_its_update<check::only_wanted_pods>),
           known("ID-05", check::one_pod_per_name), known("ID-05b", check::gone_pods_have_ended)}),
      workload_promise(
          "workload-identity", "Each pod keeps its identity", "identity",
          {known("ID-08", while_it_stood<check::pods_are_owned>), known("ID-03", check::pods_are_labelled),
           known("ID-06", check::ordinals_begin_at_start),
           known("ID-02a", with<kHostNames, check::host_name_is_pod_name>),
           known("ID-02b", with<kNames, with<kHostNames, check::full_host_name_is_in_the_service>>)}),
      workload_promise("workload-names", "Each pod's DNS name always resolves to its own pod", "network",
                       {known("DNS-02", with<kNames, while_it_stood<check::names_resolve_to_their_pods>>),
                        known("DNS-04", with<kNames, while_it_stood<check::names_follow_replacements>>)}),
      workload_promise(
          "workload-claims", "Each pod has its own claims and volumes, and keeps them when it is replaced",
          "storage",
          {known("STO-01",
                 with<kClaims, while_it_stood<check::of_each_claim_template<check::one_claim_per_pod>>>),
           known("STO-02",
                 with<kClaims,
                      while_it_stood<check::of_each_claim_template<check::claim_and_volume_are_one_to_one>>>),
           known("STO-03",
                 with<kClaims,
                      while_it_stood<check::of_each_claim_template<check::same_storage_after_replacement>>>),
           known("STO-06",
                 with<kMounts, while_it_stood<check::of_each_claim_template<check::own_volume_is_mounted>>>),
           known("ID-04",
                 with<kClaims,
                      while_it_stood<check::of_each_claim_template<check::replacement_keeps_identity>>>)}),
      workload_promise(
          "workload-files", "Files in the claims survive the replacement of the pod", "storage",
          {known("STO-04", with<kFiles, check::rows_survive_replacement>),
           known("SCL-01",
                 with<kFiles, with<kClaimsStay, while_it_stood<check::scale_up_finds_old_storage>>>)}),
      workload_promise(
          "workload-retention", "Claims are kept and deleted as the retention policy says", "retention",
          {known("RET-02",
                 with<kClaimsStay,
                      while_it_stood<check::of_each_claim_template<check::claims_outlive_scale_down>>>),
           known("RET-03", with<kScaledGo, check::of_each_claim_template<check::claims_go_with_scale_down>>),
           known("RET-01", with<kDeletedStay, check::of_each_claim_template<check::claims_outlive_set>>),
           known("RET-06", with<kDeletedStay, check::of_each_claim_template<check::new_set_finds_claims>>),
           known("RET-05", with<kDeletedGo, check::of_each_claim_template<check::claims_go_with_set>>),
           known("CLN-03", check::pods_go_with_their_set)}),
      workload_promise("workload-update", "A new template reaches the pods in order", "rollout",
                       {known("UPD-01", with<kOneByOne, check::updated_from_the_top>),
                        known("UPD-10", with<kRoll, check::rollout_completes>),
                        known("UPD-08a", with<kOnDelete, check::on_delete_moves_nothing>),
                        known("UPD-08b", with<kOnDelete, check::on_delete_picks_up>)}),
      workload_promise("workload-eviction", "An evicted pod is recreated under its name", "disruption",
                       {known("DIS-01c", with<kEviction, check::evicted_pods_come_back>)}),
      records(),
      service()};
}

}  // namespace stateproof
