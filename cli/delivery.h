#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/commands.h"

namespace stateproof::cli {

/// Where the results of a run are taken to when it is over, besides its folder.
struct DeliveryOptions {
  std::string config_map;  ///< NAMESPACE/NAME of a ConfigMap that gets a summary; empty: none
  bool compares = false;   ///< with the run before in the same folder
  int keeps = 0;           ///< so many runs before this one; 0: all
  /// Where a Sonobuoy plugin puts junit.xml and the file that tells so; nullopt: this is none.
  std::optional<std::filesystem::path> plugin = {};
};

/// The folder of the results of a Sonobuoy plugin, as its environment says.
std::filesystem::path plugin_folder();

/// Takes them there. `code` is that of the run; gives it, 1 when the comparison shows that a promise is no
/// longer kept, 2 when something could not be taken there, which was said.
int deliver(const DeliveryOptions& options, const BeginOptions& begin, int code);

}  // namespace stateproof::cli
