#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "harness/model/timeline.h"

namespace stateproof::replay {

/// Which watch delivers an object: one for each resource and namespace.
struct WatchKey {
  std::string kind;
  std::string ns;
  friend auto operator<=>(const WatchKey&, const WatchKey&) = default;
  /// As a Gap names it: "persistentvolumeclaims".
  [[nodiscard]] std::string resource() const;
};
/// Nullopt for what no watch delivers.
std::optional<WatchKey> watch_of(const Entry& entry);

/// An entry on its way into a recording. Entries of the recording that is told anew are not copied.
struct Line {
  const Entry* entry = nullptr;
  Elapsed at{0};

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(entry);
  }
  template <class T>
  [[nodiscard]] const T* object() const {
    const auto* seen = as<ObjectSeen>();
    return seen == nullptr ? nullptr : std::get_if<T>(&seen->object);
  }
};

/// Chance by seed, alike on every machine.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  /// In [0, below); `below` is at least 1.
  std::size_t below(std::size_t below) { return static_cast<std::size_t>(engine_() % below); }
  std::size_t between(std::size_t first, std::size_t last) { return first + below(last - first + 1); }
  bool one_in(std::size_t many) { return below(many) == 0; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  std::mt19937_64 engine_;
};

/// A recording that is told anew, line by line. It refers to the recording, which must outlive it.
class Script {
 public:
  explicit Script(const Timeline& good);

  std::vector<Line> lines;
  std::optional<End> finish;
  std::string told;

  [[nodiscard]] const Subject& subject() const { return good_.subject(); }
  /// All watches of the recording, also those of which no line is left.
  [[nodiscard]] const std::set<WatchKey>& watches() const { return watches_; }
  /// Keeps a new entry for as long as the script lives.
  const Entry* own(Entry entry) { return &own_.emplace_back(std::move(entry)); }
  void insert(std::size_t place, Entry entry, Elapsed at);
  /// Lets `pause` go by before this line.
  void delay(std::size_t from, Elapsed pause);
  /// Ends the recording after so many lines, or where the list that makes a hole good has told all: a step is
  /// not reached while the watch that it waits for is lost.
  void cut(std::size_t size) { lines.resize(cut_place(size)); }
  [[nodiscard]] std::size_t cut_place(std::size_t size) const;
  /// A watch lost this stretch, which a step ended in, and the gap tells it.
  void note_hole(const Entry* step_end, const Entry* gap) { holes_.emplace_back(step_end, gap); }
  void note(const std::string& what) { told += (told.empty() ? "" : ", ") + what; }
  /// What every later step would have added is missing; the scenario cleans up, or has not come to it.
  void end_scenario(End end, bool cleans_up);

  [[nodiscard]] Timeline timeline() const;

 private:
  const Timeline& good_;
  std::set<WatchKey> watches_;
  std::deque<Entry> own_;
  std::vector<std::pair<const Entry*, const Entry*>> holes_;
};

}  // namespace stateproof::replay
