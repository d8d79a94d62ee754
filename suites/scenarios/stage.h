#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/kube/watch.h"
#include "harness/lease/namespace_lease.h"
#include "harness/record/recorder.h"
#include "suites/scenarios/scenario.h"

namespace stateproof::scenarios {

/// The harness is broken or blind: the scenario ends without a word on the cluster.
struct HarnessTrouble : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("Interrupted.") {}
};

/// Namespaces that a run of this request leases.
lease::LeaseRequest lease_request(const ScenarioRequest& request);

/// Where a scenario plays: leased namespaces, a recorder with its watches, and the steps that it writes.
class Stage {
 public:
  /// Creates the recording; throws HarnessTrouble when it cannot. `request` must outlive the stage.
  Stage(const ScenarioRequest& request, Subject subject);

  /// Leases the namespaces and starts the watches. Throws HarnessTrouble.
  void open();

  [[nodiscard]] const kube::Client& client() const { return request_.client; }
  [[nodiscard]] record::Recorder& recorder() { return recorder_; }
  [[nodiscard]] const Subject& subject() const { return subject_; }
  [[nodiscard]] const std::string& client_namespace() const { return lease_->names().at(1); }
  [[nodiscard]] const ScenarioRequest& request() const { return request_; }
  [[nodiscard]] const std::stop_token& stop() const { return request_.stop; }

  /// Creates an object in the namespace; throws HarnessTrouble when the API server refuses.
  void create(const kube::Resource& resource, const std::string& ns, const nlohmann::json& object);

  /// Writes the step's begin, acts, waits for the condition, writes the step's end. False when the cluster
  /// did not do it in time; throws Interrupted, and HarnessTrouble when blind or when the condition became
  /// impossible.
  template <class Action>
  bool step(const std::string& name, const nlohmann::json& args, const std::string& text, Action act,
            const record::Condition& condition, const record::Within& within) {
    begin(name, args, text);
    try {
      act();
    } catch (const HarnessTrouble& trouble) {
      end(name, args, Step::Phase::kFailed, trouble.what());
      throw;
    }
    return await(name, args, condition, within);
  }

  void begin(const std::string& name, const nlohmann::json& args, const std::string& text);
  void end(const std::string& name, const nlohmann::json& args, Step::Phase phase, const std::string& text);

  /// Deletes what was created, if anything was, and waits until it is gone. Gives what is left, each with the
  /// command that removes it.
  std::vector<std::string> clean_up();
  void finish(End end);

 private:
  bool await(const std::string& name, const nlohmann::json& args, const record::Condition& condition,
             const record::Within& within);
  void watch(const kube::Resource& resource, const std::string& ns, const std::string& label_selector = {});
  void require(const record::Waited& waited) const;
  [[nodiscard]] record::Standing furnished(const record::View& view) const;
  [[nodiscard]] record::Standing all_gone(const record::View& view) const;
  [[nodiscard]] std::vector<std::string> left_behind(const record::View& view) const;

  const ScenarioRequest& request_;
  Subject subject_;
  record::Recorder recorder_;
  std::unique_ptr<lease::NamespaceLease> lease_;
  kube::Watcher watcher_;  // after the recorder: its sinks must outlive it
};

}  // namespace stateproof::scenarios
