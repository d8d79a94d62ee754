#pragma once

#include <string>

#include "harness/model/timeline.h"
#include "harness/report/run_result.h"

namespace stateproof::report {

/// How a result is shown at the front of a line: a word for logs, a sign for terminals. Colour is never the
/// only difference.
struct MarkStyle {
  bool colour = false;
  bool unicode = false;
};

std::string mark(Standing::State state, MarkStyle style);
std::string mark(Step::Phase outcome, MarkStyle style);

/// Columns of the widest mark in this style.
std::size_t mark_columns(MarkStyle style);

}  // namespace stateproof::report
