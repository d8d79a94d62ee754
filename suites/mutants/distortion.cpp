#include "suites/mutants/distortion.h"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>

namespace stateproof::mutants {
namespace {

std::size_t index_of(const Timeline& timeline, StepName step, bool begin, int occurrence) {
  for (const Observation& seen : timeline) {
    const Step* told = seen.as<Step>();
    if (told == nullptr || !told->task.is(step) || told->begins() != begin) continue;
    if (--occurrence == 0) return seen.index;
  }
  throw std::logic_error("the recording has no such step " + std::string{step.text});
}

template <class T>
T newest_before(const Timeline& timeline, const std::string& name, std::size_t index) {
  std::optional<T> newest;
  for (const Observation& seen : timeline) {
    if (seen.index >= index) break;
    if (const T* object = seen.object<T>(); object != nullptr && object->meta.ref.name == name)
      newest = *object;
  }
  must(newest.has_value(), name.c_str());
  return *newest;
}

void number_anew(Timeline& timeline) {
  std::size_t index = 0;
  for (Observation& seen : timeline.observations) seen.index = ++index;
}

}  // namespace

void must(bool changed, const char* what) {
  if (!changed) throw std::logic_error(std::string{"the recording has no "} + what);
}

std::size_t begin_of(const Timeline& timeline, StepName step, int occurrence) {
  return index_of(timeline, step, true, occurrence);
}

std::size_t end_of(const Timeline& timeline, StepName step, int occurrence) {
  return index_of(timeline, step, false, occurrence);
}

std::string pod_of(const Timeline& timeline, int offset) {
  return timeline.subject().pod_name({timeline.subject().first.value + offset});
}

std::string claim_of(const Timeline& timeline, int offset) {
  return timeline.subject().claim_name({timeline.subject().first.value + offset});
}

Pod pod_before(const Timeline& timeline, const std::string& name, std::size_t index) {
  return newest_before<Pod>(timeline, name, index);
}

Claim claim_before(const Timeline& timeline, const std::string& name, std::size_t index) {
  return newest_before<Claim>(timeline, name, index);
}

Volume volume_before(const Timeline& timeline, const std::string& name, std::size_t index) {
  return newest_before<Volume>(timeline, name, index);
}

StatefulSet set_before(const Timeline& timeline, std::size_t index) {
  return newest_before<StatefulSet>(timeline, timeline.subject().set, index);
}

void insert_before(Timeline& timeline, std::size_t index, Entry entry) {
  const auto place = timeline.observations.begin() + static_cast<std::ptrdiff_t>(index) - 1;
  const Elapsed at = place->at;
  timeline.observations.insert(place, Observation{index, at, std::move(entry)});
  number_anew(timeline);
}

void insert_object_before(Timeline& timeline, std::size_t index, Change change, KubeObject object) {
  static const auto served = std::make_shared<const nlohmann::json>(nlohmann::json::object());
  insert_before(timeline, index, ObjectSeen{change, std::move(object), served, false});
}

void erase_if(Timeline& timeline, const std::function<bool(const Observation&)>& unwanted) {
  must(std::erase_if(timeline.observations, unwanted) > 0, "entry to remove");
  number_anew(timeline);
}

void erase_pods_after(Timeline& timeline, const std::string& name, std::size_t index) {
  erase_if(timeline, [&](const Observation& seen) {
    const Pod* pod = seen.object<Pod>();
    return pod != nullptr && pod->meta.ref.name == name && seen.index > index;
  });
}

void tell_to_stop(Timeline& timeline, const std::string& name, std::size_t index) {
  Pod pod = pod_before(timeline, name, index);
  pod.meta.deletion = Timestamp{};
  insert_object_before(timeline, index, Change::kModified, std::move(pod));
}

void go_while_running(Timeline& timeline) {
  change_objects<Pod>(timeline, [&](Pod& pod, const Observation& seen) {
    if (!seen.is_deletion() || !ordinal_of(pod.meta.ref.name, timeline.subject().set) ||
        pod.containers.empty())
      return false;
    pod.containers.front().running = true;
    return true;
  });
}

std::size_t after_stops(const Timeline& timeline, StepName step, std::size_t count) {
  const std::size_t begin = begin_of(timeline, step);
  std::set<Uid> stopped;
  for (const Observation& seen : timeline) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || seen.index < begin || !pod->terminating()) continue;
    stopped.insert(pod->meta.ref.uid);
    if (stopped.size() == count) return seen.index + 1;
  }
  throw std::logic_error("the recording does not have that many pod deletions");
}

void change_served(Timeline& timeline, std::string_view kind,
                   const std::function<bool(nlohmann::json& object, const Observation&)>& change) {
  bool changed = false;
  for (Observation& seen : timeline.observations) {
    auto* event = std::get_if<ObjectSeen>(&seen.what);
    if (event == nullptr || event->served == nullptr || meta_of(event->object).ref.kind != kind) continue;
    nlohmann::json object = *event->served;
    if (!change(object, seen)) continue;
    changed = true;
    event->object = parse_object(object);
    event->served = std::make_shared<const nlohmann::json>(std::move(object));
  }
  must(changed, "object to change");
}

void delay_from(Timeline& timeline, std::size_t index, std::chrono::seconds pause) {
  must(index <= timeline.size(), "entry to delay");
  for (Observation& seen : timeline.observations)
    if (seen.index >= index) seen.at += pause;
}

void let_time_out(Timeline& timeline, StepName step, std::chrono::seconds length, int occurrence) {
  const std::size_t begin = begin_of(timeline, step, occurrence);
  const std::size_t end = end_of(timeline, step, occurrence);
  Observation& last = timeline.observations.at(end - 1);
  std::get<Step>(last.what).phase = Step::Phase::kTimedOut;
  last.at = timeline.observations.at(begin - 1).at + length;
  timeline.observations.resize(end);
}

}  // namespace stateproof::mutants
