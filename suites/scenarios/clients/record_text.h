#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "harness/model/ledger.h"

namespace stateproof::scenarios {

/// What a workload is given to keep: the number of a writer's record, and a checksum, in one word.
std::string record_text(int writer, std::int64_t number);

struct Record {
  int writer = 0;
  std::int64_t number = 0;
  friend auto operator<=>(const Record&, const Record&) = default;
};

/// What the command `read` of a contract printed, a record a line: `present` and `damaged` of the rows. The
/// error quotes the first line that was never meant to be one of ours.
tl::expected<LedgerRows, std::string> rows_of_records(std::string_view printed);

/// Those of the records that the rows do not have.
std::set<Record> lacking(const LedgerRows& rows, const std::set<Record>& records);

}  // namespace stateproof::scenarios
