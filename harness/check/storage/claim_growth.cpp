#include "harness/check/storage/claim_growth.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "harness/check/disruption/row_ledger.h"
#include "harness/check/evidence/step_duty.h"
#include "harness/model/claim_size.h"
#include "harness/model/quantity.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

constexpr int kForbidden = 403;
constexpr int kInvalid = 422;

bool granted(const Answer& answer) { return answer.code >= 200 && answer.code < 300; }

/// It is the user who may not ask, whatever the class says.
bool is_for_want_of_a_right(const Answer& answer) {
  return answer.code == kForbidden && answer.message.find(" cannot patch ") != std::string::npos;
}

std::string text_of(const Answer& answer) {
  return fmt::format("the API server answered {}{}{}", answer.code, answer.message.empty() ? "" : ": ",
                     answer.message);
}

Answer answer_for(const JudgedStep& under, const std::string& claim) {
  const auto answers = under.answered<steps::Expand>().answers;
  const auto found = answers ? answers->find(claim) : std::map<std::string, Answer>::const_iterator{};
  return answers && found != answers->end() ? found->second : Answer{};
}

/// Whether the class of the claims allows them to grow; nullopt when the recording does not tell.
std::optional<bool> allowed(const Timeline& timeline) {
  const auto& environment = timeline.header.environment;
  const auto found = environment.find("allowVolumeExpansion");
  if (found == environment.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

std::string class_text(const Timeline& timeline) {
  return fmt::format("StorageClass {}", timeline.header.environment.value("storageClass", "(unknown)"));
}

std::string look_at_claim(const ObjectRef& claim) {
  return fmt::format(
      "conditions of the claim: kubectl -n {} describe pvc {}; allowVolumeExpansion: kubectl get "
      "storageclass",
      claim.ns, claim.name);
}

/// The last entry of that claim before the moment; null when it is not there.
const Observation* newest(const Timeline& timeline, const std::string& claim, const Observation& moment) {
  const Observation* last = nullptr;
  for (const Observation& seen : timeline_until(timeline, moment)) {
    const Claim* one = seen.object<Claim>();
    if (one == nullptr || one->meta.ref.ns != timeline.subject().ns || one->meta.ref.name != claim) continue;
    last = seen.is_deletion() ? nullptr : &seen;
  }
  return last;
}

/// One claim of before the step, of an ordinal of the subject.
template <class Duty>
void for_each_claim(JudgedStep& under, Duty duty) {
  std::size_t judged = 0;
  for (int i = 0; i < under.subject.replicas.value; ++i) {
    const Claim* claim = under.before.claim(under.subject.claim_name({under.subject.first.value + i}));
    if (claim == nullptr) continue;
    const Answer answer = answer_for(under, claim->meta.ref.name);
    if (answer.code == 0) {
      under.judgement.doubt(fmt::format("the answer for claim {} was not recorded", claim->meta.ref.name));
      continue;
    }
    if (is_for_want_of_a_right(answer)) {
      under.judgement.doubt(text_of(answer));
      continue;
    }
    ++judged;
    duty(*claim, answer);
  }
  if (judged == 0) under.judgement.doubt("no claim was asked to grow");
}

/// How far a claim has grown when the scenario looks for the last time.
void judge_growth(JudgedStep& under, const Claim& before, const Observation& at) {
  const std::string& name = before.meta.ref.name;
  const double wanted = parse_quantity(under.answered<steps::Expand>().request).value_or(0);
  const Observation* seen = newest(under.timeline, name, at);
  const auto find = [&](std::string expected, std::string observed) {
    under.find(before.meta.ref, std::move(expected), std::move(observed), at, look_at_claim(before.meta.ref));
  };
  const Claim* now = seen == nullptr ? nullptr : seen->object<Claim>();
  if (now == nullptr || now->meta.ref.uid != before.meta.ref.uid || now->volume != before.volume)
    return find(fmt::format("claim {} stays the same object with volume {}", name, before.volume),
                now == nullptr
                    ? "it is gone"
                    : fmt::format("it has UID {} and volume {}", now->meta.ref.uid.value, now->volume));
  const ClaimSize size = claim_size(*seen->as<ObjectSeen>()->served);
  if (size.requested < wanted)
    return find(fmt::format("claim {} requests {:.0f} bytes", name, wanted),
                fmt::format("it requests {:.0f} at {}", size.requested, moment(at)));
  if (size.capacity >= wanted) return;
  const RecordedStep* grown = under.course.find<steps::Grown>();
  if (grown == nullptr || !grown->timed_out())
    return under.judgement.doubt(
        fmt::format("status.capacity of claim {} is {:.0f} bytes", name, size.capacity));
  find(fmt::format("status.capacity of claim {} grows to {:.0f} bytes", name, wanted),
       fmt::format("it is {:.0f} bytes at {}", size.capacity, moment(at)));
}

void judge_rows(JudgedStep& under, const RecordedStep& read) {
  const RowLedger ledger{under.course.judged(), under.subject};
  std::set<std::string> seen_of;
  for (const SqlOperation* operation :
       ledger.judge_reads(under.course.judged().subspan(read.begin->index), under.judgement))
    seen_of.insert(operation->member);
  for (int i = 0; i < under.subject.replicas.value; ++i)
    if (const std::string name = under.pod_name({under.subject.first.value + i}); !seen_of.contains(name))
      under.judgement.doubt(fmt::format("no rows were read from {} after its claim grew", name));
}

}  // namespace

Verdict claim_templates_are_fixed(const Timeline& timeline) {
  return judge_step<steps::EditClaimTemplate>(
      timeline, {}, "the API server refused to change a claim template", [](JudgedStep& under) {
        const auto answered = under.answered<steps::EditClaimTemplate>();
        const Answer answer{answered.code.value_or(0), answered.message.value_or("")};
        if (answer.code == kInvalid) return;
        if (!granted(answer))
          return under.judgement.doubt(answer.code == 0 ? "the answer was not recorded" : text_of(answer));
        under.find(
            {"StatefulSet", under.subject.ns, under.subject.set, {}},
            fmt::format("a change of spec.volumeClaimTemplates is refused with {}", kInvalid),
            text_of(answer), *under.step.end,
            fmt::format("kubectl -n {} get statefulset {} -o yaml; admission webhooks that change sets",
                        under.subject.ns, under.subject.set));
      });
}

Verdict claims_grow(const Timeline& timeline) {
  if (allowed(timeline) == false)
    return not_applicable(class_text(timeline) + " does not set allowVolumeExpansion");
  return judge_step<steps::Expand>(
      timeline, {"persistentvolumeclaims"}, "every claim grew and kept its rows", [](JudgedStep& under) {
        if (!allowed(under.timeline))
          return under.judgement.doubt(
              "the recording does not show whether the StorageClass allows expansion");
        const RecordedStep* read = under.course.find<steps::Read>();
        if (read == nullptr || read->end == nullptr)
          return under.judgement.doubt("the outcome of the claims was not observed");
        for_each_claim(under, [&](const Claim& claim, const Answer& answer) {
          if (granted(answer)) return judge_growth(under, claim, *read->end);
          under.find(claim.meta.ref, fmt::format("claim {} may request more storage", claim.meta.ref.name),
                     text_of(answer), *under.step.end, look_at_claim(claim.meta.ref));
        });
        judge_rows(under, *read);
      });
}

Verdict growth_needs_permission(const Timeline& timeline) {
  if (allowed(timeline) == true) return not_applicable(class_text(timeline) + " sets allowVolumeExpansion");
  return judge_step<steps::Expand>(
      timeline, {"persistentvolumeclaims"}, "every claim was refused more storage", [](JudgedStep& under) {
        if (!allowed(under.timeline))
          return under.judgement.doubt(
              "the recording does not show whether the StorageClass allows expansion");
        for_each_claim(under, [&](const Claim& claim, const Answer& answer) {
          if (answer.code == kForbidden) return;
          if (!granted(answer)) return under.judgement.doubt(text_of(answer));
          under.find(
              claim.meta.ref,
              fmt::format("more storage for claim {} is refused with {}", claim.meta.ref.name, kForbidden),
              text_of(answer), *under.step.end,
              "the API server's admission plugin PersistentVolumeClaimResize");
        });
      });
}

}  // namespace stateproof::check
