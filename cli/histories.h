#pragma once

#include <filesystem>
#include <string>

namespace stateproof::cli {

struct HistoriesOptions {
  std::filesystem::path folder;  ///< of unpacked recordings; empty: those that this program was built beside
  std::string requirement;       ///< id, "ORD-01"
};

/// Judges the recordings of the requirement's scenario by its checker: the good one, and the wrong ones made
/// of it or recorded of a mutant that the requirement has to condemn. Tells each verdict; 1 when one is not
/// as it has to be, 2 when there is nothing to judge.
int judge_histories(const HistoriesOptions& options);

}  // namespace stateproof::cli
