#include "harness/check/disruption/written_rows.h"

#include <algorithm>

namespace stateproof::check {

WrittenRows::WrittenRows(const Timeline& timeline, const Observation& until) {
  for (const Observation& seen : timeline) {
    if (seen.index >= until.index) break;
    if (const auto* reserved = seen.as<LedgerReserved>()) {
      Writer& writer = writers_[reserved->writer];
      writer.reserved = std::max(writer.reserved, reserved->to);
    }
    const auto* writes = seen.as<LedgerWrites>();
    if (writes == nullptr || writes->ended.empty()) continue;
    Writer& writer = writers_[writes->writer];
    const auto end = static_cast<std::size_t>(writes->next() - 1);
    if (writer.ended.size() < end) {
      writer.ended.resize(end, static_cast<char>(WriteOutcome::kUnknown));
      writer.told.resize(end, 0);
    }
    writer.reserved = std::max(writer.reserved, writes->next() - 1);
    for (std::size_t i = 0; i < writes->ended.size(); ++i) {
      const std::size_t position = static_cast<std::size_t>(writes->first) - 1 + i;
      // A journal that was taken up again may tell of a write twice.
      const auto ok = static_cast<char>(WriteOutcome::kOk);
      if (writes->ended[i] == ok && writer.ended[position] != ok) ++acknowledged_;
      writer.ended[position] = writes->ended[i];
      writer.told[position] = seen.index;
    }
  }
}

WriteOutcome WrittenRows::outcome(const Writer& writer, std::int64_t number) {
  if (number > writer.reserved || number < 1) return WriteOutcome::kFailed;  // nobody may have written it
  const auto position = static_cast<std::size_t>(number - 1);
  return position < writer.ended.size() ? static_cast<WriteOutcome>(writer.ended[position])
                                        : WriteOutcome::kUnknown;
}

void WrittenRows::note(Difference& difference, int writer, const Writer& book, std::int64_t number) const {
  if (++difference.count > 1) return;
  difference.writer = writer;
  difference.first = number;
  const auto position = static_cast<std::size_t>(number - 1);
  if (number >= 1 && position < book.told.size()) difference.evidence = book.told[position];
}

WrittenRows::Difference WrittenRows::lost(const LedgerRows& rows) const {
  Difference difference;
  for (const auto& [id, writer] : writers_) {
    const auto present = rows.present.find(id);
    std::int64_t number = 1;
    const auto judge_gap = [&, of = id, book = &writer](std::int64_t end) {
      for (; number < end; ++number)
        if (outcome(*book, number) == WriteOutcome::kOk) note(difference, of, *book, number);
    };
    if (present != rows.present.end())
      for (const auto& [first, last] : present->second.runs) {
        judge_gap(first);
        number = std::max(number, last + 1);
      }
    judge_gap(static_cast<std::int64_t>(writer.ended.size()) + 1);
  }
  return difference;
}

WrittenRows::Difference WrittenRows::unwritten(const LedgerRows& rows) const {
  Difference difference;
  const Writer nobody;
  for (const auto& [id, present] : rows.present) {
    const auto known = writers_.find(id);
    const Writer& writer = known == writers_.end() ? nobody : known->second;
    for (const auto& [first, last] : present.runs)
      for (std::int64_t number = first; number <= last; ++number)
        if (outcome(writer, number) == WriteOutcome::kFailed) note(difference, id, writer, number);
  }
  return difference;
}

}  // namespace stateproof::check
