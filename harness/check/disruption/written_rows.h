#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::check {

/// What the clients of a ledger were told of each row that they wrote, as far as the recording had it when
/// `until` was written.
class WrittenRows {
 public:
  WrittenRows(const Timeline& timeline, const Observation& until);

  /// One way in which a member's rows differ from what was written.
  struct Difference {
    std::int64_t count = 0;
    int writer = 0;
    std::int64_t first = 0;    ///< the first such row
    std::size_t evidence = 0;  ///< entry that told of it; 0: nothing told of it
  };
  /// Rows that were acknowledged and are not there.
  [[nodiscard]] Difference lost(const LedgerRows& rows) const;
  /// The same of those writers for whom `concerns` holds.
  [[nodiscard]] Difference lost(const LedgerRows& rows, const std::function<bool(int)>& concerns) const;
  /// Rows that are there although their write certainly failed, or nobody wrote them.
  [[nodiscard]] Difference unwritten(const LedgerRows& rows) const;
  [[nodiscard]] std::int64_t acknowledged() const { return acknowledged_; }

 private:
  /// What was told last of a row.
  struct Told {
    std::int64_t number = 0;
    char ended = 0;         ///< a WriteOutcome
    std::size_t entry = 0;  ///< index
  };
  /// Memory and time grow with what was told, whatever the numbers are.
  struct Writer {
    std::vector<Told> told;     ///< ascending, each number once; of others nothing is known
    std::int64_t reserved = 0;  ///< the highest number that may have been used
  };
  void take(Writer& writer, std::vector<Told> told);

  std::map<int, Writer> writers_;
  std::int64_t acknowledged_ = 0;
};

}  // namespace stateproof::check
