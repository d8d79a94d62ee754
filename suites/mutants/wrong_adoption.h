#pragma once

#include <vector>

#include "suites/mutants/wrong_histories.h"

namespace stateproof::mutants {

/// Wrong histories made from a recording of the scenario adoption.
std::vector<WrongHistory> wrong_adoptions();

}  // namespace stateproof::mutants
