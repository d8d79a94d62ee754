#pragma once

#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/model/verdict.h"

namespace stateproof {

/// A pure function of a recording.
using Checker = Verdict (*)(const Timeline&);

enum class Level { kBlocking, kInforming };

/// In which runs something has its place.
enum class Profile {
  kQuick,        ///< the five promises, in two minutes
  kConformance,  ///< all that any cluster can be judged on
  kDisruptive,   ///< nodes are touched
  kUpgrade,      ///< the cluster is upgraded meanwhile; has what quick has, and its own
  kWorkload,     ///< somebody's own set is judged, and nothing else
};
/// Whether a run of profile `run` has what stands under `item`: each profile has what the ones before it
/// have, an upgrade the quick ones, and somebody's own workload none but its own.
bool has_place(Profile item, Profile run);
/// "quick", "conformance", "disruptive", "upgrade", "workload"
std::string_view to_text(Profile profile);
std::optional<Profile> parse_profile(std::string_view text);

/// One documented duty of the cluster and the check that judges it.
struct Requirement {
  std::string_view id;          ///< "ORD-01"
  std::string_view title;       ///< a sentence that is true of a conforming cluster
  std::string_view sentence;    ///< in the words of RFC 2119
  std::string_view source;      ///< URL of the documentation that promises it
  std::string_view since = {};  ///< first Kubernetes version that promises it; empty: all supported ones
  Level level = Level::kBlocking;
  Checker checker = nullptr;
  std::string_view gate = {};  ///< feature gate that it depends on, "MaxUnavailableStatefulSet"; empty: none
};

/// What a user counts on, in one line of a report: several requirements, judged on one scenario.
struct Promise {
  std::string_view id;  ///< "ordered-creation"
  std::string_view title;
  std::string_view group;     ///< "ordering": the classname in JUnit
  std::string_view scenario;  ///< "lifecycle"
  Profile profile = Profile::kConformance;
  std::vector<Requirement> requirements;
  /// Line of the report's table "StatefulSet and Deployment" that it judges, "Pod names"; empty: none.
  std::string_view compares = {};
  std::source_location written = std::source_location::current();  ///< a report points at this line
};

struct RequirementVerdict {
  const Requirement* requirement = nullptr;
  Verdict verdict;
};

struct PromiseVerdict {
  const Promise* promise = nullptr;
  Outcome outcome = Outcome::kInconclusive;
  std::vector<RequirementVerdict> requirements;
};

/// Why this recording's cluster does not promise it: an older server, or a feature gate that is off. Nullopt
/// when it does, and when the recording does not tell; then the objects as served have to.
std::optional<std::string> not_promised(const Requirement& requirement, const Header& header);

/// Judges each requirement that the cluster promises, the others are not applicable; an exception in a
/// checker is inconclusive, never a pass. The worst blocking verdict decides; an informing requirement never
/// makes the promise worse than conformant. A promise with nothing but informing ones is conformant when they
/// are, and otherwise not applicable: it is reported, not required.
PromiseVerdict judge(const Promise& promise, const Timeline& timeline);

}  // namespace stateproof
