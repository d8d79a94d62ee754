#include "harness/check/identity/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/debt.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

/// Follows how many pods are wanted, and judges who comes and who goes.
class WantedPods {
 public:
  WantedPods(const Course& course, const Incarnations& pods, const Subject& subject, Judgement& judgement)
      : pods_(pods),
        subject_(subject),
        judgement_(judgement),
        wanted_(subject.replicas),
        allowed_(wanted_),
        asked_(course.find<steps::Create>() == nullptr) {}

  void see(const Observation& seen) {
    if (const Step* step = seen.as<Step>(); step != nullptr) return follow(*step);
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || !asked_) return;
    const Incarnation* known = pods_.find(pod->meta.ref.uid);
    if (known == nullptr) return judge_stranger(*pod, seen);
    if (known->appeared == &seen) judge_arrival(*known);
    if (known->ending == &seen) judge_departure(*known);
  }

  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  void follow(const Step& step) {
    const bool begins = step.phase == Step::Phase::kBegin;
    if (step.is<steps::Create>()) asked_ = true;
    if (begins) {
      wanted_ = steps::wanted_by(step.task).value_or(wanted_);
      // A controller that has not seen the new number yet may still fill up to the old one.
      allowed_ = std::max(allowed_, wanted_);
      if (step.is<steps::Create>()) allowed_ = wanted_;
    } else if (step.phase == Step::Phase::kReached) {
      allowed_ = wanted_;
    }
  }

  [[nodiscard]] Ordinal end_of(Replicas replicas) const { return {subject_.first.value + replicas.value}; }
  [[nodiscard]] std::string range(Replicas replicas) const {
    if (replicas.value == 0) return "no pod";
    return subject_.pod_name(subject_.first) + " to " + subject_.pod_name({end_of(replicas).value - 1});
  }

  void judge_stranger(const Pod& pod, const Observation& seen) {
    if (!controlled_by_subject(pod, subject_) || ordinal_of(pod.meta.ref.name, subject_.set)) return;
    if (!strangers_.insert(pod.meta.ref.uid).second) return;
    report_name(pod.meta.ref, seen, "the name is not of the form <set>-<ordinal>");
  }

  void judge_arrival(const Incarnation& pod) {
    ++judged_;
    if (!pod.created) return;
    if (pod.ordinal >= subject_.first && pod.ordinal < end_of(allowed_)) return;
    report_name(pod.ref, *pod.appeared, fmt::format("the ordinal is outside {}", range(allowed_)));
  }

  void report_name(const ObjectRef& pod, const Observation& seen, const std::string& what) {
    judgement_.find(
        {pod,
         fmt::format("the StatefulSet creates {} and no other pod", range(allowed_)),
         fmt::format("{} was created at {}: {}", pod.name, moment(seen), what),
         {seen.index},
         fmt::format("spec.replicas and spec.ordinals.start: kubectl -n {} get statefulset {} -o yaml",
                     subject_.ns, subject_.set)});
  }

  void judge_departure(const Incarnation& pod) {
    if (!pod.ending_ordered || pod.ended_on_purpose() || pod.excused) return;
    if (pod.ordinal >= end_of(wanted_)) {
      allowed_ = wanted_;  // the controller has seen the new number: it acts on it
      return;
    }
    if (pod.ordinal < subject_.first) return;
    judgement_.find(
        {pod.ref,
         fmt::format("{} stays, because {} are wanted", pod.ref.name,
                     counted(static_cast<std::size_t>(wanted_.value), "pod", "pods")),
         fmt::format("deletion of {} was requested at {}, and nothing in the recording asked for it",
                     pod.ref.name, moment(*pod.ending)),
         {pod.ending->index},
         fmt::format("who deleted it: kubectl -n {} get events --field-selector involvedObject.name={}; the "
                     "API server's audit log for \"delete pods\"",
                     subject_.ns, pod.ref.name)});
  }

  const Incarnations& pods_;
  const Subject& subject_;
  Judgement& judgement_;
  Replicas wanted_;
  Replicas allowed_;
  bool asked_;  ///< the set was asked for
  std::set<Uid> strangers_;
  std::size_t judged_ = 0;
};

