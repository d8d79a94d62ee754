#pragma once

#include <string_view>
#include <vector>

#include "harness/model/promise.h"

namespace stateproof {

/// Every promise that the suite judges, in the order in which a report tells them. The addresses are stable.
const std::vector<Promise>& catalogue();

/// The promise with this id, for example "ordered-creation"; null when there is none.
const Promise* find_promise(std::string_view id);

}  // namespace stateproof
