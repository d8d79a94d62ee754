#include "harness/check/evidence/course.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <variant>

#include "harness/check/evidence/assumptions.h"
#include "harness/check/evidence/judgement.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

/// Steps after which the scenario cannot continue when the cluster does not follow. The others ("resolve",
/// "write", "read") only look.
bool is_demand(const RecordedStep& step) {
  return is_one_of<steps::Create, steps::Replace, steps::ScaleUp, steps::ScaleDown, steps::ScaleBack>(step);
}

/// In the order of KubeObject.
constexpr std::array<std::string_view, std::variant_size_v<KubeObject>> kResources{
    "pods",           "statefulsets", "persistentvolumeclaims", "persistentvolumes",
    "endpointslices", "services",     "controllerrevisions",    "poddisruptionbudgets",
    "nodes",          "events"};

bool is_told_by_a_list(const Observation& seen) {
  const auto* event = seen.as<ObjectSeen>();
  return seen.as<Gap>() != nullptr ||
         (event != nullptr && (event->synthesized || event->change == Change::kListed));
}

std::string_view phase_text(Step::Phase phase) {
  switch (phase) {
    case Step::Phase::kBegin:
      return "was still in progress";
    case Step::Phase::kReached:
      return "was reached";
    case Step::Phase::kTimedOut:
      return "timed out";
    case Step::Phase::kFailed:
      return "failed";
  }
  return "failed";
}

}  // namespace

std::string RecordedStep::text() const {
  const Observation& last = end == nullptr ? *begin : *end;
  const Step* told = last.as<Step>();
  std::string text = fmt::format("step \"{}\" {} at {}", name(), phase_text(outcome), moment(last));
  if (!told->text.empty()) text += ": " + told->text;
  return text;
}

std::span<const Observation> timeline_until(const Timeline& timeline, const Observation& last) {
  const std::span<const Observation> all{timeline.observations};
  return all.first(static_cast<std::size_t>(&last - all.data()) + 1);
}

std::string Hole::text() const {
  return fmt::format("the watch of {} lost events at {} (#{}): {}", resource, moment(*gap), gap->index,
                     gap->as<Gap>()->reason);
}

std::string_view watched_resource(const Observation& seen) {
  const auto* event = seen.as<ObjectSeen>();
  if (event == nullptr) return {};
  const auto* other = std::get_if<OtherObject>(&event->object);
  return other == nullptr || other->meta.ref.kind == "Event" ? kResources[event->object.index()]
                                                             : std::string_view{};
}

/// Follows where watches lost something, and what they were heard of last.
void Course::listen(const Observation& seen) {
  // One that reaches into the clean-up may have begun before it.
  if (const Gap* gap = seen.as<Gap>();
      gap != nullptr && (!cleanup_began_ || heard_last(gap->resource) <= judged_.size()))
    holes_.push_back({gap->resource, &seen, heard_last(gap->resource), true});
  const std::string_view resource = watched_resource(seen);
  if (resource.empty()) return;
  const ObjectSeen& event = *seen.as<ObjectSeen>();
  // The watch of a client's namespace says nothing of the subject's.
  if (const std::string& ns = meta_of(event.object).ref.ns; ns.empty() || ns == timeline_.subject().ns)
    last_heard_[event.object.index()] = &seen;
  if (!event.synthesized && event.change != Change::kListed) return;
  for (auto hole = holes_.rbegin(); hole != holes_.rend(); ++hole)
    if (hole->resource == resource) {
      hole->quiet = false;
      return;
    }
}

Course::Course(const Timeline& timeline)
    : timeline_(timeline), judged_(timeline.observations), distrust_(broken_assumption(timeline)) {
  std::map<std::string_view, std::size_t> open;
  for (const Observation& seen : timeline) {
    listen(seen);
    const Step* step = seen.as<Step>();
    if (cleanup_began_) continue;
    if (step != nullptr && step->is<steps::Cleanup>()) {
      judged_ = judged_.first(static_cast<std::size_t>(&seen - timeline.observations.data()));
      cleanup_began_ = true;
      continue;
    }
    if (step == nullptr || step->phase != Step::Phase::kFailed) end_time_ = seen.at;
    if (step == nullptr) continue;
    if (step->phase == Step::Phase::kBegin) {
      open[step->name()] = steps_.size();
      steps_.push_back({&seen, nullptr, Step::Phase::kBegin, step});
    } else if (const auto begun = open.extract(step->name()); !begun.empty()) {
      steps_[begun.mapped()].end = &seen;
      steps_[begun.mapped()].outcome = step->phase;
    }
  }
  if (!timeline.finish) reopen_last_hole();
  const RecordedStep* shrink = find<steps::ScaleDown>();
  before_scale_down_ = shrink == nullptr ? judged_ : judged_.first(shrink->begin->index - 1);
}

