#include "harness/check/storage/claim_retention.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "harness/check/disruption/row_ledger.h"
#include "harness/check/evidence/course.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/storage/bindings.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

/// Ordinals that a step takes away or brings back.
struct Ordinals {
  Ordinal begin;
  Ordinal end;
};

template <StepType S>
Ordinals moved_by(const RecordedStep& step, const Subject& subject) {
  const S asked = step.as<S>().value();
  return {{subject.first.value + std::min(asked.from, asked.to)},
          {subject.first.value + std::max(asked.from, asked.to)}};
}

class Retention {
 public:
  Retention(const RecordedStep& step, const Subject& subject, Judgement& judgement)
      : step_(step), subject_(subject), judgement_(judgement) {}

  /// `lives`: all that bore one claim name in the judged time, in order. Gives whether it was there to be
  /// retained.
  bool judge(const std::vector<const ClaimLife*>& lives, const Bindings& bindings) {
    const ClaimLife* kept = nullptr;
    for (const ClaimLife* claim : lives) {
      if (is_before(*claim->appeared))
        kept = claim;
      else
        judge_newcomer(*claim, kept);
    }
    if (kept == nullptr || (kept->gone != nullptr && is_before(*kept->gone))) return false;
    judge_kept(*kept);
    if (const VolumeLife* volume = bindings.volume(kept->volume); volume != nullptr)
      judge_volume(*kept, *volume);
    return kept->named != nullptr;
  }

 private:
  [[nodiscard]] bool is_before(const Observation& seen) const { return seen.index < step_.begin->index; }
  [[nodiscard]] bool is_after(const Observation* seen) const { return seen != nullptr && !is_before(*seen); }

  void judge_newcomer(const ClaimLife& claim, const ClaimLife* kept) {
    if (kept == nullptr) return;
    find(claim.ref, fmt::format("claim {} keeps UID {}", claim.ref.name, kept->ref.uid.value),
         fmt::format("a new claim of that name, with UID {}, existed at {}", claim.ref.uid.value,
                     moment(*claim.appeared)),
         *claim.appeared);
  }

  void judge_kept(const ClaimLife& claim) {
    const std::string stays = fmt::format("claim {} outlives the scale-down", claim.ref.name);
    if (is_after(claim.gone))
      find(claim.ref, stays, fmt::format("it was deleted at {}", moment(*claim.gone)), *claim.gone);
    else if (is_after(claim.ending))
      find(claim.ref, stays, fmt::format("it had a deletionTimestamp at {}", moment(*claim.ending)),
           *claim.ending);
    // An owner that was dropped before the step is no concern; one that is still there when it begins is.
    if (is_after(claim.owned) || (claim.owned != nullptr && claim.owned == claim.seen))
      find(claim.ref, fmt::format("claim {} belongs to no pod and no StatefulSet", claim.ref.name),
           fmt::format("it had an owner at {}, so it is garbage-collected as soon as the owner is gone",
                       moment(*claim.owned)),
           *claim.owned);
    if (is_after(claim.lost))
      find(claim.ref, fmt::format("claim {} stays Bound", claim.ref.name),
           fmt::format("it was Lost at {}", moment(*claim.lost)), *claim.lost);
    if (is_after(claim.renamed))
      find(claim.ref, fmt::format("claim {} stays with volume {}", claim.ref.name, claim.volume),
           fmt::format("it named volume \"{}\" at {}", claim.renamed->object<Claim>()->volume,
                       moment(*claim.renamed)),
           *claim.renamed);
  }

  void judge_volume(const ClaimLife& claim, const VolumeLife& volume) {
    const std::string stays =
        fmt::format("volume {} stays bound to claim {}", volume.ref.name, claim.ref.name);
    if (is_after(volume.gone))
      find(volume.ref, stays, fmt::format("it was deleted at {}", moment(*volume.gone)), *volume.gone);
    else if (is_after(volume.renamed))
      find(volume.ref, stays, fmt::format("its claimRef was another at {}", moment(*volume.renamed)),
           *volume.renamed);
    else if (is_after(volume.seen) && volume.last->phase != "Bound")
      find(volume.ref, stays, fmt::format("its phase was {} at {}", volume.last->phase, moment(*volume.seen)),
           *volume.seen);
  }

