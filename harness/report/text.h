#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/model/timeline.h"

namespace stateproof::report {

/// What XML 1.0, JSON and a terminal may all carry: valid UTF-8 without control characters but tab and line
/// feed. Terminal escape sequences go, broken bytes become U+FFFD, and what turns the direction of a text, or
/// is a C1 control, is spelled out: "\u202e".
std::string valid_text(std::string_view text);

/// In one line: each run of blanks is one space.
std::string one_line(std::string_view text);

/// Code points, which is what a terminal shows of our texts.
std::size_t columns(std::string_view text);

/// At most `width` columns; "..." at the end where something was cut.
std::string cut(std::string_view text, std::size_t width);

/// Broken at blanks so that no line is wider than `width`; lines after the first begin with `indent` blanks,
/// which count. A word that does not fit (a URL) stays whole. Line feeds in the text stay.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

/// "8.1s", "3m 05s"
std::string duration_text(double seconds);

/// "+02.000s"
std::string moment_text(Elapsed at);

double in_seconds(Elapsed elapsed);

/// "1 promise", "5 promises"
std::string counted(std::size_t count, std::string_view noun);

}  // namespace stateproof::report