/// Judges what came after a pod was deleted on purpose.
class Replacements {
 public:
  Replacements(const Timeline& timeline, const Course& course, Judgement& judgement)
      : timeline_(timeline),
        course_(course),
        pods_(course_.judged(), timeline.subject()),
        judgement_(judgement) {
    for (const Incarnation& pod : pods_)
      if (pod.former != nullptr) successors_[pod.former] = &pod;
  }

  std::size_t judge() {
    std::set<Ordinal> proved;
    for (const Incarnation& pod : pods_) {
      if (pod.fault == nullptr || !course_.is_before_scale_down(*pod.fault)) continue;
      const auto successor = successors_.find(&pod);
      if (successor == successors_.end())
        judge_absence(pod);
      else if (judge_successor(*successor->second))
        proved.insert(pod.ordinal);
    }
    const Subject& subject = timeline_.subject();
    for (int i = 0; i < subject.replicas.value; ++i)
      if (const Ordinal ordinal{subject.first.value + i}; !proved.contains(ordinal))
        judgement_.doubt(
            fmt::format("no completed replacement of {} was recorded", subject.pod_name(ordinal)));
    return proved.size();
  }

 private:
  /// Whether the new pod proves that the identity was kept.
  bool judge_successor(const Incarnation& pod) {
    const Subject& subject = timeline_.subject();
    const std::string before = pod.former->last->claim_at(subject.mount_path);
    const std::string after = pod.last->claim_at(subject.mount_path);
    if (before != after) report(pod, "its claim", before, after, "spec.volumes");
    if (!pod.last->hostname.empty() && pod.last->hostname != pod.ref.name)
      report(pod, "its host name", pod.ref.name, pod.last->hostname, "spec.hostname");
    if (!pod.was_ready())
      judgement_.doubt(fmt::format("the new {} was never Ready: {}", pod.ref.name, state_text(pod)));
    return pod.was_ready();
  }

  void report(const Incarnation& pod, std::string_view what, const std::string& before,
              const std::string& after, std::string_view field) {
    judgement_.find(
        {pod.ref,
         fmt::format("the new {} has {} as before, {}", pod.ref.name, what, before.empty() ? "none" : before),
         fmt::format("the new {} of {} has {}", pod.ref.name, moment(*pod.appeared),
                     after.empty() ? "none" : after),
         {pod.former->appeared->index, pod.appeared->index},
         fmt::format("{}: kubectl -n {} get pod {} -o yaml", field, pod.ref.ns, pod.ref.name)});
  }

  void judge_absence(const Incarnation& pod) {
    if (pod.gone == nullptr)
      return judgement_.doubt(fmt::format("{} was deleted and is {}", pod.ref.name, state_text(pod)));
    const RecordedStep* step = step_of(pod);
    if (step == nullptr || !step->timed_out())
      return judgement_.doubt(fmt::format("the recording ends before {} came back", pod.ref.name));
    const Incarnations then{timeline_until(timeline_, *step->end), timeline_.subject()};
    if (const auto unready = first_unready(then, timeline_.subject(), pod.ordinal))
      return judgement_.doubt(fmt::format("{} did not come back, but {} was not Ready either", pod.ref.name,
                                          timeline_.subject().pod_name(*unready)));
    const Observation& since = all_ready_since(then, timeline_.subject(), pod.ordinal, *pod.gone);
    const Elapsed waited = step->end->at - since.at;
    const Debt debt{timeline_.subject().set, step->begin, step->end, kRefusalsOnly, &since};
    if (course_.lost({"pods"}) || !is_overdue(timeline_, debt, judgement_))
      return judgement_.doubt(fmt::format("{} did not come back: {}", pod.ref.name, step->text()));
    judgement_.find(
        {pod.ref,
         fmt::format("{} is recreated after it was deleted", pod.ref.name),
         fmt::format("{} was gone at {} and was not recreated within {}", pod.ref.name, moment(*pod.gone),
                     seconds(waited)),
         {pod.fault->index, pod.gone->index, step->end->index},
         fmt::format("Events of the set (FailedCreate) and the log of kube-controller-manager: kubectl -n {} "
                     "describe statefulset {}",
                     timeline_.subject().ns, timeline_.subject().set)});
  }

