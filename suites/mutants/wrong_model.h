#pragma once

#include <vector>

#include "suites/mutants/wrong_histories.h"

namespace stateproof::mutants {

/// Wrong histories that break the reference model of StatefulSets.
std::vector<WrongHistory> wrong_models();

}  // namespace stateproof::mutants
