#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <type_traits>
#include <vector>

#include "harness/kube/watch.h"
#include "harness/lease/namespace_lease.h"
#include "harness/model/steps.h"
#include "harness/record/recorder.h"
#include "suites/scenarios/engine/scenario.h"

namespace stateproof::scenarios {

/// The harness is broken or blind: the scenario ends without a word on the cluster.
struct HarnessTrouble : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("Interrupted.") {}
};
/// The scenario is over before its last step: the cluster did not do what a step asked for, so that what
/// comes after it would mean nothing, or no more was wanted. The recording tells which.
struct Curtain {};

/// Has the step tell what was answered to its request.
template <StepType S>
void note(S& step, const Answer& answer) {
  step.code = answer.code;
  if (!answer.message.empty()) step.message = answer.message;
}

/// Namespaces that a run of this request leases.
lease::LeaseRequest lease_request(const Scenario& scenario, const ScenarioRequest& request);

/// Where a scenario plays: leased namespaces, a recorder with its watches, and the steps that it writes.
class Stage {
 public:
  /// Creates the recording; throws HarnessTrouble when it cannot. Both must outlive the stage.
  Stage(const Scenario& scenario, const ScenarioRequest& request);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  /// Leases the namespaces and starts the watches. Throws HarnessTrouble.
  void open();
  /// Whether namespaces were leased, which must be cleaned up.
  [[nodiscard]] bool is_open() const { return lease_ != nullptr; }

  /// Not empty: why the namespaces are no longer ours. Then `stop` is asked for, and nothing can be
  /// changed.
  [[nodiscard]] std::string loss() const;

