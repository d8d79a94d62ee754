#pragma once

#include <string>

#include "harness/report/run_result.h"

namespace stateproof::report {

/// "conformant", "nonconformant", ...: the class of report.css and the word beside it.
std::string_view css_of(Standing::State state);
std::string_view word_of(Standing::State state);

/// The word for a verdict, with its colour and its sign.
std::string badge(Outcome outcome);

/// Address of a promise within the page.
std::string anchor_of(const Standing& standing);
const std::string& title_of(const Standing& standing);

/// All promises by group, the ones that need attention unfolded.
std::string verdicts_section(const RunResult& run);

}  // namespace stateproof::report
