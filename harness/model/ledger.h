#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace stateproof {

/// How a write ended, by what its client was told. Failed: certainly without effect. Unknown: nobody said.
enum class WriteOutcome : char { kOk = 'o', kFailed = 'f', kUnknown = 'u' };

/// Writes of one client, told together: the i-th of them wrote the row of number `first + i`. Times are the
/// client's, moved to the recorder's clock when they were received.
struct LedgerWrites {
  int writer = 0;
  std::int64_t first = 1;
  std::vector<std::chrono::microseconds> began;  ///< since the recording began
  std::vector<std::chrono::microseconds> took;
  std::string ended;  ///< a WriteOutcome each
  std::string note;   ///< the newest error among them

  [[nodiscard]] std::int64_t next() const { return first + static_cast<std::int64_t>(ended.size()); }
};

/// A client may use numbers up to this one from now on. Those of which nothing else is known were perhaps
/// used.
struct LedgerReserved {
  int writer = 0;
  std::int64_t to = 0;
};

/// "start", "rest" (no write is under way, and none follows before the next LedgerWrites), "stop".
struct LedgerState {
  std::string what;
  int writer = -1;  ///< of a rest
};

/// A client asked a member for its newest rows.
struct LedgerRead {
  std::string member;  ///< pod name
  bool ok = false;
  std::chrono::microseconds began{0};  ///< since the recording began
  std::chrono::microseconds took{0};
  std::string address;                 ///< that was spoken to
  std::string host;                    ///< what the server calls itself
  std::map<int, std::int64_t> newest;  ///< number of each writer's newest row
  std::string note;                    ///< error text
};

/// Rows of one writer that a member has.
struct LedgerRuns {
  std::int64_t rows = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> runs;  ///< first and last number, ascending
  std::vector<std::int64_t> repeated;  ///< numbers that are there more than once; at most 20
  std::int64_t repeated_count = 0;
};

/// Everything that one member has, and what it says of itself, read in one go.
struct LedgerRows {
  std::string member;  ///< pod name
  bool ok = false;
  std::string note;       ///< error text; what follows may be known all the same
  std::string awaited;    ///< position that it had to reach before it was read; empty: it was read as it was
  bool caught_up = true;  ///< it reached it
  std::string host;
  std::string server;  ///< its id in the replication
  bool read_only = false;
  std::string position;     ///< newest transaction that it has
  std::string logged;       ///< newest transaction in its own log
  std::string checksum;     ///< of the table
  std::string replication;  ///< "none", "running", or what stands still
  std::map<int, LedgerRuns> present;
  std::vector<std::pair<int, std::int64_t>> damaged;  ///< writer and number of rows that hold something else
  std::int64_t damaged_count = 0;
};

}  // namespace stateproof
