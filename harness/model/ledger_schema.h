#pragma once

#include "harness/model/ledger.h"
#include "harness/model/schema.h"

/// What recordings and the ledger's own programs have in common when they tell of rows.
namespace stateproof::schema {

/// Numbers of rows, from 1 on.
inline constexpr Bounds kRowNumber{1, 1'000'000'000'000};

template <>
struct Fields<LedgerRuns> {
  static void of(auto& runs, auto&& field) {
    field("rows", runs.rows);
    field("runs", runs.runs);
    field("repeated", runs.repeated);
    field("repeatedCount", runs.repeated_count);
  }
};

/// Throws Unfit unless each write has an outcome, a begin and a duration.
inline void require_whole(const LedgerWrites& writes) {
  if (writes.began.size() != writes.ended.size() || writes.took.size() != writes.ended.size())
    throw Unfit("writes without their times");
  if (writes.ended.find_first_not_of("ofu") != std::string::npos)
    throw Unfit("\"ended\" is not made of the letters o, f and u");
}

}  // namespace stateproof::schema
