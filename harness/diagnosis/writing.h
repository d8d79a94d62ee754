#pragma once

#include <string>

#include "harness/diagnosis/containers.h"
#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {

/// Gives a finding of a container that cannot write (volume-full, file-system-read-only, permission-denied)
/// the commands that let it, where its mounts show how. `line`: what the program said.
/// False when they do not show it.
bool let_it_write(const Workload& workload, const SeenPod& seen, const Container& container,
                  const std::string& line, Finding& finding);

/// Eight times as much: how much a program needs nobody says.
std::string more_than(const std::string& limit);

}  // namespace stateproof::diagnosis
