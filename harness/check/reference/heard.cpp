#include "harness/check/reference/heard.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/check/evidence/patience.h"

namespace stateproof::check {

std::uint64_t version_of(const Observation& seen) {
  const auto* event = seen.as<ObjectSeen>();
  if (event == nullptr || event->synthesized) return 0;
  const std::string& digits = meta_of(event->object).resource_version;
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  return error == std::errc{} && end == digits.data() + digits.size() ? version : 0;
}

std::vector<Elapsed> times_heard(std::span<const Observation> observations) {
  constexpr Elapsed kLongestSilence = std::chrono::seconds{2};
  std::vector<Elapsed> times;
  times.reserve(observations.size());
  Elapsed now{0};
  Elapsed last{0};
  for (const Observation& seen : observations) {
    now += std::clamp(seen.at - last, Elapsed{0}, kLongestSilence);
    last = seen.at;
    times.push_back(now);
  }
  return times;
}

Hearing::Hearing(const Timeline& timeline, const Course& course)
    : course_(course), times_(times_heard(course.judged())) {
  versions_.reserve(times_.size());
  for (const Observation& seen : timeline) {
    const std::uint64_t version = version_of(seen);
    if (versions_.size() < times_.size()) versions_.push_back(version);
    if (version == 0 || meta_of(seen.as<ObjectSeen>()->object).ref.ns != timeline.subject().ns) continue;
    std::uint64_t& last = last_versions_[watched_resource(seen)];
    last = std::max(last, version);
  }
}

bool Hearing::may_precede(const Observation& cause, const Observation& effect) const {
  if (of(cause) <= of(effect) + kSkew) return true;
  const std::uint64_t version = versions_[cause.index - 1];
  return version != 0 && version <= versions_[effect.index - 1];
}

bool Hearing::precedes(const Observation& cause, const Observation& effect) const {
  if (of(cause) + kSkew >= of(effect)) return false;
  const std::uint64_t version = versions_[cause.index - 1];
  return version == 0 || versions_[effect.index - 1] == 0 || version < versions_[effect.index - 1];
}

void Hearing::find(Judgement& judgement, std::string_view resource, const Observation& seen,
                   Finding finding) const {
  const auto later = std::upper_bound(times_.begin(), times_.end(), of(seen) + kSkew);
  const auto last = static_cast<std::size_t>(later - times_.begin());  // index of the last that belongs to it
  const auto& holes = course_.holes();
  const bool is_whole = std::none_of(holes.begin(), holes.end(), [&](const Hole& hole) {
    return hole.resource == resource && hole.since <= last;
  });
  const auto version = last_versions_.find(resource);
  const bool is_later = version == last_versions_.end() || version->second >= versions_[seen.index - 1];
  if (is_whole && is_later && course_.heard_last(resource) > last) return judgement.find(std::move(finding));
  judgement.doubt(fmt::format("without what the watch of {} did not tell around #{} there is no proof: {}",
                              resource, seen.index, finding.observed));
}

}  // namespace stateproof::check
