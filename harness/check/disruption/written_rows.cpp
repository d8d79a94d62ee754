#include "harness/check/disruption/written_rows.h"

#include <algorithm>

namespace stateproof::check {

namespace {

constexpr auto kOk = static_cast<char>(WriteOutcome::kOk);
constexpr auto kFailed = static_cast<char>(WriteOutcome::kFailed);

void note(WrittenRows::Difference& difference, int writer, std::int64_t number, std::size_t entry,
          std::int64_t count = 1) {
  if (count <= 0) return;
  if (difference.count == 0) difference = {0, writer, number, entry};
  difference.count += count;
}

}  // namespace

WrittenRows::WrittenRows(const Timeline& timeline, const Observation& until) {
  std::map<int, std::vector<Told>> told;
  for (const Observation& seen : timeline) {
    if (seen.index >= until.index) break;
    if (const auto* reserved = seen.as<LedgerReserved>()) {
      Writer& writer = writers_[reserved->writer];
      writer.reserved = std::max(writer.reserved, reserved->to);
    }
    const auto* writes = seen.as<LedgerWrites>();
    if (writes == nullptr || writes->ended.empty()) continue;
    Writer& writer = writers_[writes->writer];
    writer.reserved = std::max(writer.reserved, writes->next() - 1);
    std::int64_t number = writes->first;
    for (const char ended : writes->ended) told[writes->writer].push_back({number++, ended, seen.index});
  }
  for (auto& [writer, rows] : told) take(writers_[writer], std::move(rows));
}

// A journal that was taken up again may tell of a write twice: the last word counts.
void WrittenRows::take(Writer& writer, std::vector<Told> told) {
  std::stable_sort(told.begin(), told.end(),
                   [](const Told& one, const Told& other) { return one.number < other.number; });
  for (auto row = told.begin(); row != told.end();) {
    const auto next =
        std::find_if(row, told.end(), [&](const Told& one) { return one.number != row->number; });
    if (std::any_of(row, next, [](const Told& one) { return one.ended == kOk; })) ++acknowledged_;
    writer.told.push_back(*(next - 1));
    row = next;
  }
}

WrittenRows::Difference WrittenRows::lost(const LedgerRows& rows) const {
  return lost(rows, [](int) { return true; });
}

WrittenRows::Difference WrittenRows::lost(const LedgerRows& rows,
                                          const std::function<bool(int)>& concerns) const {
  Difference difference;
  for (const auto& [id, writer] : writers_) {
    if (!concerns(id)) continue;
    const auto present = rows.present.find(id);
    const LedgerRuns none;
    const auto& runs = present == rows.present.end() ? none.runs : present->second.runs;
    auto run = runs.begin();
    for (const Told& row : writer.told) {
      while (run != runs.end() && run->second < row.number) ++run;
      const bool is_there = run != runs.end() && run->first <= row.number;
      if (row.ended == kOk && !is_there) note(difference, id, row.number, row.entry);
    }
  }
  return difference;
}

WrittenRows::Difference WrittenRows::unwritten(const LedgerRows& rows) const {
  Difference difference;
  const Writer nobody;
  for (const auto& [id, present] : rows.present) {
    const auto known = writers_.find(id);
    const Writer& writer = known == writers_.end() ? nobody : known->second;
    for (const auto& [first, last] : present.runs) {
      note(difference, id, first, 0, std::min<std::int64_t>(last, 0) - first + 1);
      const auto from =
          std::lower_bound(writer.told.begin(), writer.told.end(), first,
                           [](const Told& row, std::int64_t number) { return row.number < number; });
      for (auto row = from; row != writer.told.end() && row->number <= last; ++row)
        if (row->ended == kFailed) note(difference, id, row->number, row->entry);
      const std::int64_t beyond = std::max(first, writer.reserved + 1);
      note(difference, id, beyond, 0, last - beyond + 1);
    }
  }
  return difference;
}

}  // namespace stateproof::check
