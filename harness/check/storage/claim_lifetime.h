#pragma once

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// RET-04, on steps "replace-pod" and "hold-claims": a pod that is deleted takes no claim with it, whatever
/// the retention policy.
Verdict claims_outlive_lost_pods(const Timeline& timeline);
/// RET-03, on step "scale-down": under whenScaled Delete the claims of removed ordinals go, the others stay.
Verdict claims_go_with_scale_down(const Timeline& timeline);
/// RET-03b, on steps "begin-scale-down" and "hold-scaled-claim": the claim of a removed ordinal is not
/// deleted before its pod is gone.
Verdict scaled_claim_waits_for_its_pod(const Timeline& timeline);
/// RET-08, on step "hold-claims": under whenDeleted Delete each claim is owned by its set.
Verdict claims_belong_to_their_set(const Timeline& timeline);
/// RET-05, on step "delete-set": under whenDeleted Delete the claims go with their set.
Verdict claims_go_with_set(const Timeline& timeline);

/// RET-01, on step "delete-set": under the default policy claims and volumes outlive their set.
Verdict claims_outlive_set(const Timeline& timeline);
/// RET-06, on step "recreate": a set that is created again uses the claims and volumes that are there.
Verdict new_set_finds_claims(const Timeline& timeline);
/// RET-07, on step "read": and the rows that were written before.
Verdict new_set_finds_rows(const Timeline& timeline);
/// CLN-01, on step "write": claims carry the labels of their template, by which people delete them.
Verdict claims_are_labelled(const Timeline& timeline);
/// CLN-02, on step "delete-claims": claims that nobody uses go when they are deleted, and their volumes, of
/// reclaim policy Delete, with them.
Verdict deleted_claims_go(const Timeline& timeline);

/// RET-09, on steps "create", "scale-down" and "delete-set": a claim that another controller owns stays, and
/// stays that controller's.
Verdict foreign_claims_stay(const Timeline& timeline);
/// RET-10, on steps "retain" and "delete-set-again": under a policy that was changed to Retain no claim
/// belongs to its set, nor is deleted with it.
Verdict claims_obey_a_changed_policy(const Timeline& timeline);

/// STO-07, on step "hold-claim": a claim that is deleted while a pod uses it stays until the pod is gone.
Verdict claim_in_use_is_protected(const Timeline& timeline);
/// STO-10, on step "let-go": then it goes.
Verdict claim_goes_after_its_pod(const Timeline& timeline);
/// STO-09, on step "recover": the pod comes back with a new claim of the old name.
Verdict missing_claim_is_made(const Timeline& timeline);

/// STO-05: a claim that names no StorageClass gets the default one.
Verdict default_class_is_used(const Timeline& timeline);

/// ORD-06, on step "create": a failed pod is recreated.
Verdict failed_pod_is_remade(const Timeline& timeline);

}  // namespace stateproof::check
