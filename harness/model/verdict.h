#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/ids.h"

namespace stateproof {

/// In the order in which they dominate when verdicts are combined.
enum class Outcome { kNotApplicable, kConformant, kInconclusive, kNonconformant };

/// "conformant", "nonconformant", "inconclusive", "not applicable"
std::string_view to_text(Outcome outcome);

/// One way in which a requirement was not met, with the entries that show it.
struct Finding {
  ObjectRef object;
  std::string expected;
  std::string observed;
  std::vector<std::size_t>
      evidence;         ///< Observation::index, ascending; the last one is the moment of the breach
  std::string look_at;  ///< field, object or command where a person looks next
};

/// A figure that is reported, never judged.
struct Measurement {
  std::string name;  ///< "DNS lag after replacement"
  double value = 0;
  std::string unit;  ///< "s"
  std::string of;    ///< object or ordinal it belongs to
};

struct Verdict {
  Outcome outcome = Outcome::kInconclusive;
  std::string reason;             ///< for conformant: what was judged ("7 creations, 3 terminations")
  std::vector<Finding> findings;  ///< not empty when, and only when, nonconformant
  std::vector<Measurement> measurements;
};

Verdict conformant(std::string judged);
Verdict inconclusive(std::string why);
Verdict not_applicable(std::string why);
Verdict nonconformant(std::vector<Finding> findings);

/// The one that dominates; the first of two that are alike.
Verdict worse(Verdict one, Verdict other);

}  // namespace stateproof
