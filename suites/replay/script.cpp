#include "suites/replay/script.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "harness/model/steps.h"

namespace stateproof::replay {

std::string WatchKey::resource() const {
  std::string plural = kind + "s";
  std::transform(plural.begin(), plural.end(), plural.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return plural;
}

std::optional<WatchKey> watch_of(const Entry& entry) {
  const auto* seen = std::get_if<ObjectSeen>(&entry);
  if (seen == nullptr) return std::nullopt;
  const ObjectRef& ref = meta_of(seen->object).ref;
  return WatchKey{ref.kind, ref.ns};
}

Script::Script(const Timeline& good) : finish(good.finish), good_(good) {
  lines.reserve(good.size() + 64);
  for (const Observation& seen : good) {
    lines.push_back({&seen.what, seen.at});
    if (const auto watch = watch_of(seen.what)) watches_.insert(*watch);
  }
}

void Script::insert(std::size_t place, Entry entry, Elapsed at) {
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(place), Line{own(std::move(entry)), at});
}

std::size_t Script::cut_place(std::size_t size) const {
  const auto place_of = [&](const Entry* entry) {
    return static_cast<std::size_t>(
        std::find_if(lines.begin(), lines.end(), [&](const Line& line) { return line.entry == entry; }) -
        lines.begin());
  };
  for (const auto& [step_end, gap] : holes_)
    if (const std::size_t end = place_of(gap); place_of(step_end) < size && end < lines.size())
      size = std::max(size, end + 1);
  const auto is_told_anew = [](const Line& line) {
    const auto* seen = line.as<ObjectSeen>();
    return seen != nullptr && seen->synthesized;
  };
  size = std::min(size, lines.size());
  while (size > 0 && size < lines.size() && lines[size - 1].as<Gap>() != nullptr && is_told_anew(lines[size]))
    ++size;
  while (size > 0 && size < lines.size() && is_told_anew(lines[size - 1]) && is_told_anew(lines[size]))
    ++size;
  return size;
}

void Script::delay(std::size_t from, Elapsed pause) {
  for (std::size_t i = from; i < lines.size(); ++i) lines[i].at += pause;
}

void Script::end_scenario(End end, bool cleans_up) {
  finish = std::move(end);
  if (!cleans_up) return;
  const Elapsed at = lines.empty() ? Elapsed{0} : lines.back().at;
  lines.push_back({own(Step{steps::Cleanup{}, Step::Phase::kBegin}), at});
}

Timeline Script::timeline() const {
  Timeline timeline;
  timeline.header = good_.header;
  timeline.finish = finish;
  timeline.observations.reserve(lines.size());
  for (const Line& line : lines)
    timeline.observations.push_back({timeline.observations.size() + 1, line.at, *line.entry});
  return timeline;
}

}  // namespace stateproof::replay
