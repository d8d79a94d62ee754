#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::check {

/// One step of the scenario, from its begin to its end.
struct RecordedStep {
  const Observation* begin = nullptr;
  const Observation* end = nullptr;           ///< null: the recording stops within the step
  Step::Phase outcome = Step::Phase::kBegin;  ///< kBegin while it has no end
  const Step* asked = nullptr;

  [[nodiscard]] bool reached() const { return outcome == Step::Phase::kReached; }
  [[nodiscard]] bool timed_out() const { return outcome == Step::Phase::kTimedOut; }
  [[nodiscard]] const std::string& name() const { return asked->name(); }
  template <StepType S>
  [[nodiscard]] bool is() const {
    return asked->is<S>();
  }
  /// What was asked; nullopt when it is another step.
  template <StepType S>
  [[nodiscard]] std::optional<S> as() const {
    return asked->as<S>();
  }
  /// The same with what the API server answered; nullopt, too, when the step has no end.
  template <StepType S>
  [[nodiscard]] std::optional<S> answered() const {
    return end == nullptr ? std::nullopt : end->as<Step>()->as<S>();
  }
  /// How it ended, for people: `step "create" timed out at +300.000s: 2 of 3 pods Ready`.
  [[nodiscard]] std::string text() const;
};

/// A stretch that the watch of one resource did not deliver. The list that makes it good tells what it came
/// to, in an order that proves nothing; of what it does not mention nothing has changed.
struct Hole {
  std::string_view resource;
  const Observation* gap = nullptr;
  std::size_t since = 0;  ///< index of the last entry of that watch before it; zero: there was none
  bool quiet = true;      ///< the list told nothing: all that was there is there, as it was
  bool is_open = false;   ///< the recording ends before the list that makes it good is known to have

  [[nodiscard]] std::string text() const;
};

/// The resource whose watch delivers this entry, plural; empty for what no watch delivers, and for what no
/// checker knows the type of.
std::string_view watched_resource(const Observation& seen);

/// Told by an event, and not by a list.
inline bool is_live(const ObjectSeen& seen) { return !seen.synthesized && seen.change != Change::kListed; }

/// The recording up to and including `last`.
std::span<const Observation> timeline_until(const Timeline& timeline, const Observation& last);

/// What the scenario asked of the cluster, and how far it came.
class Course {
 public:
  explicit Course(const Timeline& timeline);

  /// Everything before the step "cleanup": Kubernetes promises no order when a whole set is deleted.
  [[nodiscard]] std::span<const Observation> judged() const { return judged_; }
  [[nodiscard]] const std::vector<RecordedStep>& steps() const { return steps_; }
  /// The first step of that name; null when it never began.
  [[nodiscard]] const RecordedStep* find(StepName name) const;
  template <StepType S>
  [[nodiscard]] const RecordedStep* find() const {
    return find(S::name);
  }
  /// The step that followed `step` and asked something new of the cluster; null when there was none.
  [[nodiscard]] const RecordedStep* next_demand(const RecordedStep& step) const;
  /// Everything before the first step "scale-down", or all that is judged when there was none.
  [[nodiscard]] std::span<const Observation> before_scale_down() const { return before_scale_down_; }
  [[nodiscard]] bool is_before_scale_down(const Observation& seen) const {
    return seen.index <= before_scale_down_.size();
  }

  /// Pods wanted just after the entry with this index was written, as far as the steps tell.
  [[nodiscard]] Replicas wanted_at(std::size_t index) const;
  /// The most pods wanted at one time.
  [[nodiscard]] Replicas most_wanted() const;

  /// Whether the recorder wrote its last record after the scenario was over.
  [[nodiscard]] bool is_whole() const {
    return timeline_.finish && timeline_.finish->reason == End::Reason::kComplete;
  }
  /// Why the recording ends before its scenario did; nullopt when it is whole.
  [[nodiscard]] std::optional<std::string> cut_short() const;
  /// Why `name` was not reached; nullopt when it was.
  [[nodiscard]] std::optional<std::string> missing(StepName name) const;
  template <StepType S>
  [[nodiscard]] std::optional<std::string> missing() const {
    return missing(S::name);
  }
  /// Where a watch of one of these resources lost events; nullopt when none did.
  [[nodiscard]] std::optional<std::string> lost(std::span<const std::string_view> resources) const;
  [[nodiscard]] std::optional<std::string> lost(std::initializer_list<std::string_view> resources) const {
    return lost(std::span{resources.begin(), resources.size()});
  }
  /// The same, of one step: nullopt when what was lost was lost before it or after it.
  [[nodiscard]] std::optional<std::string> lost_within(
      const RecordedStep& step, std::initializer_list<std::string_view> resources) const;
  /// The same, of one moment: what had been lost when the entry with this index was written.
  [[nodiscard]] std::optional<std::string> lost_at(std::size_t index,
                                                   std::initializer_list<std::string_view> resources) const;
  /// Index of the last entry of that watch; zero when there was none.
  [[nodiscard]] std::size_t heard_last(std::string_view resource) const;
  /// Of the judged time, in order.
  [[nodiscard]] const std::vector<Hole>& holes() const { return holes_; }
  /// Why no verdict can rest on this recording at all; nullopt when one can.
  [[nodiscard]] const std::optional<std::string>& distrust() const { return distrust_; }
  /// Time up to which the harness was heard: of the last judged entry that is not the end of a step that it
  /// failed at.
  [[nodiscard]] Elapsed end_time() const { return end_time_; }

 private:
  const Timeline& timeline_;
  std::span<const Observation> judged_;
  std::span<const Observation> before_scale_down_;
  std::vector<RecordedStep> steps_;
  std::vector<Hole> holes_;
  /// Of each resource, in the order of KubeObject and in the whole recording.
  std::array<const Observation*, std::variant_size_v<KubeObject>> last_heard_{};
  std::optional<std::string> distrust_;
  Elapsed end_time_{0};
  bool cleanup_began_ = false;

  void listen(const Observation& seen);
  void reopen_last_hole();
};

}  // namespace stateproof::check
