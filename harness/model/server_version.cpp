#include "harness/model/server_version.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace stateproof {
namespace {

/// Takes a number off the front of the text.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<int> take_further_number(std::string_view& text) {
  if (!text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  return take_number(text);
}

bool leads_to_a_release(std::string_view suffix) {
  constexpr std::array<std::string_view, 3> stages{"-alpha", "-beta", "-rc"};
  return std::any_of(stages.begin(), stages.end(),
                     [&](std::string_view stage) { return suffix.starts_with(stage); });
}

}  // namespace

std::optional<ServerVersion> parse_server_version(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const auto major = take_number(text);
  if (!major) return std::nullopt;
  const auto minor = take_further_number(text);
  if (!minor) return std::nullopt;
  const int patch = take_further_number(text).value_or(0);
  return ServerVersion{*major, *minor, patch, !leads_to_a_release(text)};
}

}  // namespace stateproof
