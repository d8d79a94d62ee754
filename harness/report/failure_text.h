#pragma once

#include <string>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"
#include "harness/report/run_result.h"

namespace stateproof::report {

/// One line: "#17  +02.000s  rv 1002  MODIFIED  mariadb-1  Running Ready".
std::string render(const Observation& seen);

/// The evidence marked '>' with two entries before and after each, at most twelve entries; "..." stands for
/// what is left out in between.
std::vector<std::string> excerpt(const Timeline& timeline, const Finding& finding);

/// The verdict on one requirement for people: what is required, expected and observed, the timeline, where to
/// look.
std::string text_of(const RequirementResult& requirement, const std::string& replay = {});

/// The verdict on a promise: each requirement that is not conformant in full, each other one in a line.
std::string text_of(const PromiseResult& promise);

}  // namespace stateproof::report
