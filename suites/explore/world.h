#pragma once

#include <set>

#include "suites/explore/operation.h"

namespace stateproof::explore {

/// How a set is created: what cannot be changed afterwards, and where it begins.
struct Shape {
  int replicas = 2;
  int start = 0;
  bool parallel = false;
  bool claims = false;
  bool on_delete = false;
  int min_ready = 0;  ///< as of Kind::kMinReady
  int retention = 0;  ///< as of Kind::kRetention
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// What an exploration knows of its set without a look at the cluster: enough to tell which operations make
/// sense next.
class World {
 public:
  explicit World(const Shape& shape);

  /// The operation's precondition.
  [[nodiscard]] bool admits(const Operation& operation) const;
  void apply(const Operation& operation);

 private:
  Shape shape_;
  bool exists_ = true;
  int replicas_;
  int start_;
  int partition_ = 0;
  bool on_delete_;
  bool broken_ = false;
  bool edited_ = false;
  bool budget_ = false;
  bool occupied_ = false;
  std::set<int> held_;  ///< offsets of pods that a finalizer may hold
  std::set<int> unready_;
  std::set<int> strayed_;
  std::set<int> shared_;  ///< with a foreign owner
};

}  // namespace stateproof::explore
