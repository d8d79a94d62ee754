#include "suites/scenarios/clients/record_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

namespace stateproof::scenarios {
namespace {

constexpr std::string_view kPrefix = "sp-";
constexpr std::size_t kMostTold = 20;
constexpr std::size_t kQuoted = 80;

/// FNV-1a of 32 bits: told apart must be a record and a damaged one, not friend and foe.
std::uint32_t checksum(std::string_view text) {
  std::uint32_t sum = 2166136261U;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619U;
  return sum;
}

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view blank = " \t\r\"";
  const std::size_t first = line.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(blank) - first + 1);
}

/// Takes a number and the dash after it away from the text.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || length >= text.size() || text[length] != '-') return false;
  text.remove_prefix(length + 1);
  return true;
}

/// What a line says it is, whether or not its checksum agrees.
std::optional<Record> named_by(std::string_view line) {
  if (!line.starts_with(kPrefix)) return std::nullopt;
  line.remove_prefix(kPrefix.size());
  Record record;
  if (!take_number(line, record.writer) || !take_number(line, record.number)) return std::nullopt;
  return record;
}

}  // namespace

std::string record_text(int writer, std::int64_t number) {
  const std::string body = fmt::format("{}{}-{}", kPrefix, writer, number);
  return fmt::format("{}-{:08x}", body, checksum(body));
}

tl::expected<LedgerRows, std::string> rows_of_records(std::string_view printed) {
  LedgerRows rows;
  rows.ok = true;
  std::map<Record, std::int64_t> found;
  for (std::size_t begin = 0; begin < printed.size();) {
    const std::size_t end = std::min(printed.find('\n', begin), printed.size());
    const std::string_view line = trimmed(printed.substr(begin, end - begin));
    begin = end + 1;
    if (line.empty()) continue;
    const auto record = named_by(line);
    if (!record && line.starts_with(kPrefix)) {
      ++rows.damaged_count;
      continue;
    }
    if (!record) return tl::make_unexpected(std::string{line.substr(0, kQuoted)});
    if (line == record_text(record->writer, record->number)) {
      ++found[*record];
      continue;
    }
    ++rows.damaged_count;
    if (rows.damaged.size() < kMostTold) rows.damaged.emplace_back(record->writer, record->number);
  }
  for (const auto& [record, times] : found) {
    LedgerRuns& of = rows.present[record.writer];
    ++of.rows;
    if (!of.runs.empty() && of.runs.back().second + 1 == record.number)
      of.runs.back().second = record.number;
    else
      of.runs.emplace_back(record.number, record.number);
    if (times == 1) continue;
    ++of.repeated_count;
    if (of.repeated.size() < kMostTold) of.repeated.push_back(record.number);
  }
  return rows;
}

std::set<Record> lacking(const LedgerRows& rows, const std::set<Record>& records) {
  std::set<Record> missing;
  for (const Record& record : records) {
    const auto of = rows.present.find(record.writer);
    const bool there = of != rows.present.end() &&
                       std::any_of(of->second.runs.begin(), of->second.runs.end(), [&](const auto& run) {
                         return run.first <= record.number && record.number <= run.second;
                       });
    if (!there) missing.insert(record);
  }
  return missing;
}

}  // namespace stateproof::scenarios
