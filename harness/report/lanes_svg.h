#pragma once

#include <string>

#include "harness/report/lanes.h"

namespace stateproof::report {

/// The picture as inline SVG; its colours are those of report.css. Steps and findings carry the numbers under
/// which the page speaks of them.
std::string lanes_svg(const Lanes& lanes);

/// The same for those who read rather than look: when each pod was created, Ready, gone.
std::string lives_table(const Lanes& lanes);

std::string lanes_legend();

}  // namespace stateproof::report
