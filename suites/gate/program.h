#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "harness/model/harness_error.h"

namespace stateproof::gate {

/// A file of this program as it runs.
struct ProgramFile {
  std::string name;  ///< "stateproof", "loader", or a library's own name
  std::string bytes;
};

/// This program, the shared libraries that it has loaded and the loader itself, without what only a debugger
/// reads: enough to start it in any image of the same machine type, whatever libraries that one has.
tl::expected<std::vector<ProgramFile>, HarnessError> running_program();

/// What starts this program once more: its own file, or, where a loader was called by name with it (as a
/// package does that brings its libraries), that loader, the folder of its libraries, and the file.
std::vector<std::string> own_command();

/// The part of an ELF file that is loaded when it runs; unchanged when it is none.
std::string loadable_part(std::string file);

}  // namespace stateproof::gate
