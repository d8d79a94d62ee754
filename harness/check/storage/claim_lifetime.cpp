#include "harness/check/storage/claim_lifetime.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "harness/check/disruption/row_ledger.h"
#include "harness/check/evidence/step_duty.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

std::string look_at_claims(const Subject& subject) {
  return fmt::format(
      "spec.persistentVolumeClaimRetentionPolicy: kubectl -n {} get statefulset {} -o yaml; ownerReferences "
      "and "
      "finalizers of the claims: kubectl -n {} get pvc -o yaml",
      subject.ns, subject.set, subject.ns);
}

/// The claims of the subject's pods, by ordinal.
std::map<Ordinal, const Claim*> claims_of(const Snapshot& moment, const Subject& subject) {
  std::map<Ordinal, const Claim*> claims;
  for (const auto& [name, claim] : moment.claims)
    if (name.starts_with(subject.claim_template + "-"))
      if (const auto ordinal = ordinal_of(name.substr(subject.claim_template.size() + 1), subject.set))
        claims[*ordinal] = claim;
  return claims;
}

/// The owner to whom the retention policy of a set has to leave a claim; null when there is none.
const OwnerReference* foreign_controller(const Claim& claim) {
  for (const OwnerReference& owner : claim.meta.owners)
    if (owner.controller && owner.kind != "StatefulSet" && owner.kind != "Pod") return &owner;
  return nullptr;
}

/// Each claim of before for which `concerned` holds is there after the step as it was.
template <class Concerned>
void demand_stay(JudgedStep& under, std::string_view why, Concerned concerned) {
  const auto before = claims_of(under.before, under.subject);
  std::size_t judged = 0;
  for (const auto& [ordinal, claim] : before) {
    if (!concerned(ordinal) || claim->meta.deletion) continue;
    ++judged;
    const std::string expected =
        fmt::format("claim {} with UID {} stays: {}", claim->meta.ref.name, claim->meta.ref.uid.value, why);
    for (const Observation& seen : under.during) {
      const Claim* now = seen.object<Claim>();
      if (now == nullptr || now->meta.ref.uid != claim->meta.ref.uid) continue;
      if (!seen.is_deletion() && !now->meta.deletion && now->phase != "Lost") continue;
      under.find(claim->meta.ref, expected,
                 fmt::format("it was {} at {}",
                             seen.is_deletion()   ? "gone"
                             : now->meta.deletion ? "being deleted"
                                                  : "Lost",
                             moment(seen)),
                 seen, look_at_claims(under.subject));
      break;
    }
  }
  if (judged == 0) under.judgement.doubt("there was no claim to judge");
}

/// The volume of each claim of before stays bound to it.
void demand_volumes_stay(JudgedStep& under) {
  for (const auto& [ordinal, claim] : claims_of(under.before, under.subject)) {
    const auto before = under.before.volumes.find(claim->volume);
    if (before == under.before.volumes.end()) {
      under.judgement.doubt(
          fmt::format("volume \"{}\" of claim {} was not recorded", claim->volume, claim->meta.ref.name));
      continue;
    }
    for (const Observation& seen : under.during) {
      const Volume* now = seen.object<Volume>();
      if (now == nullptr || now->meta.ref.uid != before->second->meta.ref.uid) continue;
      const bool stays = !seen.is_deletion() && !now->meta.deletion && now->phase == "Bound" &&
                         now->claim.uid == claim->meta.ref.uid;
      if (stays) continue;
      under.find(now->meta.ref,
                 fmt::format("volume {} stays bound to claim {}", claim->volume, claim->meta.ref.name),
                 seen.is_deletion() || now->meta.deletion
                     ? fmt::format("it was deleted at {}", moment(seen))
                     : fmt::format("it was {} at {}", now->phase, moment(seen)),
                 seen, fmt::format("kubectl get pv {} -o yaml", claim->volume));
      break;
    }
  }
}

