#pragma once

#include <string>

#include "harness/evidence/bundle.h"
#include "harness/evidence/gather.h"

namespace stateproof::evidence {

/// Path in the bundle of what was found about one promise.
std::string finding_file(const report::PromiseResult& verdict);

/// What is in the bundle, what is not and why; the first thing that a reader opens.
std::string index_page(const Request& request, const Bundle& bundle);

}  // namespace stateproof::evidence
