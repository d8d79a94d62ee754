#pragma once

#include <cstdint>
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
  /// Rows that are there although their write certainly failed, or nobody wrote them.
  [[nodiscard]] Difference unwritten(const LedgerRows& rows) const;
  [[nodiscard]] std::int64_t acknowledged() const { return acknowledged_; }

 private:
  struct Writer {
    std::string ended;              ///< a WriteOutcome each, by number from 1 on; unknown where untold
    std::vector<std::size_t> told;  ///< index of the entry, for each row
    std::int64_t reserved = 0;      ///< the highest number that may have been used
  };
  [[nodiscard]] static WriteOutcome outcome(const Writer& writer, std::int64_t number);
  void note(Difference& difference, int writer, const Writer& book, std::int64_t number) const;

  std::map<int, Writer> writers_;
  std::int64_t acknowledged_ = 0;
};

}  // namespace stateproof::check
