#pragma once

#include <vector>

#include "suites/mutants/wrong_histories.h"

namespace stateproof::mutants {

std::vector<WrongHistory> wrong_upgrades();

}  // namespace stateproof::mutants
