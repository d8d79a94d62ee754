#include "harness/model/rfc3339.h"

#include <fmt/format.h>

#include <charconv>

namespace stateproof {
namespace {

// Reads exactly `width` digits and removes them from `text`.
std::optional<int> digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + width, value);
  if (error != std::errc{} || end != text.data() + width || text[0] == '-') return std::nullopt;
  text.remove_prefix(width);
  return value;
}

bool skip(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Digits beyond microseconds are dropped: Kubernetes writes no more than six (MicroTime).
std::optional<std::chrono::microseconds> fraction(std::string_view& text) {
  if (!skip(text, ".")) return std::chrono::microseconds{0};
  int value = 0;
  int scale = 100'000;
  bool any = false;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += (text.front() - '0') * scale;
    scale /= 10;
    any = true;
    text.remove_prefix(1);
  }
  if (!any) return std::nullopt;
  return std::chrono::microseconds{value};
}

std::optional<std::chrono::minutes> offset(std::string_view& text) {
  if (skip(text, "Zz")) return std::chrono::minutes{0};
  if (text.empty()) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!skip(text, "+-")) return std::nullopt;
  const auto hours = digits(text, 2);
  if (!hours || !skip(text, ":")) return std::nullopt;
  const auto minutes = digits(text, 2);
  if (!minutes) return std::nullopt;
  return std::chrono::minutes{sign * (*hours * 60 + *minutes)};
}

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  const auto year = digits(text, 4);
  if (!year || !skip(text, "-")) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !skip(text, "-")) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day || !skip(text, "Tt ")) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || !skip(text, ":")) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || !skip(text, ":")) return std::nullopt;
  const auto second = digits(text, 2);
  if (!second) return std::nullopt;
  const auto part = fraction(text);
  if (!part) return std::nullopt;
  const auto shift = offset(text);
  if (!shift || !text.empty()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second} + *part - *shift;
}

std::string format_rfc3339(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::milliseconds>(time - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace stateproof