/// Each claim of before for which `concerned` holds is gone after the step.
template <class Concerned>
void demand_gone(JudgedStep& under, std::string_view why, Concerned concerned) {
  std::size_t judged = 0;
  for (const auto& [ordinal, claim] : claims_of(under.before, under.subject)) {
    if (!concerned(ordinal) || foreign_controller(*claim) != nullptr) continue;
    ++judged;
    const Claim* now = under.after.claim(claim->meta.ref.name);
    if (now == nullptr || now->meta.ref.uid != claim->meta.ref.uid) continue;
    const Pod* user = under.after.pod(under.pod_name(ordinal));
    if (user != nullptr) {
      under.judgement.doubt(fmt::format("{} still existed", user->meta.ref.name));
      continue;
    }
    if (!under.step.reached() && !under.overdue(kNoHindrance)) continue;
    under.find(claim->meta.ref, fmt::format("claim {} is deleted: {}", claim->meta.ref.name, why),
               fmt::format("it existed at {}{}", moment(*under.step.end),
                           now->meta.deletion ? ", although it was being deleted" : ""),
               *under.step.end, look_at_claims(under.subject));
  }
  if (judged == 0) under.judgement.doubt("there was no claim to judge");
}

bool any(Ordinal) { return true; }

/// Whether a claim template of the set, as served, names a StorageClass; nullopt when the set was not seen.
std::optional<bool> template_names_a_class(const JudgedStep& under) {
  for (const Observation& seen : under.during) {
    const auto* set = seen.object<StatefulSet>();
    if (set == nullptr || set->meta.ref.name != under.subject.set) continue;
    const nlohmann::json& served = *seen.as<ObjectSeen>()->served;
    const auto templates = served.value("/spec/volumeClaimTemplates"_json_pointer, nlohmann::json::array());
    return std::any_of(templates.begin(), templates.end(), [](const nlohmann::json& one) {
      return one.contains("/spec/storageClassName"_json_pointer);
    });
  }
  return std::nullopt;
}

}  // namespace

Verdict claims_outlive_lost_pods(const Timeline& timeline) {
  const auto stay = [](JudgedStep& under) { demand_stay(under, "only its pod was deleted", any); };
  constexpr const char* judged = "no claim was deleted because its pod was";
  return worse(judge_step<steps::ReplacePod>(timeline, {"persistentvolumeclaims"}, judged, stay),
               judge_step<steps::HoldClaims>(timeline, {"persistentvolumeclaims"}, judged, stay));
}

Verdict claims_go_with_scale_down(const Timeline& timeline) {
  return judge_step<steps::ScaleDown>(
      timeline, {"persistentvolumeclaims"}, "the claims of removed ordinals were deleted, the others stayed",
      [](JudgedStep& under) {
        const int keep = under.subject.first.value + under.asked<steps::ScaleDown>().to;
        demand_stay(under, "its ordinal is still wanted",
                    [&](Ordinal ordinal) { return ordinal.value < keep; });
        demand_gone(under, "its ordinal was removed by a scale-down under whenScaled Delete",
                    [&](Ordinal ordinal) { return ordinal.value >= keep; });
      });
}

Verdict scaled_claim_waits_for_its_pod(const Timeline& timeline) {
  const auto wait = [](JudgedStep& under) {
    const std::string name = under.subject.claim_name(under.ordinal());
    const Claim* before = under.before.claim(name);
    const Pod* pod = under.after.pod(under.pod_name(under.ordinal()));
    if (before == nullptr) return under.judgement.doubt(fmt::format("claim {} was not there", name));
    if (pod == nullptr)
      return under.judgement.doubt(fmt::format("{} did not stay", under.pod_name(under.ordinal())));
    // Two watches have no order. The pod could not end before the scenario let it, and that was the next
    // step.
    const RecordedStep* let_end = under.course.find<steps::ScaleDown>();
    if (let_end == nullptr || let_end->outcome == Step::Phase::kFailed)
      return under.judgement.doubt(
          fmt::format("nothing shows that {} was still running until it was released", pod->meta.ref.name));
    for (const Observation& seen : under.during) {
      const Claim* claim = seen.object<Claim>();
      if (claim == nullptr || claim->meta.ref.uid != before->meta.ref.uid) continue;
      if (!claim->meta.deletion && !seen.is_deletion()) continue;
      return under.find(before->meta.ref,
                        fmt::format("claim {} is deleted after {} is gone", name, pod->meta.ref.name),
                        fmt::format("it was {} at {}, when the pod still existed",
                                    seen.is_deletion() ? "gone" : "being deleted", moment(seen)),
                        seen, look_at_claims(under.subject));
    }
  };
  constexpr const char* judged = "the claim stayed until its pod was gone";
  return worse(
      judge_step<steps::BeginScaleDown>(timeline, {"persistentvolumeclaims", "pods"}, judged, wait),
      judge_step<steps::HoldScaledClaim>(timeline, {"persistentvolumeclaims", "pods"}, judged, wait));
}

