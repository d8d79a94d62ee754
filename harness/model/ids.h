#pragma once

#include <compare>
#include <string>
#include <utility>

namespace stateproof {

/// Position of a pod in its StatefulSet, as in the pod's name.
struct Ordinal {
  int value = 0;
  friend auto operator<=>(Ordinal, Ordinal) = default;
};

/// Wanted or counted number of pods.
struct Replicas {
  int value = 0;
  friend auto operator<=>(Replicas, Replicas) = default;
};

/// metadata.uid: it distinguishes two objects with the same name.
struct Uid {
  std::string value;
  [[nodiscard]] bool empty() const { return value.empty(); }
  friend auto operator<=>(const Uid&, const Uid&) = default;
};

/// Which object an entry, a fault or a finding is about.
struct ObjectRef {
  std::string kind;  ///< as served, for example "Pod"
  std::string ns;    ///< empty for cluster-wide objects
  std::string name;
  Uid uid;
  /// "Pod database/mariadb-0"
  [[nodiscard]] std::string text() const { return kind + " " + (ns.empty() ? "" : ns + "/") + name; }
  friend auto operator<=>(const ObjectRef&, const ObjectRef&) = default;
};

}  // namespace stateproof
