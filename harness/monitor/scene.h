#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/model/objects.h"
#include "harness/record/recorder.h"

namespace stateproof::monitor {

/// Which set is watched.
struct Target {
  std::string ns;
  std::string set;
};

/// An Event about the set, one of its pods or one of their claims.
struct SeenEvent {
  std::string uid;  ///< of the Event: a repeated one is the same object with a higher count
  std::optional<Timestamp> at;
  std::string type;    ///< "Normal", "Warning"
  std::string reason;  ///< "FailedScheduling"
  std::string about;   ///< "Pod web-0"
  std::string message;
  std::int64_t count = 1;
};

/// Since when a watch has not been answered.
struct Silence {
  Timestamp since{};
  std::string cause;  ///< a sentence
};

/// What the model of an object leaves out, as it was served.
struct Details {
  std::string ready_containers;  ///< of a pod: "1/2", init containers left out
  std::string capacity;          ///< of a claim: of its volume, else what it asks for
};
Details details_of(const nlohmann::json& served);

/// What is known of one set and of what belongs to it at one moment.
struct Scene {
  Target target;
  Timestamp now{};                         ///< by this machine's clock
  bool whole = false;                      ///< every first list has come, or will not come
  std::optional<StatefulSet> set;          ///< nullopt: there is none
  bool was_there = false;                  ///< there has been one since it is watched
  std::vector<Pod> pods;                   ///< by ordinal; those without one stand last
  std::vector<Claim> claims;               ///< of the set's templates, and others that its pods mount; by pod
  std::map<std::string, Volume> volumes;   ///< by name, of these claims
  std::optional<Service> service;          ///< the governing one
  std::map<std::string, Details> details;  ///< by UID of pod or claim
  std::vector<Endpoint> endpoints;         ///< of that Service, by host name and address
  std::vector<SeenEvent> events;           ///< newest last
  std::vector<std::string> left_out;       ///< what may not be read, a sentence each
  std::optional<Silence> silence;
};

/// The part of a view that belongs to the set; `now`, `whole`, `was_there`, details, events, left_out and
/// silence are left as they are by default.
Scene scene_of(const record::View& view, const Target& target);

/// Whether the pod is the set's, or bears a name that the set needs.
bool belongs_to(const Pod& pod, const Target& target);
/// Whether a claim of this name may be one of the set's: "<template>-<set>-<ordinal>".
bool may_belong_to(const std::string& claim, const Target& target);
/// The ordinal of a claim of this set's templates; nullopt when it is none of them.
std::optional<Ordinal> claim_ordinal(const std::string& claim, const StatefulSet& set);

/// The Event as served; nullopt when it is about something else.
std::optional<SeenEvent> event_of(const nlohmann::json& served, const Target& target);

/// Whether the controller has done all that the spec asks for: the pods that it wants are there, Ready,
/// available, and (but for those below the partition, or under OnDelete) of the newest revision.
bool is_ready(const StatefulSet& set);
/// Neither the set nor a pod of it is left.
bool is_gone(const Scene& scene);

}  // namespace stateproof::monitor
