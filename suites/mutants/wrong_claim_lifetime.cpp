#include "suites/mutants/wrong_claim_lifetime.h"

#include <functional>
#include <string>

#include "fixtures/sleeper/sleeper.h"
#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

void delete_claim_before(Timeline& timeline, const std::string& name, std::size_t index) {
  Claim claim = claim_before(timeline, name, index);
  claim.meta.deletion = Timestamp{};
  insert_object_before(timeline, index, Change::kModified, std::move(claim));
}

// The claim of that name is as it was at the begin of the step when the step's time runs out.
void keep_claim(Timeline& timeline, StepName step, const std::string& name) {
  const std::size_t begin = begin_of(timeline, step);
  erase_if(timeline, [&](const Observation& seen) {
    const Claim* claim = seen.object<Claim>();
    return claim != nullptr && claim->meta.ref.name == name && seen.index > begin;
  });
  let_time_out(timeline, step, 120s);
}

void use_another_class(Timeline& timeline) {
  change_objects<Claim>(timeline, [](Claim& claim, const Observation&) {
    claim.storage_class = "another";
    return true;
  });
}

void lose_claim_with_pod(Timeline& timeline) {
  delete_claim_before(timeline, claim_of(timeline, 1), end_of<steps::HoldClaims>(timeline));
}
void keep_scaled_claim(Timeline& timeline) {
  keep_claim(timeline, steps::ScaleDown::name, claim_of(timeline, 2));
}
void keep_claim_of_set(Timeline& timeline) {
  keep_claim(timeline, steps::DeleteSet::name, claim_of(timeline, 0));
}
void delete_claim_before_its_pod(Timeline& timeline) {
  delete_claim_before(timeline, claim_of(timeline, 2), end_of<steps::HoldScaledClaim>(timeline));
}
std::string second_claim_of(const Timeline& timeline, int offset) {
  return fixtures::Sleeper::kArchiveTemplate + ("-" + pod_of(timeline, offset));
}
void keep_second_claim(Timeline& timeline) {
  keep_claim(timeline, steps::ScaleDown::name, second_claim_of(timeline, 1));
}
void share_second_claim(Timeline& timeline) {
  const std::string first = second_claim_of(timeline, 0);
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation&) {
    const auto second = pod.volume_claims.find(fixtures::Sleeper::kArchiveTemplate);
    if (second == pod.volume_claims.end() || second->second == first) return false;
    second->second = first;
    return true;
  });
}
void forget_second_claim(Timeline& timeline) {
  change_objects<Pod>(timeline, [](Pod& pod, const Observation&) {
    return pod.volume_claims.erase(fixtures::Sleeper::kArchiveTemplate) > 0;
  });
}
void disown_claims(Timeline& timeline) {
  change_objects<Claim>(timeline, [](Claim& claim, const Observation&) {
    const bool owned = !claim.meta.owners.empty();
    claim.meta.owners.clear();
    return owned;
  });
}
void lose_foreign_claim(Timeline& timeline) {
  delete_claim_before(timeline, second_claim_of(timeline, 2), end_of<steps::ScaleDown>(timeline));
}
// From then on, and so before anything asks for it to be kept.
void take_foreign_claim(Timeline& timeline) {
  const std::string name = second_claim_of(timeline, 2);
  const std::size_t begin = begin_of<steps::Create>(timeline);
  change_objects<Claim>(timeline, [&](Claim& claim, const Observation& seen) {
    if (claim.meta.ref.name != name || seen.index < begin) return false;
    claim.meta.owners.clear();
    return true;
  });
}
// What the controller does about the claims after the change is not seen.
void keep_owning(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Retain>(timeline);
  erase_if(timeline,
           [&](const Observation& seen) { return seen.object<Claim>() != nullptr && seen.index > begin; });
  let_time_out(timeline, steps::Retain::name, 60s);
}
void lose_retained_claim(Timeline& timeline) {
  delete_claim_before(timeline, claim_of(timeline, 0), end_of<steps::DeleteSetAgain>(timeline));
}
void lose_claim_with_set(Timeline& timeline) {
  delete_claim_before(timeline, claim_of(timeline, 1), end_of<steps::DeleteSet>(timeline));
}

