#include "harness/check/reference/set_history.h"

#include <algorithm>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/patience.h"

namespace stateproof::check {

void SetHistory::add(const SetState& state) {
  states_.push_back(state);
  const StatefulSet& set = *state.set;
  if (generations_.empty() || generations_.back().set->meta.generation < set.meta.generation)
    generations_.push_back(state);
  if (set.observed_generation != set.meta.generation || set.update_revision.empty()) return;
  if (may_tell_of_former(state)) return;
  updates_.try_emplace(set.meta.generation, set.update_revision);
  auto& places = revisions_[set.update_revision];
  const std::size_t place = generations_.size() - 1;
  if (generations_.back().set->meta.generation == set.meta.generation &&
      (places.empty() || places.back() != place))
    places.push_back(place);
}

void SetHistory::end(const Observation& seen) {
  if (ending_ == nullptr) ending_ = &seen;
}

bool SetHistory::may_tell_of_former(const SetState& state) const {
  if (former_ == nullptr || state.seen->at - states_.front().seen->at > kControllerPatience) return false;
  const StatefulSet& last = *former_->states_.back().set;
  const std::int64_t told = state.set->observed_generation;
  // A deletion may be a generation of its own, which need not have been seen.
  return told >= last.observed_generation && told <= last.meta.generation + 1;
}

std::vector<SetState> SetHistory::written_for(const std::string& revision) const {
  const auto known = revisions_.find(revision);
  if (known == revisions_.end()) return generations_;
  std::vector<SetState> states;
  for (const std::size_t place : known->second) states.push_back(generations_[place]);
  return states;
}

const std::string* SetHistory::update_revision(std::int64_t generation) const {
  const auto found = updates_.find(generation);
  return found == updates_.end() ? nullptr : &found->second;
}

const SetState* SetHistory::generation(std::int64_t generation) const {
  const auto found = std::lower_bound(
      generations_.begin(), generations_.end(), generation,
      [](const SetState& one, std::int64_t want) { return one.set->meta.generation < want; });
  return found == generations_.end() || found->set->meta.generation != generation ? nullptr : &*found;
}

SetHistories set_histories(std::span<const Observation> observations, const Subject& subject) {
  SetHistories sets;
  std::map<std::string_view, const SetHistory*> latest;  // by name
  for (const Observation& seen : observations) {
    const auto* set = seen.object<StatefulSet>();
    if (set == nullptr || set->meta.ref.ns != subject.ns) continue;
    SetHistory& history = sets.try_emplace(set->meta.ref.uid.value, latest[set->meta.ref.name]).first->second;
    latest[set->meta.ref.name] = &history;
    if (seen.is_deletion() && !history.states().empty()) {
      history.end(seen);
      continue;
    }
    history.add({&seen, set, served_object(seen)});
    if (set->meta.deletion || seen.is_deletion()) history.end(seen);
  }
  return sets;
}

const SetHistory* controlling_set(const SetHistories& sets, const ObjectMeta& meta) {
  const OwnerReference* owner = meta.controller();
  if (owner == nullptr || owner->kind != "StatefulSet") return nullptr;
  const auto found = sets.find(owner->uid.value);
  return found == sets.end() ? nullptr : &found->second;
}

bool selects(const std::map<std::string, std::string>& selector, const Pod& pod) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& one) {
    const auto label = pod.meta.labels.find(one.first);
    return label != pod.meta.labels.end() && label->second == one.second;
  });
}

bool is_healthy(const Pod& pod) { return pod.phase == "Running" && pod.ready && !pod.terminating(); }

bool is_live(const Observation& seen) {
  const auto* event = seen.as<ObjectSeen>();
  return event != nullptr && is_live(*event);
}

bool is_live_creation(const Observation& seen) {
  return is_live(seen) && seen.as<ObjectSeen>()->change == Change::kAdded;
}

const nlohmann::json* served_object(const Observation& seen) {
  const auto* event = seen.as<ObjectSeen>();
  return event == nullptr || event->served == nullptr || event->served->empty() ? nullptr
                                                                                : event->served.get();
}

}  // namespace stateproof::check