  [[nodiscard]] const RecordedStep* step_of(const Incarnation& pod) const {
    const RecordedStep* found = nullptr;
    for (const RecordedStep& step : course_.steps())
      if (step.is<steps::Replace>() && step.begin->index < pod.fault->index) found = &step;
    return found;
  }

  const Timeline& timeline_;
  const Course& course_;
  Incarnations pods_;
  Judgement& judgement_;
  std::map<const Incarnation*, const Incarnation*> successors_;
};

}  // namespace

Verdict only_wanted_pods(const Timeline& timeline) {
  const Course course{timeline};
  const Incarnations pods{course.judged(), timeline.subject()};
  Judgement judgement{course, {"pods"}};
  WantedPods wanted{course, pods, timeline.subject(), judgement};
  for (const Observation& seen : course.judged()) wanted.see(seen);
  judgement.doubt_if(course.missing<steps::Create>());
  judgement.doubt_if(course.cut_short());
  if (wanted.judged() == 0) judgement.doubt("no pod of the set was seen");
  return std::move(judgement).verdict(counted(wanted.judged(), "pod", "pods") +
                                      ", all of them wanted, none deleted unasked");
}

Verdict replacement_keeps_identity(const Timeline& timeline) {
  const Course course{timeline};
  Judgement judgement{course, {"pods"}};
  const std::size_t proved = Replacements{timeline, course, judgement}.judge();
  return std::move(judgement).verdict(
      fmt::format("{} recreated under the old name", counted(proved, "pod", "pods")));
}

Verdict one_pod_per_name(const Timeline& timeline) {
  const Course course{timeline};
  const Incarnations pods{course.judged(), timeline.subject()};
  Judgement judgement{course, {"pods"}};
  std::size_t judged = 0;
  for (const Incarnation& pod : pods) {
    ++judged;
    const Incarnation* former = pod.former;
    if (former == nullptr || (former->gone != nullptr && former->gone->index < pod.appeared->index)) continue;
    judgement.find({pod.ref,
                    fmt::format("the pod with UID {} is gone before {} is created again",
                                former->ref.uid.value, pod.ref.name),
                    fmt::format("{} was created at {} with UID {}, before its predecessor was gone",
                                pod.ref.name, moment(*pod.appeared), pod.ref.uid.value),
                    {former->appeared->index, pod.appeared->index},
                    fmt::format("forced deletions: the API server's audit log for \"delete pods\" of {}",
                                pod.ref.name)});
  }
  judgement.doubt_if(course.cut_short());
  if (judged == 0) judgement.doubt("no pod of the set was seen");
  return std::move(judgement).verdict(counted(judged, "pod", "pods") + ", never two with the same name");
}

Verdict gone_pods_have_ended(const Timeline& timeline) {
  const Course course{timeline};
  const Incarnations pods{course.judged(), timeline.subject()};
  Judgement judgement{course, {"pods"}};
  std::size_t judged = 0;
  for (const Incarnation& pod : pods) {
    // A lost node no longer reports on its containers; what a re-list lacks had a last word,
    // too.
    if (pod.gone == nullptr || pod.gone->as<ObjectSeen>()->synthesized || pod.excused) continue;
    ++judged;
    const auto& containers = pod.gone->object<Pod>()->containers;
    const auto running = std::find_if(containers.begin(), containers.end(),
                                      [](const ContainerState& one) { return one.running; });
    if (running == containers.end()) continue;
    judgement.find(
        {pod.ref,
         fmt::format("the containers of {} have terminated before the pod is removed from the API",
                     pod.ref.name),
         fmt::format("it was removed at {}, and the last reported state of its container {} is running",
                     moment(*pod.gone), running->name),
         {pod.gone->index},
         fmt::format("forced deletions: the API server's audit log for \"delete pods\" of {}",
                     pod.ref.name)});
  }
  judgement.doubt_if(course.cut_short());
  if (judged == 0) judgement.doubt("no pod of the set was deleted");
  return std::move(judgement).verdict(counted(judged, "pod", "pods") +
                                      " had terminated before they were removed from the API");
}

}  // namespace stateproof::check