Verdict claims_belong_to_their_set(const Timeline& timeline) {
  return judge_step<steps::HoldClaims>(
      timeline, {"persistentvolumeclaims", "statefulsets"}, "each claim was owned by its set",
      [](JudgedStep& under) {
        const StatefulSet* set = under.after.set(under.subject.set);
        if (set == nullptr) return under.judgement.doubt("the set was not there");
        const auto claims = claims_of(under.after, under.subject);
        if (claims.empty()) return under.judgement.doubt("there was no claim to judge");
        for (const auto& [ordinal, claim] : claims) {
          if (claim->meta.is_owned_by(set->meta) || foreign_controller(*claim) != nullptr) continue;
          under.find(claim->meta.ref,
                     fmt::format("the owner references of claim {} name the set with UID {}",
                                 claim->meta.ref.name, set->meta.ref.uid.value),
                     fmt::format("none of its {} owners at {} is that set", claim->meta.owners.size(),
                                 moment(*under.step.end)),
                     *under.step.end, look_at_claims(under.subject));
        }
      });
}

Verdict claims_go_with_set(const Timeline& timeline) {
  return judge_step<steps::DeleteSet>(
      timeline, {"persistentvolumeclaims"}, "the claims were deleted with their set",
      [](JudgedStep& under) { demand_gone(under, "its set was deleted under whenDeleted Delete", any); });
}

Verdict claims_outlive_set(const Timeline& timeline) {
  // What is collected late goes while the set is away or when it comes back.
  const auto stay = [](JudgedStep& under) {
    demand_stay(under, "only its set was deleted", any);
    demand_volumes_stay(under);
  };
  constexpr const char* judged = "all claims and their volumes outlived their set";
  return worse(
      judge_step<steps::DeleteSet>(timeline, {"persistentvolumeclaims", "persistentvolumes"}, judged, stay),
      judge_step<steps::Recreate>(timeline, {"persistentvolumeclaims", "persistentvolumes"}, judged, stay));
}

Verdict foreign_claims_stay(const Timeline& timeline) {
  const auto stay = [](JudgedStep& under) {
    std::size_t judged = 0;
    for (const auto& [name, claim] : under.before.claims) {
      const OwnerReference* owner = foreign_controller(*claim);
      if (owner == nullptr || claim->meta.deletion) continue;
      ++judged;
      for (const Observation& seen : under.during) {
        const Claim* now = seen.object<Claim>();
        if (now == nullptr || now->meta.ref.uid != claim->meta.ref.uid) continue;
        const bool goes = seen.is_deletion() || now->meta.deletion;
        const OwnerReference* still = foreign_controller(*now);
        if (!goes && still != nullptr && still->uid == owner->uid) continue;
        under.find(
            claim->meta.ref,
            fmt::format("claim {} is left to {} {}, which controls it", name, owner->kind, owner->name),
            fmt::format("it was {} at {}",
                        seen.is_deletion() ? "gone"
                        : goes             ? "being deleted"
                                           : "taken over",
                        moment(seen)),
            seen, look_at_claims(under.subject));
        break;
      }
    }
    if (judged == 0) under.judgement.doubt("no claim belonged to another controller");
  };
  constexpr const char* judged = "the claim of another controller was left untouched";
  return worse(judge_step<steps::Create>(timeline, {"persistentvolumeclaims"}, judged, stay),
               worse(judge_step<steps::ScaleDown>(timeline, {"persistentvolumeclaims"}, judged, stay),
                     judge_step<steps::DeleteSet>(timeline, {"persistentvolumeclaims"}, judged, stay)));
}

