#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/report/run_result.h"

namespace stateproof::report {

/// One line of the table "StatefulSet and Deployment": what the recording shows of both.
struct ContrastLine {
  std::string_view feature;  ///< "Pod names"
  std::string set;
  std::string deployment;
};

/// Empty when the recording shows no pods of a Deployment.
std::vector<ContrastLine> contrast_lines(const Timeline& timeline);

/// The lines as rows of a table, each with the verdicts of the promises in `run` that compare this feature:
/// "<tr>...</tr>" and so on.
std::string contrast_rows(const std::vector<ContrastLine>& lines, const RunResult& run);

}  // namespace stateproof::report