void lose_volume_with_set(Timeline& timeline) {
  const std::size_t end = end_of<steps::DeleteSet>(timeline);
  Volume volume = volume_before(timeline, claim_before(timeline, claim_of(timeline, 1), end).volume, end);
  volume.phase = "Released";
  insert_object_before(timeline, end, Change::kModified, std::move(volume));
}

void give_another_volume(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Recreate>(timeline);
  Claim claim = claim_before(timeline, claim_of(timeline, 0), begin);
  claim.meta.ref.uid = {"a-new-claim"};
  claim.volume = "a-new-volume";
  insert_object_before(timeline, end_of<steps::Recreate>(timeline), Change::kAdded, std::move(claim));
}

void lose_rows(Timeline& timeline) {
  const std::size_t begin = begin_of<steps::Read>(timeline);
  bool changed = false;
  for (Observation& seen : timeline.observations)
    if (auto* read = std::get_if<SqlOperation>(&seen.what); read != nullptr && seen.index > begin) {
      changed = changed || !read->rows.empty();
      read->rows.clear();
    }
  must(changed, "read that found rows");
}

void unlabel(Timeline& timeline) {
  change_objects<Claim>(timeline,
                        [](Claim& claim, const Observation&) { return claim.meta.labels.erase("app") > 0; });
}

void keep_unused_claim(Timeline& timeline) {
  keep_claim(timeline, steps::DeleteClaims::name, claim_of(timeline, 0));
}

void take_claim_in_use(Timeline& timeline) {
  const std::size_t end = end_of<steps::HoldClaim>(timeline);
  insert_object_before(timeline, end, Change::kDeleted, claim_before(timeline, claim_of(timeline, 1), end));
}

// The pod comes back, and waits for a claim that nobody makes.
void forget_the_new_claim(Timeline& timeline) {
  const std::string name = claim_of(timeline, 1);
  const Uid old = claim_before(timeline, name, begin_of<steps::LetGo>(timeline)).meta.ref.uid;
  erase_if(timeline, [&](const Observation& seen) {
    const Claim* claim = seen.object<Claim>();
    return claim != nullptr && claim->meta.ref.name == name && claim->meta.ref.uid != old;
  });
  Pod pod = pod_before(timeline, pod_of(timeline, 1), end_of<steps::Recover>(timeline));
  pod.phase = "Pending";
  pod.ready = false;
  insert_object_before(timeline, end_of<steps::LetGo>(timeline), Change::kModified, std::move(pod));
  let_time_out(timeline, steps::LetGo::name, 120s);
}

void keep_protected_claim(Timeline& timeline) {
  keep_claim(timeline, steps::LetGo::name, claim_of(timeline, 1));
}

void grant_the_template(Timeline& timeline) {
  change_end<steps::EditClaimTemplate>(timeline, [](steps::EditClaimTemplate& step) {
    step.code = 200;
    step.message.reset();
  });
}

void grant_without_permission(Timeline& timeline) {
  change_end<steps::Expand>(timeline, [](steps::Expand& step) {
    must(step.answers.has_value(), "answers");
    for (auto& [claim, answer] : *step.answers) answer = {.code = 200};
  });
}

// The class allows what is refused.
void refuse_the_allowed(Timeline& timeline) { timeline.header.environment["allowVolumeExpansion"] = true; }

void schedule_a_second_user(Timeline& timeline) {
  change_objects<Pod>(timeline, [](Pod& pod, const Observation&) {
    if (pod.meta.ref.name != "sole-second") return false;
    pod.node = "another-node";
    return true;
  });
}

void leave_failed(Timeline& timeline) {
  Uid failed;
  for (const Observation& seen : timeline)
    if (const Pod* pod = seen.object<Pod>(); pod != nullptr && pod->phase == "Failed" && failed.empty())
      failed = pod->meta.ref.uid;
  const std::string name = pod_of(timeline, 0);
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && pod->meta.ref.name == name &&
           (pod->meta.ref.uid != failed || pod->terminating());
  });
  let_time_out(timeline, steps::Create::name, 120s);
}

}  // namespace

