#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/record/recorder.h"
#include "suites/scenarios/engine/conditions.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::scenarios {

/// One sleeper starts or ends within seconds, a volume is provisioned for it in a few more.
inline const record::Within kSleepersStart{
    std::chrono::seconds{120}, "up to four pods that start within seconds, each with a new volume"};
inline const record::Within kSleepersStop{std::chrono::seconds{90},
                                          "up to four pods that end within seconds, one after the other"};

inline const record::Within kRollout{std::chrono::seconds{120},
                                     "three pods that each stop and start within seconds"};

/// The steps that plays with a set of sleepers have in common.
class Sleepers {
 public:
  explicit Sleepers(Stage& stage) : stage_(stage) {}

  /// Creates Service and set, as `wanted` or as the request's mutation has them, and waits. Step "create".
  void create(const std::vector<nlohmann::json>& wanted, const record::Condition& until);
  /// Makes a held pod Ready. Step "release"; `until` is awaited besides.
  void release(Ordinal ordinal, const record::Condition& until);
  /// Makes a pod unready and waits until the controller has counted it. Step "unready".
  void make_unready(Ordinal ordinal, Replicas still_ready);
  /// Deletes the pod that the step is about and waits for a Ready successor.
  template <StepType S>
  void replace(const S& step) {
    Uid former;
    stage_.step(
        step, fmt::format("delete {} and wait for its replacement", stage_.subject().pod_name(step.ordinal)),
        [&] { former = stage_.delete_pod(step.ordinal); },
        [&](const record::View& view) { return replaced(stage_.subject(), step.ordinal, former)(view); },
        kSleepersStart);
  }

  /// From now on the pod stays when it is deleted, for its grace period, until it is released.
  /// What happens before that has not waited for its end.
  void make_stay(const std::string& pod);
  void let_end(const std::string& pod);

  /// Reads the host names inside these pods' containers. Step "host-names".
  void read_host_names(const std::vector<Ordinal>& wanted);

  /// `count` pods from the subject's first ordinal on.
  [[nodiscard]] std::vector<Ordinal> first(int count) const;
  [[nodiscard]] Ordinal ordinal(int offset) const { return {stage_.subject().first.value + offset}; }

 private:
  Stage& stage_;
};

/// The sleepers' container with an image that no node has and nobody tries to pull.
nlohmann::json with_missing_image(nlohmann::json container);

}  // namespace stateproof::scenarios
