#pragma once

#include <string>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::report {

/// What the clients of a ledger were served over time.
struct Rates {
  /// One column of the picture, from `from` on.
  struct Bucket {
    Elapsed from{0};
    double acknowledged = 0;  ///< writes a second
    double refused = 0;       ///< writes a second that failed, or of whose outcome nobody said
    double reads = 0;         ///< a second, of all members together
  };
  /// From the begin of a disruption to the first writes and reads after it.
  struct Disturbance {
    std::string name;
    Elapsed from{0};
    Elapsed to{0};
  };
  Elapsed end{0};
  Elapsed width{0};  ///< of a bucket
  std::vector<Bucket> buckets;
  std::vector<Disturbance> disturbances;
};

/// No buckets when the recording has no ledger.
Rates rates_of(const Timeline& timeline);

/// The picture as inline SVG, as wide as the swim lanes and on the same scale of time.
std::string rates_svg(const Rates& rates);
std::string rates_legend();

}  // namespace stateproof::report
