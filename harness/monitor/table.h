#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace stateproof::monitor {

/// What a piece of text means; a terminal shows it as a colour. Never the only difference.
enum class Tone { kPlain, kHeading, kGood, kAttention, kBad, kFaint };

struct Span {
  std::string text;
  Tone tone = Tone::kPlain;
};
using Line = std::vector<Span>;

struct Row {
  std::vector<Span> cells;
  bool notable = false;  ///< must be seen even when there is no room for all rows
};

/// Rows under a heading, its columns as wide as their widest cell.
class Table {
 public:
  explicit Table(std::vector<std::string> heading);
  void add(Row row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Lines that all of it takes.
  [[nodiscard]] std::size_t height() const { return rows_.size() + 1; }
  /// In at most `height` lines (two at least): when there are more rows, notable ones and those above go
  /// first, and the last line counts the others, which are `rest` ("Ready", "bound").
  [[nodiscard]] std::vector<Line> lines(std::size_t height, const std::string& rest) const;

 private:
  std::vector<Span> heading_;
  std::vector<Row> rows_;
};

/// At most `width` columns, cut with "..." where something is left out; with the terminal's codes when
/// `colour`.
std::string shown(const Line& line, std::size_t width, bool colour);

}  // namespace stateproof::monitor
