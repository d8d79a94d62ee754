#pragma once

#include <string>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof::report {

/// One line: "#17  +02.000s  rv 1002  MODIFIED  mariadb-1  Running Ready".
std::string render(const Observation& seen);

/// The evidence marked '>' with two entries before and after each, at most twelve entries; "..." stands for
/// what is left out in between. Repeated DNS answers and objects that nobody judges are left out unless they
/// are evidence themselves.
std::vector<std::string> excerpt(const Timeline& timeline, const Finding& finding);

}  // namespace stateproof::report