Verdict claims_obey_a_changed_policy(const Timeline& timeline) {
  const auto be_disowned = [](JudgedStep& under) {
    std::size_t judged = 0;
    for (const auto& [ordinal, claim] : claims_of(under.before, under.subject)) {
      if (!claim->meta.is_owned_by_set(under.subject.set)) continue;
      ++judged;
      const Claim* now = under.after.claim(claim->meta.ref.name);
      if (now == nullptr || !now->meta.is_owned_by_set(under.subject.set) || !under.overdue(kRefusalsOnly))
        continue;
      under.find(
          claim->meta.ref,
          fmt::format("claim {} does not belong to the set when its policy is Retain", now->meta.ref.name),
          fmt::format("it did at {}, so it is deleted with the set", moment(*under.step.end)),
          *under.step.end, look_at_claims(under.subject));
    }
    if (judged == 0) under.judgement.doubt("no claim had belonged to the set");
  };
  const auto stay = [](JudgedStep& under) {
    demand_stay(under, "the policy of its set had been changed to Retain", any);
  };
  constexpr const char* judged = "the claims were released, and outlived their set";
  return worse(judge_step<steps::Retain>(timeline, {"persistentvolumeclaims"}, judged, be_disowned),
               judge_step<steps::DeleteSetAgain>(timeline, {"persistentvolumeclaims"}, judged, stay));
}

Verdict new_set_finds_claims(const Timeline& timeline) {
  return judge_step<steps::Recreate>(
      timeline, {"persistentvolumeclaims", "pods"}, "the new set's pods used the same claims as before",
      [](JudgedStep& under) {
        const auto before = claims_of(under.before, under.subject);
        const auto after = claims_of(under.after, under.subject);
        for (int i = 0; i < under.subject.replicas.value; ++i) {
          const Ordinal ordinal{under.subject.first.value + i};
          const std::string wanted = under.subject.claim_name(ordinal);
          const Pod* pod = under.after.pod(under.pod_name(ordinal));
          if (!before.contains(ordinal)) {
            under.judgement.doubt(fmt::format("claim {} was not there before", wanted));
            continue;
          }
          if (pod == nullptr) {
            under.judgement.doubt(fmt::format("{} was not created again", under.pod_name(ordinal)));
            continue;
          }
          if (pod->claim_at(under.subject.mount_path) != wanted)
            under.find(pod->meta.ref, fmt::format("it mounts claim {}", wanted),
                       fmt::format("it mounts \"{}\"", pod->claim_at(under.subject.mount_path)),
                       *under.step.end, look_at_claims(under.subject));
          const Claim& old = *before.at(ordinal);
          const auto now = after.find(ordinal);
          const bool same = now != after.end() && now->second->meta.ref.uid == old.meta.ref.uid &&
                            now->second->volume == old.volume;
          if (!same)
            under.find(old.meta.ref,
                       fmt::format("claim {} has UID {} and volume {} as before", wanted,
                                   old.meta.ref.uid.value, old.volume),
                       now == after.end() ? "it is gone"
                                          : fmt::format("it has UID {} and volume {}",
                                                        now->second->meta.ref.uid.value, now->second->volume),
                       *under.step.end, look_at_claims(under.subject));
        }
      });
}

