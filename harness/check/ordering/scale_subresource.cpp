#include "harness/check/ordering/scale_subresource.h"

#include <fmt/format.h>

#include <string>

#include "harness/check/evidence/step_duty.h"
#include "harness/model/fields.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using nlohmann::json;

/// What the API server answered in the step; null when it was not recorded.
template <StepType S>
json answer_in(const JudgedStep& under) {
  const Json answer = under.answered<S>().answer;
  return answer == nullptr ? json{} : *answer;
}

std::string look_at_scale(const Subject& subject) {
  return fmt::format("kubectl get --raw /apis/apps/v1/namespaces/{}/statefulsets/{}/scale", subject.ns,
                     subject.set);
}

/// Whether the API server answered a write by its own judgement: it took it or it refused it. A request that
/// was lost, throttled, or failed within the server says nothing.
bool is_answer(std::int64_t code) { return code >= 200 && code < 500 && code != 408 && code != 429; }

/// The set as it was in one resourceVersion, and just before.
struct SetState {
  const Observation* seen = nullptr;
  const StatefulSet* set = nullptr;
  const StatefulSet* former = nullptr;  ///< null: the first state
};

/// The state of the set that an answer of its scale was made from. `set` is null, and there is a doubt, when
/// the watch showed none.
SetState state_of(JudgedStep& under, const json& scale) {
  const std::string version = fields::text(fields::member(scale, "metadata"), "resourceVersion");
  SetState state;
  for (const Observation& seen : under.course.judged()) {
    const StatefulSet* set = seen.object<StatefulSet>();
    if (set == nullptr || set->meta.ref.ns != under.subject.ns || set->meta.ref.name != under.subject.set)
      continue;
    if (!version.empty() && set->meta.resource_version == version) {
      state.seen = &seen;
      state.set = set;
      return state;
    }
    state.former = set;
  }
  under.judgement.doubt(fmt::format("the set was not recorded at resourceVersion \"{}\"", version));
  return {};
}

void compare(JudgedStep& under, const SetState& state, const char* field, const std::string& wanted,
             const std::string& told) {
  if (wanted == told) return;
  under.find(state.set->meta.ref,
             fmt::format("{} of the scale subresource is {}, as in the set", field, wanted),
             fmt::format("it was {}, at the same resourceVersion {}", told, state.set->meta.resource_version),
             *state.seen, look_at_scale(under.subject));
}

/// Labels in the form of a query, "a=b,c=d".
std::string query_text(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [label, value] : labels)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", label, value);
  return text;
}

/// The set that the write made is of a new generation and wants what was written.
template <StepType S>
void judge_write(JudgedStep& under) {
  const SetState state = state_of(under, answer_in<S>(under));
  if (state.set == nullptr) return;
  const int wanted = under.asked<S>().to;
  const std::int64_t former = state.former == nullptr ? 0 : state.former->meta.generation;
  if (state.set->replicas.value != wanted)
    under.find(state.set->meta.ref, fmt::format("spec.replicas of the set is {}", wanted),
               fmt::format("it was {} after {} was written to its scale subresource",
                           state.set->replicas.value, wanted),
               *state.seen, look_at_scale(under.subject));
  else if (state.set->meta.generation <= former)
    under.find(state.set->meta.ref, fmt::format("metadata.generation is greater than {}", former),
               fmt::format("it was {} after the scale was written", state.set->meta.generation), *state.seen,
               look_at_scale(under.subject));
  if (!under.step.timed_out()) return;
  if (const auto lost = under.course.lost({"pods"})) return under.judgement.doubt_if(lost);
  if (!under.overdue(kAnyHindrance)) return;
  under.find(state.set->meta.ref, fmt::format("the set reaches {} pods", wanted),
             fmt::format("it had not by {}", moment(*under.step.end)), *under.step.end,
             look_at_scale(under.subject));
}

}  // namespace

Verdict scale_tells_the_set(const Timeline& timeline) {
  return judge_step<steps::ReadScale>(
      timeline, {"statefulsets"}, "replicas, selector and status agreed with the set", [](JudgedStep& under) {
        const json scale = answer_in<steps::ReadScale>(under);
        const SetState state = state_of(under, scale);
        if (state.set == nullptr) return;
        const json& spec = fields::member(scale, "spec");
        const json& status = fields::member(scale, "status");
        compare(under, state, "metadata.uid", state.set->meta.ref.uid.value,
                fields::text(fields::member(scale, "metadata"), "uid"));
        compare(under, state, "spec.replicas", std::to_string(state.set->replicas.value),
                std::to_string(fields::number(spec, "replicas")));
        compare(under, state, "status.replicas", std::to_string(state.set->current_pods.value),
                std::to_string(fields::number(status, "replicas")));
        compare(under, state, "status.selector", query_text(state.set->match_labels),
                fields::text(status, "selector"));
      });
}

Verdict scale_moves_the_set(const Timeline& timeline) {
  const std::string judged =
      "the set took over what was written to its scale subresource, by PUT and by PATCH";
  Verdict put = judge_step<steps::ScaleUp>(timeline, {"statefulsets"}, judged, judge_write<steps::ScaleUp>);
  if (put.outcome == Outcome::kNonconformant) return put;
  Verdict patch =
      judge_step<steps::ScaleDown>(timeline, {"statefulsets"}, judged, judge_write<steps::ScaleDown>);
  return worse(std::move(put), std::move(patch));
}

Verdict stale_scale_is_refused(const Timeline& timeline) {
  return judge_step<steps::StaleScale>(
      timeline, {"statefulsets"}, "a write based on an outdated state was refused", [](JudgedStep& under) {
        const json answer = answer_in<steps::StaleScale>(under);
        const int written = under.asked<steps::StaleScale>().written;
        const ObjectRef set{"StatefulSet", under.subject.ns, under.subject.set, {}};
        const auto code = fields::number(answer, "code");
        if (!is_answer(code))
          under.judgement.doubt(fmt::format("the write had no answer ({})", code));
        else if (code != 409)
          under.find(set, "a PUT with an outdated resourceVersion is refused with 409 Conflict",
                     fmt::format("the answer was {} {}", code, fields::text(answer, "reason")),
                     *under.step.end, look_at_scale(under.subject));
        // Nobody else ever asks for that many.
        for (const Observation& seen : under.course.judged())
          if (const StatefulSet* state = seen.object<StatefulSet>();
              state != nullptr && state->meta.ref.name == under.subject.set &&
              state->replicas.value == written)
            return under.find(state->meta.ref, fmt::format("spec.replicas does not become {}", written),
                              fmt::format("it was at {}", moment(seen)), seen, look_at_scale(under.subject));
      });
}

}  // namespace stateproof::check
