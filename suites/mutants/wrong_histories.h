#pragma once

#include <string_view>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::mutants {

/// What a broken cluster would have shown, made from the recording of a good one: for requirements that no
/// wrong deployment can break.
struct WrongHistory {
  std::string_view name;
  std::string_view title;
  std::string_view promise;      ///< id of the promise that catches it; its scenario's recording is distorted
  std::string_view requirement;  ///< id of a requirement that must be among the findings
  void (*distort)(Timeline& recording);
};

const std::vector<WrongHistory>& wrong_histories();

}  // namespace stateproof::mutants
