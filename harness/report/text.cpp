#include "harness/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace stateproof::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

char32_t code_point(std::string_view sequence) {
  constexpr unsigned lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t value = static_cast<unsigned char>(sequence[0]) & lead_mask[sequence.size()];
  for (const char byte : sequence.substr(1)) value = value << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
  return value;
}

bool is_allowed(char32_t code, std::size_t length) {
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[length] || code > 0x10FFFF) return false;  // overlong forms hide other characters
  return (code < 0xD800 || code > 0xDFFF) && code != 0xFFFE && code != 0xFFFF;
}

/// The character at the front of `text`; empty when its bytes are broken or not allowed.
std::string_view character(std::string_view text) {
  const std::size_t length = sequence_length(static_cast<unsigned char>(text[0]));
  if (length == 0 || length > text.size()) return {};
  const std::string_view sequence = text.substr(0, length);
  if (!std::all_of(sequence.begin() + 1, sequence.end(), is_continuation)) return {};
  return is_allowed(code_point(sequence), length) ? sequence : std::string_view{};
}

/// Length of the CSI sequence (colour, cursor) at the front; 1 for an escape character that begins none.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2 || text[1] != '[') return 1;
  const std::size_t end = text.find_first_not_of("0123456789;:?", 2);
  return end == std::string_view::npos ? text.size() : end + 1;
}

bool is_unwanted_control(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  return (code < 0x20 && byte != '\n' && byte != '\t') || code == 0x7F;
}

/// Moves the cursor, or turns the order of what follows: C1 controls, line and paragraph separators, marks
/// and overrides of direction. A terminal obeys them, and a reader does not see them.
bool is_treacherous(char32_t code) {
  return (code >= 0x80 && code <= 0x9F) || code == 0x061C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

struct Word {
  std::size_t gap;  ///< blanks before it
  std::string_view text;
};

std::vector<Word> words(std::string_view line) {
  std::vector<Word> result;
  for (std::size_t end = 0, begin = 0;
       (begin = line.find_first_not_of(' ', end)) != std::string_view::npos;) {
    const std::size_t gap = begin - end;
    end = std::min(line.find(' ', begin), line.size());
    result.push_back({gap, line.substr(begin, end - begin)});
  }
  return result;
}

void append_wrapped(std::string& result, std::string_view line, std::size_t width, std::size_t indent) {
  std::size_t used = indent;
  for (const Word& word : words(line)) {
    if (used > indent && used + word.gap + columns(word.text) > width) {
      result += "\n" + std::string(indent, ' ');
      used = indent;
    }
    const std::size_t gap = used > indent ? word.gap : 0;
    result += std::string(gap, ' ') + std::string{word.text};
    used += gap + columns(word.text);
  }
}

}  // namespace

std::string valid_text(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    std::size_t taken = 1;
    if (text[0] == '\x1B') {
      taken = escape_length(text);
    } else if (const std::string_view whole = character(text); whole.empty()) {
      result += kReplacement;
    } else {
      taken = whole.size();
      if (const char32_t code = code_point(whole); is_treacherous(code))
        result += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
      else if (!is_unwanted_control(text[0]))
        result += whole;
    }
    text.remove_prefix(taken);
  }
  return result;
}

std::string one_line(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    const bool blank = byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
    if (!blank) {
      result += byte;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::size_t columns(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

std::string cut(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string{text};
  const std::size_t kept = width < 3 ? 0 : width - 3;
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes) {
    if (!is_continuation(text[bytes]) && seen++ == kept) break;
  }
  return std::string{text.substr(0, bytes)} + std::string(std::min<std::size_t>(width, 3), '.');
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) result += "\n" + std::string(indent, ' ');
    append_wrapped(result, text.substr(begin, end - begin), width, indent);
    begin = end + 1;
  }
  return result;
}

std::string duration_text(double seconds) {
  if (seconds < 99.95) return fmt::format("{:.1f}s", seconds);
  const long long whole = std::llround(seconds);
  return fmt::format("{}m {:02}s", whole / 60, whole % 60);
}

double in_seconds(Elapsed elapsed) { return std::chrono::duration<double>(elapsed).count(); }

std::string moment_text(Elapsed at) { return fmt::format("+{:06.3f}s", in_seconds(at)); }

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace stateproof::report
