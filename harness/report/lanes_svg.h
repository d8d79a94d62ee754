#pragma once

#include <string>

#include "harness/report/lanes.h"

namespace stateproof::report {

/// Of the picture, in pixels; what stands above or below it has the same.
inline constexpr double kPictureWidth = 1180;
inline constexpr double kPictureLeft = 112;  ///< names of pods
inline constexpr double kPictureRight = 16;

/// The picture as inline SVG; its colours are those of report.css. Steps and findings carry the numbers under
/// which the page speaks of them.
std::string lanes_svg(const Lanes& lanes);

/// The same for those who read rather than look: when each pod was created, Ready, gone.
std::string lives_table(const Lanes& lanes);

std::string lanes_legend();

}  // namespace stateproof::report
