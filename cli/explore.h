#pragma once

#include <vector>

#include "cli/commands.h"

namespace stateproof::cli {

struct ExploreOptions {
  BeginOptions begin;  ///< its seed is that of the first sequence
  double minutes = 10;
  int sets = 2;                ///< side by side
  int operations = 12;         ///< of each sequence
  std::vector<int> only = {};  ///< numbers of the one sequence's operations that are played; empty: all
  int replays = 12;            ///< at most, to shrink one breach; 0: none is shrunk
  std::string broken_at = {};  ///< kind of operation after which a broken controller is played; empty: none
  bool is_part = false;        ///< a process that plays one sequence of an exploration
};

/// Plays sequences of operations that are drawn at random, judges each by the reference model, and shrinks
/// what broke a promise. The exit code is that of the report.
int explore(const ExploreOptions& options);

}  // namespace stateproof::cli