std::vector<WrongHistory> wrong_claim_lifetimes() {
  return {
      {"another-class", "a claim gets a StorageClass other than the default", "default-storage-class",
       "STO-05", use_another_class},
      {"claim-lost-with-pod", "a claim is deleted because its pod was deleted", "lost-pods-keep-claims",
       "RET-04", lose_claim_with_pod},
      {"scaled-claim-stays", "a claim stays although a scale-down removed its ordinal", "scaled-claims-go",
       "RET-03", keep_scaled_claim},
      {"second-claim-stays", "of two claim templates one is ignored by a scale-down", "scaled-claims-go",
       "RET-03", keep_second_claim},
      {"second-claim-shared", "of two claim templates one gives all pods the same claim",
       "claims-of-each-template", "STO-01b", share_second_claim},
      {"second-claim-missing", "of two claim templates one gives no claim", "claims-of-each-template",
       "STO-01b", forget_second_claim},
      {"scaled-claim-goes-first", "a claim is deleted while its removed pod still exists", "scaled-claims-go",
       "RET-03b", delete_claim_before_its_pod},
      {"disowned-claims", "claims are not owned by their set", "deleted-claims-go", "RET-08", disown_claims},
      {"claim-of-set-stays", "a claim stays although its set was deleted", "deleted-claims-go", "RET-05",
       keep_claim_of_set},
      {"foreign-claim-lost", "a scale-down deletes a claim of another controller", "foreign-claims-stay",
       "RET-09", lose_foreign_claim},
      {"foreign-claim-taken", "a claim is taken from its controller when the set is created",
       "foreign-claims-stay", "RET-09", take_foreign_claim},
      {"owned-for-good", "claims still belong to their set although the policy was changed to Retain",
       "retention-changes", "RET-10", keep_owning},
      {"retained-claim-lost", "a claim is deleted with its set although the policy was changed to Retain",
       "retention-changes", "RET-10", lose_retained_claim},
      {"claim-lost-with-set", "a claim is deleted because its set was deleted", "claims-outlive-set",
       "RET-01", lose_claim_with_set},
      {"volume-lost-with-set", "a volume is released because the set was deleted", "claims-outlive-set",
       "RET-01", lose_volume_with_set},
      {"another-volume", "a recreated set gets a new claim and volume", "set-finds-claims", "RET-06",
       give_another_volume},
      {"rows-lost-with-set", "a recreated set finds no rows", "set-finds-data", "RET-07", lose_rows},
      {"unlabelled-claims", "claims have no labels", "claims-labelled", "CLN-01", unlabel},
      {"unused-claim-stays", "a deleted claim stays although no pod uses it", "unused-claims-go", "CLN-02",
       keep_unused_claim},
      {"claim-in-use-goes", "a claim is removed while its pod runs", "claim-protected", "STO-07",
       take_claim_in_use},
      {"protected-for-good", "a deleted claim stays when its pod is gone", "claim-let-go", "STO-10",
       keep_protected_claim},
      {"template-edited", "a claim template is changed", "claim-templates-fixed", "STO-08a",
       grant_the_template},
      {"allowed-growth-refused", "more storage is refused although the StorageClass allows it", "claims-grow",
       "STO-08b", refuse_the_allowed},
      {"growth-without-permission", "more storage is granted although the StorageClass does not allow it",
       "growth-needs-permission", "STO-08c", grant_without_permission},
      {"claim-never-made-anew", "a pod waits for a claim that is never created", "missing-claim-made",
       "STO-09", forget_the_new_claim},
      {"two-users", "a second pod is scheduled with a claim that only one pod may use", "claim-has-one-user",
       "DIS-08b", schedule_a_second_user},
      {"failed-for-good", "a failed pod is not recreated", "failed-pod-remade", "ORD-06", leave_failed},
  };
}

}  // namespace stateproof::mutants