  void find(const ObjectRef& object, std::string expected, std::string observed, const Observation& seen) {
    std::vector<std::size_t> evidence{seen.index};
    if (!is_before(seen)) evidence.push_back(step_.begin->index);
    judgement_.find(
        {object, std::move(expected), std::move(observed), std::move(evidence),
         fmt::format(
             "spec.persistentVolumeClaimRetentionPolicy (Retain?): kubectl -n {} get statefulset {} -o "
             "yaml; ownerReferences of the claims: kubectl -n {} get pvc -o yaml",
             subject_.ns, subject_.set, subject_.ns)});
  }

  const RecordedStep& step_;
  const Subject& subject_;
  Judgement& judgement_;
};

/// Judges what an ordinal finds when it is wanted again.
class Return {
 public:
  Return(const Timeline& timeline, const Course& course, const RecordedStep& step, Judgement& judgement)
      : subject_(timeline.subject()),
        course_(course),
        step_(step),
        judgement_(judgement),
        pods_(course.judged(), subject_),
        bindings_(course.judged(), subject_),
        ledger_(course.before_scale_down(), subject_) {}

  void judge(Ordinal ordinal) {
    judge_claims(ordinal);
    const Incarnation* pod = pods_.latest(ordinal);
    if (pod == nullptr || pod->appeared->index < step_.begin->index)
      return judgement_.doubt(fmt::format("{} was not created again", subject_.pod_name(ordinal)));
    judge_pod(*pod);
    if (!pod->was_ready())
      judgement_.doubt(fmt::format("the new {} was never Ready: {}", pod->ref.name, state_text(*pod)));
  }

  void judge(const SqlOperation& read, const Observation& seen) {
    if (read.kind != SqlOperation::Kind::kRead) return;
    if (read.outcome != SqlOperation::Outcome::kOk) {
      failed_[read.member] =
          fmt::format("reading from {} at {} failed: {}", read.member, moment(seen), read.note);
      return;
    }
    const Incarnation* pod = pods_.find(read.pod);
    if (pod == nullptr || pod->appeared->index < step_.begin->index) return;
    ledger_.judge(read, seen, judgement_);
    if (ledger_.crosses_replacement(read)) read_.insert(pod->ordinal);
  }

  [[nodiscard]] std::size_t finish(const Ordinals& ordinals) {
    for (Ordinal ordinal = ordinals.begin; ordinal < ordinals.end; ++ordinal.value) {
      if (read_.contains(ordinal)) continue;
      const auto failure = failed_.find(subject_.pod_name(ordinal));
      judgement_.doubt(
          failure != failed_.end()
              ? failure->second
              : fmt::format("no rows of {} were read after it was recreated", subject_.pod_name(ordinal)));
    }
    return read_.size();
  }

 private:
  void judge_claims(Ordinal ordinal) {
    const ClaimLife* before = nullptr;
    const ClaimLife* after = nullptr;
    for (const ClaimLife* claim : bindings_.of(ordinal)) {
      if (course_.is_before_scale_down(*claim->appeared)) before = claim;
      after = claim;
    }
    if (before == nullptr || before->named == nullptr)
      return judgement_.doubt(
          fmt::format("claim {} was not seen Bound before scale-down", subject_.claim_name(ordinal)));
    if (before != after)
      find(after->ref,
           fmt::format("{} uses claim {} with UID {} again", subject_.pod_name(ordinal), after->ref.name,
                       before->ref.uid.value),
           fmt::format("it uses a claim with UID {}, which was new at {}", after->ref.uid.value,
                       moment(*after->appeared)),
           {before->appeared->index, after->appeared->index});
    else if (before->gone != nullptr)
      find(before->ref,
           fmt::format("claim {} exists when {} is recreated", before->ref.name, subject_.pod_name(ordinal)),
           fmt::format("it was deleted at {}", moment(*before->gone)), {before->gone->index});
    if (before->renamed != nullptr)
      find(before->ref, fmt::format("claim {} has volume {} again", before->ref.name, before->volume),
           fmt::format("it named volume \"{}\" at {}", before->renamed->object<Claim>()->volume,
                       moment(*before->renamed)),
           {before->named->index, before->renamed->index});
  }

