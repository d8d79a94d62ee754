#pragma once

#include <vector>

#include "suites/mutants/wrong_histories.h"

namespace stateproof::mutants {

/// Wrong histories made from recordings of several scenarios.
std::vector<WrongHistory> wrong_claim_lifetimes();

}  // namespace stateproof::mutants
