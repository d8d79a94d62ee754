#include "harness/check/evidence/step_duty.h"

#include <fmt/format.h>

#include <utility>

#include "harness/check/evidence/patience.h"
#include "harness/model/known.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

template <class T>
const T* find_in(const std::map<std::string_view, const T*>& objects, const std::string& name) {
  const auto found = objects.find(name);
  return found == objects.end() ? nullptr : found->second;
}

// To whoever counts pods by their states.
bool counts_alike(const Pod& one, const Pod& other) {
  return one.meta.ref.uid == other.meta.ref.uid && one.ready == other.ready && one.phase == other.phase &&
         one.terminating() == other.terminating() && one.meta.labels == other.meta.labels;
}

class Keeper {
 public:
  Keeper(Snapshot& snapshot, const std::string& ns, Change change)
      : snapshot_(snapshot), ns_(ns), change_(change) {}

  void operator()(const Pod& pod) { own(snapshot_.pods, pod); }
  void operator()(const StatefulSet& set) { own(snapshot_.sets, set); }
  void operator()(const Claim& claim) { own(snapshot_.claims, claim); }
  void operator()(const Volume& volume) {
    take_in(snapshot_.volumes, volume.meta.ref.name, &volume, change_);
  }
  void operator()(const Service& service) { own(snapshot_.services, service); }
  void operator()(const EndpointSlice& slice) { own(snapshot_.slices, slice); }
  void operator()(const ControllerRevision& revision) { own(snapshot_.revisions, revision); }
  void operator()(const DisruptionBudget& budget) { own(snapshot_.budgets, budget); }
  void operator()(const Node&) {}
  void operator()(const OtherObject&) {}

 private:
  template <class T>
  void own(std::map<std::string_view, const T*>& objects, const T& object) {
    if (object.meta.ref.ns == ns_) take_in(objects, object.meta.ref.name, &object, change_);
  }

  Snapshot& snapshot_;
  const std::string& ns_;
  Change change_;
};

}  // namespace

const Pod* Snapshot::pod(const std::string& name) const { return find_in(pods, name); }
const StatefulSet* Snapshot::set(const std::string& name) const { return find_in(sets, name); }
const Claim* Snapshot::claim(const std::string& name) const { return find_in(claims, name); }

Snapshot snapshot_at(const Timeline& timeline, const Observation& last) {
  Snapshot snapshot;
  for (const Observation& seen : timeline_until(timeline, last))
    if (const auto* event = seen.as<ObjectSeen>(); event != nullptr)
      std::visit(Keeper{snapshot, timeline.subject().ns, event->change}, event->object);
  return snapshot;
}

bool JudgedStep::covers(const Observation* seen) const {
  return seen != nullptr && !during.empty() && seen >= &during.front() && seen <= &during.back();
}

bool JudgedStep::overdue(const Hindrances& hindrances) const {
  return step.timed_out() &&
         is_overdue(timeline, {subject.set, step.begin, step.end, hindrances, nullptr}, judgement);
}

bool JudgedStep::ended_calm() const {
  if (!step.timed_out()) return false;
  std::map<std::string_view, const Pod*> known = before.pods;
  const Observation* last = step.begin;
  for (const Observation& seen : during) {
    if (const auto* set = seen.object<StatefulSet>(); set != nullptr && set->meta.ref.ns == subject.ns)
      last = &seen;
    const Pod* now = seen.object<Pod>();
    if (now == nullptr || now->meta.ref.ns != subject.ns) continue;
    const Pod*& then = known[now->meta.ref.name];
    if (seen.is_deletion() || then == nullptr || !counts_alike(*then, *now)) last = &seen;
    then = now;
  }
  return step.end->at - last->at >= kControllerPatience;
}

Ordinal JudgedStep::ordinal() const {
  const auto ordinal = steps::ordinal_of(step.asked->task);
  if (!ordinal) throw Unfit(fmt::format("step \"{}\" is about no pod", step.name()));
  return *ordinal;
}

void JudgedStep::find(const ObjectRef& object, std::string expected, std::string observed,
                      const Observation& seen, std::string look_at) {
  std::vector<std::size_t> evidence;
  if (step.begin->index < seen.index) evidence.push_back(step.begin->index);
  evidence.push_back(seen.index);
  judgement.find({object, std::move(expected), std::move(observed), std::move(evidence), std::move(look_at)});
}

Verdict judge_step(const Timeline& timeline, StepName step, const Watches& watches, std::string judged,
                   const std::function<void(JudgedStep&)>& duty,
                   const std::function<bool(const RecordedStep&)>& also) {
  const Course course{timeline};
  const Incarnations pods{course.judged(), timeline.subject()};
  Judgement judgement{course, watches};
  bool any = false;
  for (const RecordedStep& one : course.steps()) {
    const bool asked_for = one.asked->task.is(step);
    if (!asked_for && !(also && also(one))) continue;
    any = any || asked_for;
    if (one.end == nullptr) {
      if (asked_for) judgement.doubt(one.text());
      continue;
    }
    JudgedStep under{timeline,
                     timeline.subject(),
                     course,
                     one,
                     pods,
                     course.judged().subspan(one.begin->index - 1, one.end->index - one.begin->index + 1),
                     snapshot_at(timeline, *one.begin),
                     snapshot_at(timeline, *one.end),
                     judgement};
    duty(under);
    if (asked_for && !one.reached()) judgement.doubt(one.text());
  }
  if (!any)
    judgement.doubt(course.missing(step).value_or(fmt::format("step \"{}\" was not performed", step.text)));
  return std::move(judgement).verdict(std::move(judged));
}

}  // namespace stateproof::check
