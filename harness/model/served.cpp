#include "harness/model/served.h"

#include "harness/model/steps.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <map>
#include <optional>
#include <utility>

namespace stateproof {
namespace {

using namespace std::chrono_literals;

constexpr Elapsed kTenth = 100ms;

double in_milliseconds(Elapsed length) { return std::chrono::duration<double, std::milli>(length).count(); }
double in_whole_seconds(Elapsed length) { return std::chrono::duration<double>(length).count(); }

/// When writes were acknowledged.
class Acknowledgements {
 public:
  struct Write {
    Elapsed acknowledged{0};
    int writer = 0;
    std::int64_t number = 0;
    [[nodiscard]] bool is_among(const std::map<int, std::int64_t>& newest) const {
      const auto found = newest.find(writer);
      return found != newest.end() && found->second >= number;
    }
    friend auto operator<=>(const Write&, const Write&) = default;
  };

  explicit Acknowledgements(const Timeline& timeline) {
    for (const Observation& seen : timeline)
      if (const auto* writes = seen.as<LedgerWrites>()) note(*writes);
    std::sort(writes_.begin(), writes_.end());
  }

  /// The newest write that was acknowledged before.
  [[nodiscard]] std::optional<Write> newest_before(Elapsed at) const {
    const auto after = first_after(at);
    return after == writes_.begin() ? std::nullopt : std::optional{*std::prev(after)};
  }

  [[nodiscard]] const std::vector<double>& lengths() const { return lengths_; }

  /// Within these times alone: before and afterwards clients may have rested.
  [[nodiscard]] Elapsed longest_gap(Elapsed from, Elapsed to) const {
    Elapsed longest{0};
    Elapsed last = from;
    for (auto next = first_after(from); next != writes_.end() && next->acknowledged <= to; ++next) {
      longest = std::max(longest, next->acknowledged - last);
      last = next->acknowledged;
    }
    return std::max(longest, to - last);
  }

  /// Per cent.
  [[nodiscard]] double availability(Elapsed from, Elapsed to) const {
    std::int64_t served = 0;
    std::int64_t last = -1;
    const std::int64_t all = std::max<std::int64_t>((to - from) / kTenth, 1);
    for (auto write = first_after(from); write != writes_.end(); ++write) {
      const std::int64_t tenth = (write->acknowledged - from) / kTenth;
      if (tenth >= all) break;
      if (tenth != std::exchange(last, tenth)) ++served;
    }
    return 100.0 * static_cast<double>(served) / static_cast<double>(all);
  }

  /// How long before `at` the oldest write was acknowledged that a reader did not see.
  [[nodiscard]] Elapsed lag(const std::map<int, std::int64_t>& newest, Elapsed at) const {
    Elapsed lag{0};
    for (const auto& [writer, times] : by_number_) {
      const auto seen = newest.find(writer);
      for (auto next = times.upper_bound(seen == newest.end() ? 0 : seen->second);
           next != times.end() && next->second <= at; ++next) {
        lag = std::max(lag, at - next->second);
        break;
      }
    }
    return lag;
  }

 private:
  void note(const LedgerWrites& writes) {
    for (std::size_t i = 0; i < writes.ended.size(); ++i) {
      if (writes.ended[i] != static_cast<char>(WriteOutcome::kOk)) continue;
      const Elapsed at = writes.began[i] + writes.took[i];
      const auto number = writes.first + static_cast<std::int64_t>(i);
      if (!by_number_[writes.writer].emplace(number, at).second) continue;
      writes_.push_back({at, writes.writer, number});
      lengths_.push_back(in_milliseconds(writes.took[i]));
    }
  }

  [[nodiscard]] std::vector<Write>::const_iterator first_after(Elapsed at) const {
    return std::upper_bound(writes_.begin(), writes_.end(), at,
                            [](Elapsed time, const Write& write) { return time < write.acknowledged; });
  }

