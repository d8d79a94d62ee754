#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof {

/// Many values of one figure, summed up.
struct Distribution {
  std::string name;  ///< "replication lag"
  std::string unit;  ///< "ms"
  std::size_t count = 0;
  double median = 0;  ///< the upper one of an even count
  double p95 = 0;     ///< not exceeded by 95 % of them
  double p99 = 0;
  double largest = 0;
  std::size_t beyond = 0;  ///< further ones whose end was not recorded
};

/// Of no values: a count of zero.
Distribution distribution_of(std::string name, std::string unit, std::vector<double> values,
                             std::size_t beyond = 0);

/// How the clients of a ledger were served from the begin of a disruption until all members served again.
struct DisturbedService {
  std::string disruption;
  Elapsed begin{0};
  Elapsed recovered{0};
  double write_gap = 0;     ///< seconds; the longest time without an acknowledged write
  double availability = 0;  ///< per cent of the tenths of a second in which a write was acknowledged
  double recovery = 0;      ///< seconds; zero when it did not recover in time
};

/// What the clients of a ledger were served, in figures. Times are the clients' own.
/// Two figures of replicas, each for reads at rest and for reads while disturbed:
/// - replication lag, the age of the oldest acknowledged row that a read did not show; zero if it showed all;
/// - read-your-own gap, of the row that was acknowledged last when a replica was read: the time until a read
///   of it showed that row; zero when this one did.
/// The clients ask at once again for a row that they miss. A read is disturbed when it began while something
/// was disturbed or scaled, and afterwards until its replica has caught up again, which may take longer than
/// the recovery: a replica that lost its claim replays everything, and one whose primary was away tries to
/// connect each 10 s.
struct Served {
  std::vector<DisturbedService> disruptions;  ///< in the order in which they were played
  std::vector<Distribution> distributions;    ///< those of which there are values
};

/// Empty when the recording has no ledger.
Served served_of(const Timeline& timeline);

}  // namespace stateproof
