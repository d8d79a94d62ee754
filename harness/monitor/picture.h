#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/monitor/scene.h"

namespace stateproof::monitor {

struct PictureStyle {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool colour = false;
};

/// The set, its pods, claims, endpoints and Events as lines of a terminal, no more and no wider than there is
/// room for. Where there is no room for all, what is not as it should be goes first. Pure: the same scene
/// gives the same lines.
std::vector<std::string> picture(const Scene& scene, const PictureStyle& style);

}  // namespace stateproof::monitor