  std::vector<Write> writes_;  ///< in the order of their acknowledgement
  std::vector<double> lengths_;
  std::map<int, std::map<std::int64_t, Elapsed>> by_number_;
};

std::vector<DisturbedService> disruptions_of(const Timeline& timeline, const Acknowledgements& writes) {
  std::vector<DisturbedService> disruptions;
  const Observation* disturbed = nullptr;
  for (const Observation& seen : timeline) {
    const Step* step = seen.as<Step>();
    if (step == nullptr) continue;
    if (step->is<steps::Disturb>() && step->phase == Step::Phase::kBegin) disturbed = &seen;
    if (!step->is<steps::Recover>() || step->phase == Step::Phase::kBegin || disturbed == nullptr) continue;
    const Elapsed begin = std::exchange(disturbed, nullptr)->at;
    const bool recovered = step->phase == Step::Phase::kReached;
    disruptions.push_back({step->as<steps::Recover>()->disruption.value_or(""), begin, seen.at,
                           in_whole_seconds(writes.longest_gap(begin, seen.at)),
                           writes.availability(begin, seen.at),
                           recovered ? in_whole_seconds(seen.at - begin) : 0});
  }
  return disruptions;
}

/// Stretches in which the set was disturbed or scaled.
std::vector<std::pair<Elapsed, Elapsed>> unrest_of(const Timeline& timeline) {
  std::vector<std::pair<Elapsed, Elapsed>> unrest;
  bool open = false;
  for (const Observation& seen : timeline) {
    const Step* step = seen.as<Step>();
    if (step == nullptr) continue;
    const bool scales = is_one_of<steps::ScaleUp, steps::ScaleDown, steps::ScaleBack>(*step);
    const bool begins = step->phase == Step::Phase::kBegin;
    if (begins && (scales || step->is<steps::Disturb>()) && !open) {
      unrest.emplace_back(seen.at, Elapsed::max());
      open = true;
    } else if (!begins && open && (scales || step->is<steps::Recover>())) {
      unrest.back().second = seen.at;
      open = false;
    }
  }
  return unrest;
}

/// What the replicas showed to their readers.
class Reads {
 public:
  Reads(const Timeline& timeline, const Acknowledgements& writes)
      : writes_(writes), unrest_(unrest_of(timeline)) {
    const std::string primary = timeline.subject().pod_name(timeline.subject().first);
    for (const Observation& seen : timeline)
      if (const auto* read = seen.as<LedgerRead>(); read != nullptr && read->ok && read->member != primary)
        note(*read, awaited_[read->member]);
  }

  void add_to(std::vector<Distribution>& distributions) && {
    for (const auto& [member, awaited] : awaited_)
      for (const Awaited& one : awaited) ++(one.rest ? calm_ : unrestful_).beyond;
    std::move(calm_).add_to(distributions, "");
    std::move(unrestful_).add_to(distributions, " while disturbed");
  }

 private:
  struct Figures {
    std::vector<double> lag;
    std::vector<double> own;
    std::size_t beyond = 0;
    void add_to(std::vector<Distribution>& distributions, const std::string& when) && {
      distributions.push_back(distribution_of("replication lag" + when, "ms", std::move(lag)));
      distributions.push_back(distribution_of("read-your-own gap" + when, "ms", std::move(own), beyond));
    }
  };
  struct Awaited {
    Acknowledgements::Write own;
    bool rest;
  };

  void note(const LedgerRead& read, std::vector<Awaited>& awaited) {
    const bool unrest = std::any_of(unrest_.begin(), unrest_.end(), [&](const auto& one) {
      return read.began >= one.first && read.began <= one.second;
    });
    const Elapsed lag = writes_.lag(read.newest, read.began);
    // What a disruption did to a replica is over when it has caught up again.
    bool& behind = behind_[read.member];
    behind = unrest || (behind && lag > Elapsed{0});
    const bool rest = !behind;
    Figures& figures = rest ? calm_ : unrestful_;
    figures.lag.push_back(in_milliseconds(lag));
    bool answers = false;
    std::erase_if(awaited, [&](const Awaited& one) {
      if (!one.own.is_among(read.newest)) return false;
      (one.rest ? calm_ : unrestful_).own.push_back(in_milliseconds(read.began - one.own.acknowledged));
      answers = true;
      return true;
    });
    const auto own = writes_.newest_before(read.began);
    if (!own || answers) return;  // one that was asked for a row that was missed tells of that row alone
    if (own->is_among(read.newest))
      figures.own.push_back(0);
    else
      awaited.push_back({*own, rest});
  }

  const Acknowledgements& writes_;
  const std::vector<std::pair<Elapsed, Elapsed>> unrest_;
  Figures calm_;
  Figures unrestful_;
  std::map<std::string, std::vector<Awaited>> awaited_;  ///< by member
  std::map<std::string, bool> behind_;                   ///< by member
};

}  // namespace

Distribution distribution_of(std::string name, std::string unit, std::vector<double> values,
                             std::size_t beyond) {
  Distribution all{std::move(name), std::move(unit), values.size(), 0, 0, 0, 0, beyond};
  if (values.empty()) return all;
  std::sort(values.begin(), values.end());
  const auto rank = [&values](double share) {
    const auto index = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::min(std::max<std::size_t>(index, 1), values.size()) - 1];
  };
  all.median = values[values.size() / 2];
  all.p95 = rank(0.95);
  all.p99 = rank(0.99);
  all.largest = values.back();
  return all;
}

Served served_of(const Timeline& timeline) {
  Served served;
  const Acknowledgements writes(timeline);
  if (writes.lengths().empty()) return served;
  served.disruptions = disruptions_of(timeline, writes);
  served.distributions.push_back(distribution_of("acknowledged write", "ms", writes.lengths()));
  Reads(timeline, writes).add_to(served.distributions);
  std::erase_if(served.distributions, [](const Distribution& one) { return one.count + one.beyond == 0; });
  return served;
}

}  // namespace stateproof
