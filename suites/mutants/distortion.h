#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "harness/model/steps.h"
#include "harness/model/timeline.h"

namespace stateproof::mutants {

/// Ways to make a wrong history out of a good one. Each throws std::logic_error when the recording does not
/// hold what it is asked to change, so that a wrong history is never a good one by accident.

void must(bool changed, const char* what);

/// The entry that begins (or ends) the `occurrence`th step of that name, counted from 1.
std::size_t begin_of(const Timeline& timeline, StepName step, int occurrence = 1);
std::size_t end_of(const Timeline& timeline, StepName step, int occurrence = 1);
template <StepType S>
std::size_t begin_of(const Timeline& timeline, int occurrence = 1) {
  return begin_of(timeline, S::name, occurrence);
}
template <StepType S>
std::size_t end_of(const Timeline& timeline, int occurrence = 1) {
  return end_of(timeline, S::name, occurrence);
}

/// Name of the pod (or its claim) with the subject's first ordinal plus `offset`.
std::string pod_of(const Timeline& timeline, int offset);
std::string claim_of(const Timeline& timeline, int offset);

/// The newest state of a pod before the entry with this index.
Pod pod_before(const Timeline& timeline, const std::string& name, std::size_t index);
Claim claim_before(const Timeline& timeline, const std::string& name, std::size_t index);
Volume volume_before(const Timeline& timeline, const std::string& name, std::size_t index);
StatefulSet set_before(const Timeline& timeline, std::size_t index);

/// Puts an entry before the one with this index, at its time; the entries are renumbered.
void insert_before(Timeline& timeline, std::size_t index, Entry entry);
void insert_object_before(Timeline& timeline, std::size_t index, Change change, KubeObject object);

/// Takes away every entry for which `unwanted` holds; at least one.
void erase_if(Timeline& timeline, const std::function<bool(const Observation&)>& unwanted);

/// The pod of that name is not mentioned after the entry with this index.
void erase_pods_after(Timeline& timeline, const std::string& name, std::size_t index);

/// The pod is deleted just before the entry with this index.
void tell_to_stop(Timeline& timeline, const std::string& name, std::size_t index);

/// Changes every object of that type for which `change` returns true; at least one.
template <class T>
void change_objects(Timeline& timeline, const std::function<bool(T&, const Observation&)>& change);

/// Changes every object of that kind as served for which `change` returns true, at least one, and reads it
/// anew.
void change_served(Timeline& timeline, std::string_view kind,
                   const std::function<bool(nlohmann::json& object, const Observation&)>& change);

/// The subject's pods go while their first container runs.
void go_while_running(Timeline& timeline);

/// Changes what the first step of that type ended with.
template <StepType S>
void change_end(Timeline& timeline, const std::function<void(S&)>& change) {
  Step& end = std::get<Step>(timeline.observations.at(end_of<S>(timeline) - 1).what);
  S step = end.as<S>().value();
  change(step);
  end.task = step;
}

/// Changes what the API server answered in the step.
template <StepType S>
void change_answer(Timeline& timeline, const std::function<void(nlohmann::json& answer)>& change) {
  change_end<S>(timeline, [&](S& step) {
    must(step.answer != nullptr, "answer");
    nlohmann::json answer = *step.answer;
    change(answer);
    step.answer = std::make_shared<const nlohmann::json>(std::move(answer));
  });
}

/// The entry after the one that first shows `count` pods being deleted since the step began.
std::size_t after_stops(const Timeline& timeline, StepName step, std::size_t count);

/// Lets `pause` go by before the entry with this index.
void delay_from(Timeline& timeline, std::size_t index, std::chrono::seconds pause);

/// The step times out after `length` instead of being reached, and the scenario is over then.
void let_time_out(Timeline& timeline, StepName step, std::chrono::seconds length, int occurrence = 1);

template <class T>
void change_objects(Timeline& timeline, const std::function<bool(T&, const Observation&)>& change) {
  bool changed = false;
  for (Observation& seen : timeline.observations) {
    auto* event = std::get_if<ObjectSeen>(&seen.what);
    if (event == nullptr) continue;
    if (T* object = std::get_if<T>(&event->object); object != nullptr && change(*object, seen))
      changed = true;
  }
  must(changed, "nothing to change");
}

}  // namespace stateproof::mutants
