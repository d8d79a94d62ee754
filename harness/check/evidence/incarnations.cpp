#include "harness/check/evidence/incarnations.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "harness/check/evidence/judgement.h"

namespace stateproof::check {
namespace {

std::vector<std::string> sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

void close_stretch(Incarnation& pod, const Observation& at) {
  if (pod.is_ready()) pod.ready.back().until = &at;
}

void follow_readiness(Incarnation& pod, const Pod& now, const Observation& seen) {
  const bool ready = now.ready && !now.terminating() && !seen.is_deletion();
  if (!ready) return close_stretch(pod, seen);
  if (pod.is_ready() && pod.last->addresses == now.addresses) return;
  std::vector<std::string> addresses = sorted(now.addresses);
  if (pod.is_ready() && pod.ready.back().addresses == addresses) return;
  close_stretch(pod, seen);
  pod.ready.push_back({&seen, nullptr, std::move(addresses)});
}

bool is_as_it_was(const Incarnation& pod, const Pod& now) {
  const std::string& version = now.meta.resource_version;
  return pod.last != nullptr && !version.empty() && pod.last->meta.resource_version == version;
}

void follow(Incarnation& pod, const Pod& now, const Observation& seen) {
  const bool live = is_live(*seen.as<ObjectSeen>());
  // Readiness may have come and gone where nobody looked, when the pod has changed there.
  if (const Observation* gap = std::exchange(pod.unheard, nullptr);
      gap != nullptr && !live && !is_as_it_was(pod, now))
    close_stretch(pod, *gap);
  follow_readiness(pod, now, seen);
  if (pod.last == nullptr || pod.last->addresses != now.addresses)
    pod.addresses.insert(now.addresses.begin(), now.addresses.end());
  // A pod that failed is deleted by the controller to make room for its successor, and one that lost its node
  // by others: neither was chosen by the set's own scaling. Once its deletion was requested it may well
  // succeed.
  if (pod.ending == nullptr)
    pod.excused = pod.excused || now.phase == "Failed" || now.phase == "Succeeded" || !now.disruption.empty();
  if (pod.ending == nullptr && (now.terminating() || seen.is_deletion())) {
    pod.ending = &seen;
    pod.ending_ordered = live;
  }
  if (seen.is_deletion() && pod.gone == nullptr) pod.gone = &seen;
  pod.last = &now;
}

}  // namespace

Incarnations::Incarnations(std::span<const Observation> observations, const Subject& subject) {
  std::unordered_map<std::string_view, const Observation*> faults;
  std::vector<std::size_t> former;
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  for (const Observation& seen : observations) {
    if (const auto* fault = seen.as<FaultMark>(); fault != nullptr) {
      if (fault->phase == FaultMark::Phase::kInject) faults.try_emplace(fault->target.uid.value, &seen);
      continue;
    }
    if (const auto* gap = seen.as<Gap>(); gap != nullptr && gap->resource == "pods") {
      for (const auto& [ordinal, position] : latest_)
        if (all_[position].unheard == nullptr) all_[position].unheard = &seen;
      continue;
    }
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr) continue;
    const auto ordinal = subject_ordinal(*pod, subject);
    if (!ordinal) continue;
    const auto [known, is_new] = by_uid_.try_emplace(pod->meta.ref.uid.value, all_.size());
    if (is_new) {
      const ObjectSeen& event = *seen.as<ObjectSeen>();
      Incarnation life;
      life.ref = pod->meta.ref;
      life.ordinal = *ordinal;
      life.appeared = &seen;
      life.created = event.change == Change::kAdded && is_live(event);
      const auto before = latest_.find(*ordinal);
      former.push_back(before == latest_.end() ? none : before->second);
      latest_[*ordinal] = all_.size();
      all_.push_back(std::move(life));
    }
    follow(all_[known->second], *pod, seen);
  }
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (former[i] != none) all_[i].former = &all_[former[i]];
    if (const auto fault = faults.find(all_[i].ref.uid.value); fault != faults.end())
      all_[i].fault = fault->second;
  }
}

const Incarnation* Incarnations::find(const Uid& uid) const {
  const auto found = by_uid_.find(uid.value);
  return found == by_uid_.end() ? nullptr : &all_[found->second];
}

const Incarnation* Incarnations::latest(Ordinal ordinal) const {
  const auto found = latest_.find(ordinal);
  return found == latest_.end() ? nullptr : &all_[found->second];
}

bool controlled_by_subject(const Pod& pod, const Subject& subject) {
  return pod.meta.is_controlled_by_set(subject.set) && pod.meta.ref.ns == subject.ns;
}

std::optional<Ordinal> subject_ordinal(const Pod& pod, const Subject& subject) {
  if (pod.meta.ref.ns != subject.ns) return std::nullopt;
  if (pod.meta.controller() != nullptr && !controlled_by_subject(pod, subject)) return std::nullopt;
  return ordinal_of(pod.meta.ref.name, subject.set);
}

std::optional<Ordinal> first_unready(const Incarnations& pods, const Subject& subject, Ordinal below) {
  for (Ordinal ordinal = subject.first; ordinal < below; ++ordinal.value) {
    const Incarnation* pod = pods.latest(ordinal);
    if (pod == nullptr || !pod->is_ready()) return ordinal;
  }
  return std::nullopt;
}

const Observation& all_ready_since(const Incarnations& pods, const Subject& subject, Ordinal below,
                                   const Observation& otherwise) {
  const Observation* since = &otherwise;
  for (Ordinal ordinal = subject.first; ordinal < below; ++ordinal.value)
    if (const Observation* ready = pods.latest(ordinal)->ready.back().from; ready->index > since->index)
      since = ready;
  return *since;
}

std::string state_text(const Incarnation& pod) {
  const Pod& last = *pod.last;
  if (pod.gone != nullptr) return fmt::format("gone since {}", moment(*pod.gone));
  if (last.terminating()) {
    const auto& finalizers = last.meta.finalizers;
    return finalizers.empty()
               ? std::string{"still Terminating"}
               : fmt::format("still Terminating, held by finalizer {}", fmt::join(finalizers, ", "));
  }
  std::string text = last.phase.empty() ? "without a phase" : last.phase;
  text += last.ready ? ", Ready" : ", not Ready";
  if (!last.unscheduled_message.empty()) return text + ", unscheduled: " + last.unscheduled_message;
  for (const ContainerState& container : last.containers) {
    if (container.waiting_reason.empty()) continue;
    text += fmt::format(", container {} waits: {}", container.name, container.waiting_reason);
    return container.waiting_message.empty() ? text : text + " (" + container.waiting_message + ")";
  }
  return text;
}

}  // namespace stateproof::check
