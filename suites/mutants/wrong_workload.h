#pragma once

#include <vector>

#include "suites/mutants/wrong_histories.h"

namespace stateproof::mutants {

/// Wrong histories made from a recording of the scenario workload.
std::vector<WrongHistory> wrong_workloads();

}  // namespace stateproof::mutants