  void judge_pod(const Incarnation& pod) {
    const std::string used = pod.last->claim_at(subject_.mount_path);
    const std::string wanted = subject_.claim_name(pod.ordinal);
    if (used == wanted) return;
    find(pod.ref, fmt::format("{} mounts claim {} again", pod.ref.name, wanted),
         fmt::format("the new {} of {} mounts {}", pod.ref.name, moment(*pod.appeared),
                     used.empty() ? "no claim" : "claim " + used),
         {step_.begin->index, pod.appeared->index});
  }

  void find(const ObjectRef& object, std::string expected, std::string observed,
            std::vector<std::size_t> evidence) {
    judgement_.find(
        {object, std::move(expected), std::move(observed), std::move(evidence),
         fmt::format("metadata.uid and spec.volumeName of the claims: kubectl -n {} get pvc -o yaml",
                     subject_.ns)});
  }

  const Subject& subject_;
  const Course& course_;
  const RecordedStep& step_;
  Judgement& judgement_;
  Incarnations pods_;
  Bindings bindings_;
  RowLedger ledger_;
  std::set<Ordinal> read_;
  std::map<std::string, std::string> failed_;
};

}  // namespace

Verdict claims_outlive_scale_down(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const Course course{timeline};
  Judgement judgement{course, {"persistentvolumeclaims", "persistentvolumes"}};
  judgement.doubt_if(course.missing<steps::ScaleDown>());
  const RecordedStep* step = course.find<steps::ScaleDown>();
  if (step == nullptr) return std::move(judgement).verdict({});
  // Right after the last pod is gone a collector may not have acted yet: only a recording that goes on proves
  // it.
  if (course.next_demand(*step) == nullptr) judgement.doubt_if(course.cut_short());

  const Bindings bindings{course.judged(), subject};
  Retention retention{*step, subject, judgement};
  std::set<Ordinal> kept;
  std::set<Ordinal> judged;
  for (const ClaimLife& claim : bindings.claims())
    if (claim.ordinal && judged.insert(*claim.ordinal).second &&
        retention.judge(bindings.of(*claim.ordinal), bindings))
      kept.insert(*claim.ordinal);
  const Ordinals removed = moved_by<steps::ScaleDown>(*step, subject);
  for (Ordinal ordinal = removed.begin; ordinal < removed.end; ++ordinal.value)
    if (!kept.contains(ordinal))
      judgement.doubt(
          fmt::format("claim {} was not seen Bound before scale-down", subject.claim_name(ordinal)));
  return std::move(judgement).verdict(counted(kept.size(), "claim", "claims") +
                                      " kept through the scale-down");
}

Verdict scale_up_finds_old_storage(const Timeline& timeline) {
  const Course course{timeline};
  Judgement judgement{course, {"pods", "persistentvolumeclaims"}};
  judgement.doubt_if(course.missing<steps::ScaleBack>());
  const RecordedStep* step = course.find<steps::ScaleBack>();
  if (step == nullptr) {
    judgement.doubt(
        fmt::format("step \"{}\" does not tell from how many pods to how many", steps::ScaleBack::name.text));
    return std::move(judgement).verdict({});
  }
  const Ordinals returned = moved_by<steps::ScaleBack>(*step, timeline.subject());

  Return comeback{timeline, course, *step, judgement};
  for (Ordinal ordinal = returned.begin; ordinal < returned.end; ++ordinal.value) comeback.judge(ordinal);
  for (const Observation& seen : course.judged().subspan(step->begin->index))
    if (const auto* operation = seen.as<SqlOperation>(); operation != nullptr)
      comeback.judge(*operation, seen);
  const std::size_t members = comeback.finish(returned);
  return std::move(judgement).verdict(counted(members, "pod", "pods") +
                                      " recreated with the old claim, volume and rows");
}

}  // namespace stateproof::check
