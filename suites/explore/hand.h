#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "suites/explore/sequence.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::explore {

/// Does on a cluster what a sequence says. What the API server refuses is an answer like any other; each act
/// gives it as text.
class Hand {
 public:
  Hand(scenarios::Stage& stage, const Shape& shape);

  std::string create();
  std::string act(const Operation& operation);
  /// Takes away what holds pods, so that nothing is left that only we can end.
  std::string let_go();
  /// Undoes what keeps the set from rest: whatever has no end of its own. It wants a pod at least, then.
  void heal();
  /// Pods below it may keep a template that was given up.
  void drop_partition();

 private:
  std::string scale(int replicas);
  std::string stale_scale(int replicas);
  void want_a_pod();
  std::string edit_template(const Operation& operation);
  std::string break_template(int how);
  std::string write_template(const nlohmann::json& pods);
  std::string max_unavailable(int value);
  std::string hold_pod(const std::string& pod);
  std::string unready(const std::string& pod);
  std::string ready();
  std::string label_pods(const char* from, const char* to);
  std::string occupy();
  std::string vacate();
  std::string add_owner(const std::string& pod);
  std::string drop_owner();
  std::string delete_set(int how);
  std::string recreate_set();
  std::string budget(int kind);
  std::string evict(const std::string& pod);
  std::string write_status(int ready);
  std::string restart_controller();

  std::string patch_set(const nlohmann::json& patch);
  std::string patch_pod(const std::string& pod, const nlohmann::json& patch,
                        const std::string& subresource = {});
  std::string delete_pod(const std::string& pod);
  std::string run_in(const std::string& pod, const std::string& script);
  [[nodiscard]] std::string pod_name(const Operation& operation) const;
  [[nodiscard]] std::vector<std::string> pods_that(const std::function<bool(const Pod&)>& hold) const;

  scenarios::Stage& stage_;
  const Subject& subject_;
  std::vector<nlohmann::json> objects_;  ///< Service and set, as created
  nlohmann::json template_;              ///< the last that was written
  nlohmann::json good_template_;         ///< the last whose pods become Ready
  nlohmann::json stranger_;              ///< what owns pods beside the set; null: nothing yet
};

}  // namespace stateproof::explore
