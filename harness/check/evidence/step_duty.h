#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/debt.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::check {

/// The objects of the subject's namespace, by name, as the watches had shown them when an entry was written.
/// Objects live in the timeline.
struct Snapshot {
  std::map<std::string_view, const Pod*> pods;
  std::map<std::string_view, const StatefulSet*> sets;
  std::map<std::string_view, const Claim*> claims;
  std::map<std::string_view, const Volume*> volumes;  ///< cluster-wide
  std::map<std::string_view, const Service*> services;
  std::map<std::string_view, const EndpointSlice*> slices;
  std::map<std::string_view, const ControllerRevision*> revisions;
  std::map<std::string_view, const DisruptionBudget*> budgets;

  /// Null when there is none.
  [[nodiscard]] const Pod* pod(const std::string& name) const;
  [[nodiscard]] const StatefulSet* set(const std::string& name) const;
  [[nodiscard]] const Claim* claim(const std::string& name) const;
};

Snapshot snapshot_at(const Timeline& timeline, const Observation& last);

/// One step of a scenario under judgement.
struct JudgedStep {
  const Timeline& timeline;
  const Subject& subject;
  const Course& course;
  const RecordedStep& step;
  const Incarnations& pods;             ///< of the whole scenario
  std::span<const Observation> during;  ///< from the step's begin to its end
  Snapshot before;                      ///< when it began
  Snapshot after;                       ///< when it ended
  Judgement& judgement;

  /// Whether the entry stands within the step; false for null.
  [[nodiscard]] bool covers(const Observation* seen) const;
  /// Whether the step timed out on something that a controller owed and had time enough to do. What was in
  /// its way is a doubt.
  [[nodiscard]] bool overdue(const Hindrances& hindrances) const;
  /// Whether for so long no pod had come, gone, or changed in phase, readiness or labels, and no set was
  /// written, when the step timed out.
  [[nodiscard]] bool ended_calm() const;
  [[nodiscard]] std::string pod_name(Ordinal ordinal) const { return subject.pod_name(ordinal); }
  /// The ordinal of the pod that the step is about; throws when it is about none, which makes the verdict
  /// inconclusive.
  [[nodiscard]] Ordinal ordinal() const;
  /// What the step asked for; throws when it lacks a field of S, which makes the verdict inconclusive.
  template <StepType S>
  [[nodiscard]] S asked() const {
    return step.as<S>().value();
  }
  /// The same with what the API server answered.
  template <StepType S>
  [[nodiscard]] S answered() const {
    return step.answered<S>().value();
  }

  /// A breach at `seen`.
  void find(const ObjectRef& object, std::string expected, std::string observed, const Observation& seen,
            std::string look_at);
};

/// Judges each step of that name by `duty`. Inconclusive when there was no such step, when it was not
/// finished, when it timed out without a breach, or when one of these watches ("pods", ...) lost events; what
/// comes after such a loss condemns nobody.
/// `judged` says what a conformant verdict rests on. Steps for which `also` holds may show a breach, too, but
/// need not be there, nor be reached.
Verdict judge_step(const Timeline& timeline, StepName step, const Watches& watches, std::string judged,
                   const std::function<void(JudgedStep&)>& duty,
                   const std::function<bool(const RecordedStep&)>& also = {});
template <StepType S>
Verdict judge_step(const Timeline& timeline, const Watches& watches, std::string judged,
                   const std::function<void(JudgedStep&)>& duty,
                   const std::function<bool(const RecordedStep&)>& also = {}) {
  return judge_step(timeline, S::name, watches, std::move(judged), duty, also);
}

}  // namespace stateproof::check
