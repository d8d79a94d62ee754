#include "harness/kube/watch_stream.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <utility>

#include "harness/kube/list_page.h"
#include "harness/kube/transport.h"
#include "harness/model/bounded_json.h"
#include "harness/model/object_name.h"

namespace stateproof::kube {
namespace {

std::string metadata_of(const nlohmann::json& object, const char* field) {
  const auto metadata = object.find("metadata");
  return metadata == object.end() ? std::string() : text_of(*metadata, field);
}

std::string key_of(const nlohmann::json& object) {
  return metadata_of(object, "namespace") + '/' + metadata_of(object, "name");
}

std::optional<WatchEventType> event_type(std::string_view type) {
  if (type == "ADDED") return WatchEventType::kAdded;
  if (type == "MODIFIED") return WatchEventType::kModified;
  if (type == "DELETED") return WatchEventType::kDeleted;
  return std::nullopt;
}

void remove_secrets(nlohmann::json& object) {
  object.erase("data");
  object.erase("stringData");
  // What kubectl apply writes there contains the data once more.
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) metadata->erase("annotations");
}

}  // namespace

WatchEvent make_event(const Resource& resource, WatchEventType type, nlohmann::json object) {
  complete_type(object, resource);
  if (const auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object()) {
    metadata->erase("managedFields");
  }
  if (resource == kSecrets) remove_secrets(object);
  WatchEvent event{.type = type, .object = std::move(object), .resource_version = {}};
  event.resource_version = metadata_of(event.object, "resourceVersion");
  return event;
}

WatchLine parse_watch_line(const Resource& resource, std::string_view line, const std::string& request) {
  auto parsed = parse_bounded_json(line);
  const auto malformed = [&] { return error_from_content(line, request); };
  if (!parsed || !parsed->is_object()) return malformed();
  nlohmann::json& item = *parsed;
  const std::string type = text_of(item, "type");
  const auto object = item.find("object");
  if (object == item.end() || !object->is_object()) return malformed();
  if (type == "ERROR") return error_from_status(*object, 0, request);
  if (type == "BOOKMARK") return Bookmark{metadata_of(*object, "resourceVersion")};
  const auto known = event_type(type);
  if (!known || metadata_of(*object, "resourceVersion").empty() || !has_object_names(*object))
    return malformed();
  return make_event(resource, *known, std::move(*object));
}

void KnownObjects::apply(const WatchEvent& event) {
  if (event.type == WatchEventType::kDeleted) {
    objects_.erase(key_of(event.object));
  } else {
    objects_[key_of(event.object)] = event.object;
  }
}

std::vector<WatchEvent> KnownObjects::difference(const Resource& resource,
                                                 std::vector<nlohmann::json> listed) const {
  std::set<std::string> still_there;  // the same object, not one that took its name
  std::vector<WatchEvent> changes;
  for (nlohmann::json& object : listed) {
    const auto known = objects_.find(key_of(object));
    const bool same =
        known != objects_.end() && metadata_of(known->second, "uid") == metadata_of(object, "uid");
    if (same) still_there.insert(known->first);
    WatchEvent event =
        make_event(resource, same ? WatchEventType::kModified : WatchEventType::kAdded, std::move(object));
    event.synthesized = true;
    if (same && metadata_of(known->second, "resourceVersion") == event.resource_version) continue;
    changes.push_back(std::move(event));
  }
  std::vector<WatchEvent> events;
  for (const auto& [key, object] : objects_) {
    if (still_there.contains(key)) continue;
    events.push_back(make_event(resource, WatchEventType::kDeleted, object));
    events.back().synthesized = true;
  }
  events.insert(events.end(), std::make_move_iterator(changes.begin()),
                std::make_move_iterator(changes.end()));
  return events;
}

}  // namespace stateproof::kube