Verdict new_set_finds_rows(const Timeline& timeline) {
  return judge_step<steps::Read>(timeline, {"pods"}, "the old rows were there again", [](JudgedStep& under) {
    const RowLedger ledger{under.course.judged(), under.subject};
    std::set<std::string> read;
    for (const SqlOperation* operation : ledger.judge_reads(under.during, under.judgement))
      if (ledger.crosses_replacement(*operation)) read.insert(operation->member);
    for (int i = 0; i < under.subject.replicas.value; ++i)
      if (const std::string name = under.pod_name({under.subject.first.value + i}); !read.contains(name))
        under.judgement.doubt(fmt::format("no old rows were read from {}", name));
  });
}

Verdict claims_are_labelled(const Timeline& timeline) {
  return judge_step<steps::Write>(timeline, {"persistentvolumeclaims", "statefulsets"},
                                  "all claims carry the labels of their set", [](JudgedStep& under) {
                                    const auto claims = claims_of(under.after, under.subject);
                                    if (claims.empty())
                                      return under.judgement.doubt("there was no claim to judge");
                                    for (const auto& [ordinal, claim] : claims)
                                      if (claim->meta.label("app") != under.subject.set)
                                        under.find(claim->meta.ref,
                                                   fmt::format("label app={}", under.subject.set),
                                                   fmt::format("it was \"{}\"", claim->meta.label("app")),
                                                   *under.step.end, look_at_claims(under.subject));
                                  });
}

Verdict deleted_claims_go(const Timeline& timeline) {
  return judge_step<steps::DeleteClaims>(
      timeline, {"persistentvolumeclaims", "persistentvolumes"},
      "the deleted claims and their volumes are gone", [](JudgedStep& under) {
        demand_gone(under, "it was deleted and no pod uses it", any);
        if (!under.step.reached() && !under.overdue(kNoHindrance)) return;
        for (const auto& [name, volume] : under.after.volumes) {
          if (volume->claim.ns != under.subject.ns || volume->reclaim_policy != "Delete") continue;
          under.find(volume->meta.ref, fmt::format("volume {} is deleted with its claim", name),
                     fmt::format("it was {} at {}", volume->phase, moment(*under.step.end)), *under.step.end,
                     "the provisioner's log");
        }
      });
}

Verdict claim_in_use_is_protected(const Timeline& timeline) {
  return judge_step<steps::HoldClaim>(
      timeline, {"persistentvolumeclaims", "pods"}, "the claim stayed while its pod ran",
      [](JudgedStep& under) {
        const std::string name = under.subject.claim_name(under.ordinal());
        const Claim* before = under.before.claim(name);
        const Claim* after = under.after.claim(name);
        const Pod* pod = under.after.pod(under.pod_name(under.ordinal()));
        if (before == nullptr) return under.judgement.doubt(fmt::format("claim {} was not there", name));
        if (pod == nullptr || pod->terminating())
          return under.judgement.doubt(fmt::format("{} did not run", under.pod_name(under.ordinal())));
        if (after == nullptr || after->meta.ref.uid != before->meta.ref.uid)
          return under.find(before->meta.ref,
                            fmt::format("claim {} stays while {} uses it", name, pod->meta.ref.name),
                            fmt::format("it was gone at {}", moment(*under.step.end)), *under.step.end,
                            look_at_claims(under.subject));
        if (!after->meta.deletion) under.judgement.doubt("the deletion was not recorded");
      });
}

Verdict claim_goes_after_its_pod(const Timeline& timeline) {
  return judge_step<steps::LetGo>(
      timeline, {"persistentvolumeclaims", "pods"}, "the claim was removed once its pod was gone",
      [](JudgedStep& under) {
        const std::string name = under.subject.claim_name(under.ordinal());
        const Claim* before = under.before.claim(name);
        const Claim* after = under.after.claim(name);
        if (before == nullptr || !before->meta.deletion)
          return under.judgement.doubt(fmt::format("claim {} was not being deleted", name));
        const bool remains = after != nullptr && after->meta.ref.uid == before->meta.ref.uid;
        if (!remains || !under.overdue(kNoHindrance)) return;
        under.find(before->meta.ref, fmt::format("claim {} is removed once no pod uses it", name),
                   fmt::format("it existed at {}", moment(*under.step.end)), *under.step.end,
                   look_at_claims(under.subject));
      });
}

