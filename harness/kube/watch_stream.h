#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/kube/watch.h"

namespace stateproof::kube {

/// Nothing happened up to this resourceVersion.
struct Bookmark {
  std::string resource_version;
};

/// One line of a watch: an event, a bookmark, or a failure (the server's ERROR, or text that is no event).
using WatchLine = std::variant<WatchEvent, Bookmark, ApiError>;

WatchLine parse_watch_line(const Resource& resource, std::string_view line, const std::string& request);

/// An event around a served object: without managedFields, and without what a Secret hides.
WatchEvent make_event(const Resource& resource, WatchEventType type, nlohmann::json object);

/// The objects as a watch last saw them, to tell after a gap what must have changed meanwhile.
class KnownObjects {
 public:
  void apply(const WatchEvent& event);

  /// Synthesized events that lead from the known objects to those of a new list: what is gone first, with its
  /// last known object. They are not applied.
  [[nodiscard]] std::vector<WatchEvent> difference(const Resource& resource,
                                                   std::vector<nlohmann::json> listed) const;

 private:
  std::map<std::string, nlohmann::json> objects_;  ///< by namespace and name
};

}  // namespace stateproof::kube
