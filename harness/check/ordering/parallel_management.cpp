#include "harness/check/ordering/parallel_management.h"

#include <fmt/format.h>

#include <set>

#include "harness/check/evidence/step_duty.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

std::string look_at_set(const Subject& subject) {
  return fmt::format(
      "spec.podManagementPolicy and spec.ordinals as served: kubectl -n {} get statefulset {} -o yaml",
      subject.ns, subject.set);
}

/// Every pod of [first, first + wanted) is created in or before the step, though no pod of the set is Ready.
void demand_creation(JudgedStep& under, int wanted) {
  for (const Incarnation& pod : under.pods)
    if (pod.was_ready() && pod.first_ready()->index <= under.step.end->index)
      return under.judgement.doubt(
          fmt::format("{} was Ready, so there was nothing to wait for", pod.ref.name));
  for (int i = 0; i < wanted; ++i) {
    const std::string name = under.pod_name({under.subject.first.value + i});
    if (under.after.pod(name) != nullptr || !under.overdue(kRefusalsOnly)) continue;
    under.find({"Pod", under.subject.ns, name, {}},
               fmt::format("{} is created even though no pod is Ready", name),
               fmt::format("it did not exist at {}", moment(*under.step.end)), *under.step.end,
               look_at_set(under.subject));
  }
}

}  // namespace

Verdict created_without_waiting(const Timeline& timeline) {
  return judge_step<steps::Create>(
      timeline, {"pods"}, "all pods were created while none was Ready",
      [](JudgedStep& under) { demand_creation(under, under.subject.replicas.value); });
}

Verdict scaled_up_without_waiting(const Timeline& timeline) {
  return judge_step<steps::ScaleUp>(
      timeline, {"pods"}, "the scale-up continued while no pod was Ready",
      [](JudgedStep& under) { demand_creation(under, under.asked<steps::ScaleUp>().to); });
}

Verdict stopped_without_waiting(const Timeline& timeline) {
  return judge_step<steps::ScaleDown>(
      timeline, {"pods"}, "deletion of all excess pods was requested before the first was gone",
      [](JudgedStep& under) {
        const int keep = under.subject.first.value + under.asked<steps::ScaleDown>().to;
        const Observation* first_gone = nullptr;
        std::vector<const Incarnation*> excess;
        for (const Incarnation& pod : under.pods) {
          if (pod.ordinal.value < keep || pod.appeared->index > under.step.begin->index) continue;
          excess.push_back(&pod);
          if (under.covers(pod.gone) && (first_gone == nullptr || pod.gone->index < first_gone->index))
            first_gone = pod.gone;
        }
        if (excess.size() < 2)
          return under.judgement.doubt(
              "fewer than two pods were to be deleted, so it cannot be seen whether the controller waits");
        for (const Incarnation* pod : excess) {
          const bool late = first_gone != nullptr
                                ? pod->ending == nullptr || pod->ending->index > first_gone->index
                                : pod->ending == nullptr && under.overdue(kRefusalsOnly);
          if (!late) continue;
          const Observation& breach = first_gone != nullptr ? *first_gone : *under.step.end;
          under.find(pod->ref, fmt::format("{} is deleted without waiting for the others", pod->ref.name),
                     fmt::format("its deletion had not been requested at {}, {}", moment(breach),
                                 first_gone != nullptr ? "when the first pod was gone"
                                                       : "when the step's time ran out"),
                     breach, look_at_set(under.subject));
        }
      });
}

Verdict ordinals_begin_at_start(const Timeline& timeline) {
  const int start = timeline.subject().first.value;
  return judge_step<steps::Create>(
      timeline, {"pods"}, fmt::format("the ordinals begin at {}", start), [&](JudgedStep& under) {
        const int end = start + under.subject.replicas.value;
        std::size_t judged = 0;
        for (const auto& [name, pod] : under.after.pods) {
          const auto ordinal = subject_ordinal(*pod, under.subject);
          if (!ordinal) continue;
          ++judged;
          if (ordinal->value >= start && ordinal->value < end) continue;
          under.find(pod->meta.ref,
                     fmt::format("the pods are {} to {}", under.pod_name({start}), under.pod_name({end - 1})),
                     fmt::format("{} was there at {}", name, moment(*under.step.end)), *under.step.end,
                     look_at_set(under.subject));
        }
        if (judged == 0) under.judgement.doubt("the set had no pod");
        for (int i = start; i < end; ++i)
          if (under.after.pod(under.pod_name({i})) == nullptr)
            under.judgement.doubt(fmt::format("{} was not created", under.pod_name({i})));
      });
}

Verdict ordinals_follow_start(const Timeline& timeline) {
  return judge_step<steps::MoveStart>(
      timeline, {"pods"}, "the pods follow the new first ordinal", [](JudgedStep& under) {
        const std::string old_name = under.pod_name({under.asked<steps::MoveStart>().from});
        const std::string new_name = under.pod_name({under.asked<steps::MoveStart>().to_start});
        if (!under.overdue(kRefusalsOnly)) return;
        if (under.after.pod(new_name) == nullptr)
          under.find({"Pod", under.subject.ns, new_name, {}}, fmt::format("{} is created", new_name),
                     fmt::format("it did not exist at {}", moment(*under.step.end)), *under.step.end,
                     look_at_set(under.subject));
        if (const Pod* old = under.after.pod(old_name); old != nullptr && !old->terminating())
          under.find(old->meta.ref, fmt::format("{} is deleted", old_name),
                     fmt::format("its deletion had not been requested at {}", moment(*under.step.end)),
                     *under.step.end, look_at_set(under.subject));
      });
}

Verdict pods_are_labelled(const Timeline& timeline) {
  const Course course{timeline};
  const Subject& subject = timeline.subject();
  Judgement judgement{course, Watches{"pods"}.even_after_holes("each state of a pod is judged on its own")};
  std::set<Uid> judged;
  std::set<Uid> broken;
  const auto judge = [&](const Pod& pod, const Observation& seen, const char* label,
                         const std::string& wanted) {
    if (pod.meta.label(label) == wanted || !broken.insert(pod.meta.ref.uid).second) return;
    judgement.find(
        {pod.meta.ref,
         fmt::format("label {}={}", label, wanted),
         fmt::format("at {} it was \"{}\"", moment(seen), pod.meta.label(label)),
         {seen.index},
         fmt::format("metadata.labels: kubectl -n {} get pod {} -o yaml", subject.ns, pod.meta.ref.name)});
  };
  for (const Observation& seen : course.judged()) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || seen.is_deletion()) continue;
    const auto ordinal = subject_ordinal(*pod, subject);
    if (!ordinal || !controlled_by_subject(*pod, subject)) continue;
    judged.insert(pod->meta.ref.uid);
    judge(*pod, seen, "statefulset.kubernetes.io/pod-name", pod->meta.ref.name);
    judge(*pod, seen, "apps.kubernetes.io/pod-index", std::to_string(ordinal->value));
  }
  if (judged.empty()) judgement.doubt("no pod of the set was seen");
  judgement.doubt_if(course.missing<steps::Create>());
  return std::move(judgement).verdict(counted(judged.size(), "pod", "pods") +
                                      " labelled with name and ordinal");
}

}  // namespace stateproof::check
