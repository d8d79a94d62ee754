#include "harness/monitor/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "harness/report/text.h"

namespace stateproof::monitor {
namespace {

constexpr std::size_t kBetween = 2;  // blanks between columns

int code_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return 0;
    case Tone::kHeading:
      return 1;
    case Tone::kGood:
      return 32;
    case Tone::kAttention:
      return 33;
    case Tone::kBad:
      return 31;
    case Tone::kFaint:
      return 90;
  }
  return 0;
}

std::size_t width_of(const Line& line) {
  std::size_t width = 0;
  for (const Span& span : line) width += report::columns(span.text);
  return width;
}

/// The first `columns` columns, or all when there are no more.
std::string_view beginning(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes) {
    const bool begins_column = (static_cast<unsigned char>(text[bytes]) & 0xC0U) != 0x80U;
    if (begins_column && seen++ == columns) break;
  }
  return text.substr(0, bytes);
}

Line line_of(const std::vector<Span>& cells, const std::vector<std::size_t>& widths) {
  std::size_t last = cells.size();  // blanks at the end are none of the picture
  while (last > 0 && cells[last - 1].text.empty()) --last;
  Line line;
  for (std::size_t i = 0; i < last; ++i) {
    Span span = cells[i];
    if (i + 1 < last) span.text += std::string(widths[i] - report::columns(span.text) + kBetween, ' ');
    line.push_back(std::move(span));
  }
  return line;
}

}  // namespace

Table::Table(std::vector<std::string> heading) {
  for (std::string& name : heading) heading_.push_back({std::move(name), Tone::kHeading});
}

std::vector<Line> Table::lines(std::size_t height, const std::string& rest) const {
  const std::size_t room = std::max<std::size_t>(height, 2) - 1;
  std::vector<bool> chosen(rows_.size(), rows_.size() <= room);
  std::size_t left_out = 0;
  if (rows_.size() > room) {
    std::size_t free = room - 1;  // the last line counts the others
    for (const bool notable : {true, false})
      for (std::size_t i = 0; i < rows_.size() && free > 0; ++i)
        if (rows_[i].notable == notable) {
          chosen[i] = true;
          --free;
        }
    left_out = rows_.size() - (room - 1);
  }
  std::vector<std::size_t> widths(heading_.size(), 0);
  const auto measure = [&](const std::vector<Span>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], report::columns(cells[i].text));
  };
  measure(heading_);
  for (const Row& row : rows_) measure(row.cells);

  std::vector<Line> lines{line_of(heading_, widths)};
  bool all_well = true;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (chosen[i]) lines.push_back(line_of(rows_[i].cells, widths));
    all_well = all_well && (chosen[i] || !rows_[i].notable);
  }
  if (left_out > 0)
    lines.push_back({{fmt::format("and {} more{}", left_out, all_well ? ", " + rest : std::string{}),
                      all_well ? Tone::kFaint : Tone::kAttention}});
  return lines;
}

std::string shown(const Line& line, std::size_t width, bool colour) {
  const bool fits = width_of(line) <= width;
  const std::size_t dots = fits ? 0 : std::min<std::size_t>(width, 3);
  std::size_t free = fits ? width_of(line) : width - dots;
  std::string text;
  for (const Span& span : line) {
    if (free == 0) break;
    const std::string_view kept = beginning(span.text, free);
    free -= report::columns(kept);
    if (colour && span.tone != Tone::kPlain && !kept.empty())
      text += fmt::format("\x1B[{}m{}\x1B[0m", code_of(span.tone), kept);
    else
      text += kept;
  }
  return text + std::string(dots, '.');
}

}  // namespace stateproof::monitor
