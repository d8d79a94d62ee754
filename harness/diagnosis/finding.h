#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/rfc3339.h"

namespace stateproof::diagnosis {

/// Stages in the life of a set and of its pods, in the order in which they are reached.
namespace stage {
inline constexpr std::string_view kSet = "set";  ///< the set as a whole
inline constexpr std::string_view kNames = "names";
inline constexpr std::string_view kCreation = "no pod";
inline constexpr std::string_view kClaims = "claims";
inline constexpr std::string_view kScheduling = "not scheduled";
inline constexpr std::string_view kVolumes = "volumes";
inline constexpr std::string_view kImage = "image";
inline constexpr std::string_view kInit = "init";
inline constexpr std::string_view kContainer = "container";
inline constexpr std::string_view kReadiness = "readiness";
inline constexpr std::string_view kAvailability = "availability";
inline constexpr std::string_view kUpdate = "update";
inline constexpr std::string_view kEnd = "end";
inline constexpr std::string_view kNode = "node";
}  // namespace stage

/// Where a cause can be seen.
struct Evidence {
  std::string object;  ///< "Pod shop/web-0"
  std::string field;   ///< "status.phase", "event FailedScheduling", "log of container mariadb"
  std::string value;
  std::optional<Timestamp> at = {};  ///< when it was so, where the object says it
};

/// A step of a remedy. Parts in angle brackets are the reader's to fill in.
struct Remedy {
  std::string text;
  std::string command = {};  ///< for a shell; empty when there is none
  /// Steps of the same way belong together; each way is enough by itself, and which is taken is the reader's
  /// to decide.
  int way = 1;
};

struct Finding {
  std::string_view id;  ///< "storage-class-missing"
  std::string cause;    ///< one sentence
  std::vector<Evidence> evidence;
  std::vector<Remedy> remedy;  ///< steps, in order
  std::string trap = {};       ///< what makes it worse, or does not help although it looks so
  /// Other pods that suffer from the same cause, or wait for the pod that does.
  std::vector<std::string> also = {};
  std::vector<std::string> waiting = {};
  bool note = false;                    ///< nothing is wrong: worth knowing only
  bool quiet = false;                   ///< a note that only a strict look tells
  std::string_view stage = {};          ///< of namespace stage
  std::string pod = {};                 ///< the first that suffers; empty when it is the set itself
  std::optional<Timestamp> since = {};  ///< since when, where an object says it
};

/// A pod that has not come to where its set wants it, and what it waits for.
struct Progress {
  std::string pod;
  std::string_view stage;
  std::string waits_for;  ///< "the readiness probe of container web"; empty when nothing tells
  std::optional<Timestamp> since = {};
  std::optional<Timestamp> until = {};  ///< when that is over by the set's own settings, or by all experience
};

}  // namespace stateproof::diagnosis
