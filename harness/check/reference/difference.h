#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::check {

/// Where an object as served is not what was written for it.
struct Difference {
  std::string field;     ///< "spec.containers[mariadb].image"
  std::string expected;  ///< JSON; "nothing" when the field should not be there
  std::string served;    ///< JSON; "nothing" when it is missing
};

/// A place in an object: names of fields, and of list elements their key or number.
using FieldPath = std::vector<std::string>;

/// Who else may write a field, and why. `expected` is null where nothing was written, `served` where nothing
/// is there.
struct Leeway {
  std::string_view
      where;             ///< "spec tolerations *": each star stands for one name; what is below is meant, too
  std::string_view why;  ///< "admission plugin DefaultTolerationSeconds"
  bool (*holds)(const nlohmann::json* expected, const nlohmann::json* served, const FieldPath& path);
};

/// Leeways for what nobody wrote.
bool is_added(const nlohmann::json* expected, const nlohmann::json* served, const FieldPath& path);
bool always(const nlohmann::json* expected, const nlohmann::json* served, const FieldPath& path);

/// Everything in which the two differ beyond the leeways. An empty value ({}, [], "", null) is as good
/// as none; quantities are compared by value; elements of lists are found by their key where they have one.
std::vector<Difference> differences(const nlohmann::json& expected, const nlohmann::json& served,
                                    const std::vector<Leeway>& leeways);

}  // namespace stateproof::check