/// A recorder that was killed while it wrote what a list told: nobody knows what more there was.
void Course::reopen_last_hole() {
  const auto& all = timeline_.observations;
  std::size_t told = all.size();
  while (told > 0 && is_told_by_a_list(all[told - 1])) --told;
  for (Hole& hole : holes_)
    if (hole.gap->index > told) {
      hole.is_open = true;
      hole.quiet = false;
    }
}

const RecordedStep* Course::find(StepName name) const {
  const auto found = std::find_if(steps_.begin(), steps_.end(),
                                  [&](const RecordedStep& step) { return step.asked->task.is(name); });
  return found == steps_.end() ? nullptr : &*found;
}

const RecordedStep* Course::next_demand(const RecordedStep& step) const {
  const auto found = std::find_if(steps_.begin(), steps_.end(), [&](const RecordedStep& other) {
    return is_demand(other) && other.begin->index > step.begin->index;
  });
  return found == steps_.end() ? nullptr : &*found;
}

Replicas Course::wanted_at(std::size_t index) const {
  Replicas wanted = timeline_.subject().replicas;
  for (const RecordedStep& step : steps_) {
    if (step.begin->index > index) break;
    wanted = steps::wanted_by(step.asked->task).value_or(wanted);
  }
  return wanted;
}

Replicas Course::most_wanted() const {
  Replicas most = timeline_.subject().replicas;
  for (const RecordedStep& step : steps_)
    most = std::max(most, steps::wanted_by(step.asked->task).value_or(most));
  return most;
}

std::optional<std::string> Course::cut_short() const {
  for (const RecordedStep& step : steps_)
    if (is_demand(step) && !step.reached()) return step.text();
  if (timeline_.finish && timeline_.finish->reason == End::Reason::kComplete) return std::nullopt;
  if (!timeline_.finish)
    return cleanup_began_ ? std::nullopt : std::optional<std::string>{"the recording is incomplete"};
  const bool interrupted = timeline_.finish->reason == End::Reason::kInterrupted;
  const std::string what = interrupted ? "the run was interrupted" : "the harness failed";
  return timeline_.finish->text.empty() ? what : what + ": " + timeline_.finish->text;
}

std::optional<std::string> Course::missing(StepName name) const {
  const RecordedStep* step = find(name);
  if (step == nullptr) {
    const auto why = cut_short();
    return fmt::format("step \"{}\" was not recorded{}", name.text, why ? " (" + *why + ")" : std::string{});
  }
  return step->reached() ? std::nullopt : std::optional{step->text()};
}

std::optional<std::string> Course::lost(std::span<const std::string_view> resources) const {
  for (const Hole& hole : holes_)
    if (std::find(resources.begin(), resources.end(), hole.resource) != resources.end()) return hole.text();
  return std::nullopt;
}

std::optional<std::string> Course::lost_within(const RecordedStep& step,
                                               std::initializer_list<std::string_view> resources) const {
  for (const Hole& hole : holes_)
    if (std::find(resources.begin(), resources.end(), hole.resource) != resources.end() &&
        hole.gap->index > step.begin->index && (step.end == nullptr || hole.since < step.end->index))
      return hole.text();
  return std::nullopt;
}

std::optional<std::string> Course::lost_at(std::size_t index,
                                           std::initializer_list<std::string_view> resources) const {
  for (const Hole& hole : holes_)
    if (std::find(resources.begin(), resources.end(), hole.resource) != resources.end() &&
        hole.since <= index && (hole.is_open || index < hole.gap->index))
      return hole.text();
  return std::nullopt;
}

std::size_t Course::heard_last(std::string_view resource) const {
  const auto* place = std::find(kResources.begin(), kResources.end(), resource);
  const Observation* last = place == kResources.end()
                                ? nullptr
                                : last_heard_.at(static_cast<std::size_t>(place - kResources.begin()));
  return last == nullptr ? 0 : last->index;
}

}  // namespace stateproof::check
