#include "harness/check/ordering/termination_order.h"

#include <fmt/format.h>

#include <map>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/debt.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

std::string look_at_pods(const Subject& subject) {
  return fmt::format(
      "spec.podManagementPolicy as served, and who deletes pods: kubectl -n {} get statefulset {} -o "
      "yaml; the API server's audit log for \"delete pods\"",
      subject.ns, subject.set);
}

/// What happened to a pod, at its place in the order of the pods watch.
struct Turn {
  enum class Kind { kAppeared, kEnding, kGone };
  std::size_t index;
  Kind kind;
  const Incarnation* pod;
};

std::vector<Turn> turns_of(const Incarnations& pods) {
  std::vector<Turn> turns;
  for (const Incarnation& pod : pods) {
    turns.push_back({pod.appeared->index, Turn::Kind::kAppeared, &pod});
    if (pod.ending != nullptr) turns.push_back({pod.ending->index, Turn::Kind::kEnding, &pod});
    if (pod.gone != nullptr) turns.push_back({pod.gone->index, Turn::Kind::kGone, &pod});
  }
  // Stable: a pod that is DELETED without a warning ends and is gone in one entry, in that order.
  std::stable_sort(turns.begin(), turns.end(),
                   [](const Turn& a, const Turn& b) { return a.index < b.index; });
  return turns;
}

class TerminationOrder {
 public:
  TerminationOrder(const RecordedStep& step, std::size_t end, const Subject& subject, Judgement& judgement)
      : step_(step), end_(end), subject_(subject), judgement_(judgement) {}

  void see(const Turn& turn) {
    switch (turn.kind) {
      case Turn::Kind::kAppeared:
        present_[turn.pod->ordinal] = turn.pod;
        break;
      case Turn::Kind::kEnding:
        judge_ending(*turn.pod);
        break;
      case Turn::Kind::kGone:
        if (present_[turn.pod->ordinal] == turn.pod) present_.erase(turn.pod->ordinal);
        break;
    }
  }

  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  void judge_ending(const Incarnation& pod) {
    const std::size_t at = pod.ending->index;
    if (at < step_.begin->index || at >= end_) return;
    if (!pod.ending_ordered || pod.ended_on_purpose() || pod.excused) return;
    ++judged_;
    const auto higher = present_.upper_bound(pod.ordinal);
    if (higher == present_.end()) return;
    const Incarnation& last = *present_.rbegin()->second;
    judgement_.find({pod.ref,
                     fmt::format("{} is gone before {} is deleted", last.ref.name, pod.ref.name),
                     fmt::format("deletion of {} was requested at {}, when {} still existed", pod.ref.name,
                                 moment(*pod.ending), last.ref.name),
                     {step_.begin->index, at},
                     look_at_pods(subject_)});
  }

  const RecordedStep& step_;
  std::size_t end_;
  const Subject& subject_;
  Judgement& judgement_;
  std::map<Ordinal, const Incarnation*> present_;
  std::size_t judged_ = 0;
};

/// Scale-down ran out of time: whose turn was it? Only a pod that the controller never deleted, with
/// nothing left to wait for, is its breach. A pod that stays Terminating is the kubelet's, a volume's or a
/// finalizer's.
void judge_stuck_scale_down(const RecordedStep& step, const Timeline& timeline, const Course& course,
                            Judgement& judgement) {
  const Subject& subject = timeline.subject();
  const Incarnations pods{timeline_until(timeline, *step.end), subject};
  const Ordinal end{subject.first.value + step.as<steps::ScaleDown>().value().to};
  const Incarnation* top = nullptr;
  const Observation* free_since = step.begin;
  for (const Incarnation& pod : pods) {
    if (pod.gone != nullptr && pod.gone->index > free_since->index) free_since = pod.gone;
    if (pod.gone == nullptr && pod.ordinal >= end && (top == nullptr || pod.ordinal > top->ordinal))
      top = &pod;
  }
  if (top == nullptr) return judgement.doubt(step.text());
  const std::string state = fmt::format("{}; {}: {}", step.text(), top->ref.name, state_text(*top));
  if (top->ending != nullptr || course.lost({"pods"})) return judgement.doubt(state);
  if (const auto unready = first_unready(pods, subject, top->ordinal))
    return judgement.doubt(
        fmt::format("{}; {} is not Ready, which halts the scale-down", state, subject.pod_name(*unready)));
  const Observation& since = all_ready_since(pods, subject, top->ordinal, *free_since);
  const Elapsed waited = step.end->at - since.at;
  if (!is_overdue(timeline, {subject.set, step.begin, step.end, kRefusalsOnly, &since}, judgement))
    return judgement.doubt(state);
  judgement.find({top->ref,
                  fmt::format("{} is deleted when the set is scaled down", top->ref.name),
                  fmt::format("deletion of {} was not requested within {}, until {}, although no higher pod "
                              "was left and all lower ones were Ready",
                              top->ref.name, seconds(waited), moment(*step.end)),
                  {step.begin->index, step.end->index},
                  fmt::format("status.observedGeneration and metadata.generation: kubectl -n {} get "
                              "statefulset {} -o yaml; the log of kube-controller-manager",
                              subject.ns, subject.set)});
}

}  // namespace

Verdict terminated_in_reverse(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  if (!subject.ordered) return not_applicable("podManagementPolicy is Parallel, which promises no order");
  const Course course{timeline};
  Judgement judgement{course, {"pods"}};
  judgement.doubt_if(course.missing<steps::ScaleDown>());
  const RecordedStep* step = course.find<steps::ScaleDown>();
  if (step == nullptr) return std::move(judgement).verdict({});

  const Incarnations pods{course.judged(), subject};
  const RecordedStep* next = course.next_demand(*step);
  const std::size_t end = next == nullptr ? timeline.size() + 1 : next->begin->index;
  TerminationOrder order{*step, end, subject, judgement};
  for (const Turn& turn : turns_of(pods)) order.see(turn);
  if (step->timed_out()) judge_stuck_scale_down(*step, timeline, course, judgement);
  if (order.judged() == 0) judgement.doubt("the controller deleted no pod");
  return std::move(judgement).verdict(counted(order.judged(), "termination", "terminations") +
                                      ", each after all higher pods were gone");
}

}  // namespace stateproof::check