Verdict missing_claim_is_made(const Timeline& timeline) {
  constexpr const char* judged = "the pod runs on a new claim";
  // The new claim is asked for when the pod is made; a controller that saw the old one then makes it later.
  const auto be_made = [](JudgedStep& under) {
    const std::string name = under.subject.claim_name(under.ordinal());
    const Pod* pod = under.after.pod(under.pod_name(under.ordinal()));
    if (under.after.claim(name) != nullptr || pod == nullptr || !under.overdue(kRefusalsOnly)) return;
    under.find({"PersistentVolumeClaim", under.subject.ns, name, {}},
               fmt::format("claim {} is created for {}", name, pod->meta.ref.name),
               fmt::format("there was none at {}, and the pod was {}", moment(*under.step.end), pod->phase),
               *under.step.end,
               fmt::format("Events: kubectl -n {} describe pod {}", under.subject.ns, pod->meta.ref.name));
  };
  const Verdict let_go =
      judge_step<steps::LetGo>(timeline, {"persistentvolumeclaims", "pods"}, judged, be_made);
  if (let_go.outcome == Outcome::kNonconformant) return let_go;
  return judge_step<steps::Recover>(
      timeline, {"persistentvolumeclaims", "pods"}, judged, [&](JudgedStep& under) {
        be_made(under);
        const Claim* claim = under.after.claim(under.subject.claim_name(under.ordinal()));
        if (claim == nullptr || claim->phase != "Bound") under.judgement.doubt("there is no new Bound claim");
      });
}

Verdict default_class_is_used(const Timeline& timeline) {
  return judge_step<steps::Create>(
      timeline, {"persistentvolumeclaims", "statefulsets"}, "every claim got the default StorageClass",
      [](JudgedStep& under) {
        const std::string wanted = under.timeline.header.environment.value("storageClass", "");
        if (wanted.empty()) return under.judgement.doubt("the default StorageClass is not known");
        const auto named = template_names_a_class(under);
        if (!named) return under.judgement.doubt("the set was not seen");
        if (*named) return under.judgement.doubt("the claim template names a class");
        const auto claims = claims_of(under.after, under.subject);
        if (claims.empty()) return under.judgement.doubt("there was no claim to judge");
        for (const auto& [ordinal, claim] : claims)
          if (claim->storage_class != wanted)
            under.find(claim->meta.ref, fmt::format("spec.storageClassName is {}", wanted),
                       fmt::format("it is \"{}\"", claim->storage_class), *under.step.end,
                       "kubectl get storageclass; admission plugin DefaultStorageClass");
      });
}

Verdict failed_pod_is_remade(const Timeline& timeline) {
  return judge_step<steps::Create>(timeline, {"pods"}, "the failed pod was recreated", [](JudgedStep& under) {
    const Pod* failed = nullptr;
    const Observation* when = nullptr;
    for (const Observation& seen : under.during)
      if (const Pod* pod = seen.object<Pod>(); pod != nullptr && subject_ordinal(*pod, under.subject) &&
                                               pod->phase == "Failed" && failed == nullptr) {
        failed = pod;
        when = &seen;
      }
    if (failed == nullptr) return under.judgement.doubt("no pod failed");
    const Pod* now = under.after.pod(failed->meta.ref.name);
    const bool remains = now == nullptr || now->meta.ref.uid == failed->meta.ref.uid;
    if (!remains || !under.overdue(kRefusalsOnly)) return;
    under.find(
        failed->meta.ref, fmt::format("{} is deleted and recreated", failed->meta.ref.name),
        fmt::format("it failed at {} and had not been recreated by {}", moment(*when),
                    moment(*under.step.end)),
        *under.step.end,
        fmt::format("Events: kubectl -n {} describe statefulset {}", under.subject.ns, under.subject.set));
  });
}

}  // namespace stateproof::check