  /// Changes something only while the namespaces are ours.
  [[nodiscard]] const kube::Client& client() const { return client_; }
  [[nodiscard]] record::Recorder& recorder() { return recorder_; }
  [[nodiscard]] const Subject& subject() const { return subject_; }
  [[nodiscard]] const std::vector<std::string>& namespaces() const { return namespaces_; }
  [[nodiscard]] const std::string& client_namespace() const { return namespaces_.at(1); }
  /// The recording that is continued; null when this one began with this process.
  [[nodiscard]] const Timeline* former() const { return former_ ? &*former_ : nullptr; }
  [[nodiscard]] const ScenarioRequest& request() const { return request_; }
  /// Asked for by the user, or because the namespaces are lost.
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }

  /// Each throws HarnessTrouble when the API server refuses.
  nlohmann::json create(const kube::Resource& resource, const std::string& ns, const nlohmann::json& object);
  void create(const std::vector<nlohmann::json>& objects);  ///< in the subject's namespace
  nlohmann::json patch(const kube::Resource& resource, const std::string& name, const nlohmann::json& merge);
  /// Asks for a change that may be refused and gives the answer: of code 200, or for example 422 and why.
  Answer ask(const kube::Resource& resource, const std::string& name, const nlohmann::json& merge);
  /// Gives the Scale as served.
  nlohmann::json scale(int replicas) { return scale(subject_, replicas); }
  nlohmann::json scale(const Subject& set, int replicas);
  [[nodiscard]] nlohmann::json read_scale() const;
  void remove(const kube::Resource& resource, const std::string& name, const kube::DeleteOptions& how = {});
  /// The pod that bears this name now; without a UID when none is known.
  [[nodiscard]] ObjectRef pod_now(const std::string& name) const;
  [[nodiscard]] ObjectRef pod_now(Ordinal ordinal) const { return pod_now(subject_.pod_name(ordinal)); }
  /// Deletes the pod that bears this name now, marks the fault, and gives the pod's UID.
  Uid delete_pod(Ordinal ordinal) { return delete_pod(subject_.pod_name(ordinal)); }
  Uid delete_pod(const std::string& name);
  /// Asks for the eviction of the pod that bears this name now, marks the fault, and gives the answer:
  /// of code 201, or 429 and why when a budget refuses.
  Answer evict(Ordinal ordinal);
  /// Runs a command in the subject's container of that pod and gives what it printed.
  std::string exec(Ordinal ordinal, const std::vector<std::string>& command);
  std::string exec(const std::string& pod, const std::vector<std::string>& command);
  /// The objects with the request's mutation, if it has one.
  [[nodiscard]] std::vector<nlohmann::json> mutated(std::vector<nlohmann::json> objects) const;

  /// Writes the step's begin, acts, waits for the condition, writes the step's end. False when the cluster
  /// did not do it in time; throws Interrupted, and HarnessTrouble when blind or when the condition became
  /// impossible. An `act` that takes the step notes there what its end is to tell: the API server's answer.
  template <StepType S, class Action>
  bool attempt(S step, const std::string& text, Action act, const record::Condition& condition,
               const record::Within& within) {
    begin(step, text);
    try {
      if constexpr (std::is_invocable_v<Action&, S&>)
        act(step);
      else
        act();
    } catch (const HarnessTrouble& trouble) {
      end(step, Step::Phase::kFailed, trouble.what());
      throw;
    }
    return await(step, condition, within);
  }

  /// The same, and the scenario is over (Curtain) when the cluster did not do it in time.
  template <StepType S, class Action>
  void step(const S& step, const std::string& text, Action act, const record::Condition& condition,
            const record::Within& within) {
    if (!attempt(step, text, std::move(act), condition, within)) throw Curtain{};
  }

  /// A step whose point is that nothing happens. It ends when the StatefulSet controller has twice worked
  /// through the set after `act`: a change of spec.revisionHistoryLimit, which moves no pod, comes back as
  /// status.observedGeneration. So the silence is the controller's, and not just short.
  template <class Action>
  void hold(const Task& task, const std::string& text, Action act) {
    begin(task, text);
    try {
      act();
    } catch (const HarnessTrouble& trouble) {
      end(task, Step::Phase::kFailed, trouble.what());
      throw;
    }
    hold_still(task);
  }

  /// Waits where there is nothing to watch; ends at once when the user interrupts.
  void pause(std::chrono::milliseconds duration) const;

  /// For what cannot be watched: asks, ever less often, until nothing speaks against it. Throws
  /// HarnessTrouble with what does when the limit is over.
  void ask_until(std::chrono::seconds limit, const std::function<std::string()>& objection) const;

  /// Throws what keeps the play from going on when a wait did not reach its condition.
  void require(const record::Waited& waited) const;

  void begin(const Task& task, const std::string& text);
  /// Throws Curtain after the step that the request names as the last one.
  void end(const Task& task, Step::Phase phase, const std::string& text);

  /// Deletes what was created, if anything was, and waits until it is gone. Gives what is left, each with the
  /// command that removes it.
  std::vector<std::string> clean_up();
  void finish(End end);

 private:
  class NamespaceGuard;
  void take_namespaces();
  void copy_pull_secret();
  void tell(const std::string& text);
  void lose(const std::string& why);
  [[nodiscard]] std::optional<std::string> objection() const;
  /// Recorder::await, but a time-out counts only when every watch was heard over a new connection since.
  record::Waited await_heard(const record::Condition& condition, const record::Within& within);
  bool await(const Task& task, const record::Condition& condition, const record::Within& within);
  void hold_still(const Task& task);
  void watch(const kube::Resource& resource, const std::string& ns, const std::string& label_selector = {});
  [[nodiscard]] record::Standing furnished(const record::View& view) const;
  [[nodiscard]] record::Standing all_gone(const record::View& view) const;
  /// Volumes that nobody deletes, by their reclaim policy.
  enum class Retained { kPassedOver, kNamed };
  [[nodiscard]] std::vector<std::string> left_behind(const record::View& view, Retained retained) const;

  const Scenario& scenario_;
  const ScenarioRequest& request_;
  mutable std::mutex mutex_;
  std::string loss_;
  std::stop_source stopping_;
  const std::stop_token stop_ = stopping_.get_token();
  const kube::Client client_;
  Subject subject_;
  std::vector<std::string> namespaces_;
  std::optional<Timeline> former_;  ///< that is continued
  record::Recorder recorder_;
  std::unique_ptr<lease::NamespaceLease> lease_;
  std::unique_ptr<NamespaceGuard> guard_;
  kube::Watcher watcher_;  // after the recorder and the guard: its sinks must outlive it
  std::stop_callback<std::function<void()>> on_user_stop_;
};

}  // namespace stateproof::scenarios
