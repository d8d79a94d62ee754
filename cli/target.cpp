#include "cli/target.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace stateproof::cli {

std::optional<std::string> set_of(const std::vector<std::string>& target) {
  if (target.empty()) return std::nullopt;
  std::string kind = target.front();
  std::string name = target.size() > 1 ? target.at(1) : "";
  if (const auto slash = kind.find('/'); slash != std::string::npos && target.size() == 1) {
    name = kind.substr(slash + 1);
    kind.resize(slash);
  }
  static constexpr std::array<std::string_view, 4> kKinds{"statefulset", "statefulsets", "sts",
                                                          "statefulsets.apps"};
  if (name.empty() || std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end()) return std::nullopt;
  return name;
}

}  // namespace stateproof::cli
