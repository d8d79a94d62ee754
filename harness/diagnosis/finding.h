#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/rfc3339.h"

namespace stateproof::diagnosis {

/// Where a cause can be seen.
struct Evidence {
  std::string object;  ///< "Pod shop/web-0"
  std::string field;   ///< "status.phase", "event FailedScheduling", "log of container mariadb"
  std::string value;
  std::optional<Timestamp> at = {};  ///< when it was so, where the object says it
};

/// A step of a remedy. Parts in angle brackets are the reader's to fill in.
struct Remedy {
  std::string text;
  std::string command = {};  ///< for a shell; empty when there is none
};

struct Finding {
  std::string_view id;  ///< "storage-class-missing"
  std::string cause;    ///< one sentence
  std::vector<Evidence> evidence;
  std::vector<Remedy> remedy;  ///< steps, in order
  std::string trap = {};       ///< what makes it worse, or does not help although it looks so
  /// Other pods that suffer from the same cause, or wait for the pod that does.
  std::vector<std::string> also = {};
  std::vector<std::string> waiting = {};
  bool note = false;  ///< nothing is wrong: worth knowing only
};

}  // namespace stateproof::diagnosis
