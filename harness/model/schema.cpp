#include "harness/model/schema.h"

#include <fmt/format.h>

#include <algorithm>

namespace stateproof::schema {
namespace {

using nlohmann::json;

/// The most brackets that are open at one time, those within texts left aside.
std::size_t depth_of(std::string_view text) {
  std::size_t open = 0;
  std::size_t deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '{' || c == '[')) {
      deepest = std::max(deepest, ++open);
    } else if (!quoted && (c == '}' || c == ']') && open > 0) {
      --open;
    }
  }
  return deepest;
}

const json& demand(bool met, const json& value, const char* what) {
  if (!met) throw Unfit(fmt::format("is not {}", what));
  return value;
}

}  // namespace

json parse(std::string_view text) {
  if (depth_of(text) > kDeepest) throw Unfit(fmt::format("nested more than {} deep", kDeepest));
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) throw Unfit("not JSON");
  return value;
}

std::int64_t whole_number(const json& from, Bounds bounds) {
  const bool fits = from.is_number_unsigned() ? std::in_range<std::int64_t>(from.get<std::uint64_t>())
                                              : from.is_number_integer();
  const auto number = fits ? from.get<std::int64_t>() : bounds.least;
  if (!fits || number < bounds.least || number > bounds.most)
    throw Unfit(fmt::format("is not a whole number from {} to {}", bounds.least, bounds.most));
  return number;
}

std::string text(const json& from) { return demand(from.is_string(), from, "text").get<std::string>(); }

bool truth(const json& from) { return demand(from.is_boolean(), from, "true or false").get<bool>(); }

const json& list(const json& from) { return demand(from.is_array(), from, "a list"); }

const json& pair(const json& from) { return demand(from.is_array() && from.size() == 2, from, "a pair"); }

const json& object(const json& from) { return demand(from.is_object(), from, "an object"); }

void refuse_word(const json& from) {
  std::string word = from.is_string() ? from.get<std::string>() : std::string{"something else"};
  if (word.size() > 60) word = word.substr(0, 60) + "...";
  throw Unfit(fmt::format("is not one of the allowed words, but \"{}\"", word));
}

void refuse_field(const char* key, const Unfit& why) {
  throw Unfit(fmt::format("\"{}\" {}", key, why.what()));
}

void refuse_missing(const char* key) { throw Unfit(fmt::format("\"{}\" is missing", key)); }

void Reader::operator()(const char* key, Deltas<std::vector<std::chrono::microseconds>> deltas) const {
  std::vector<std::chrono::microseconds> times;
  (*this)(key, times);
  for (std::size_t i = 1; i < times.size(); ++i) {
    times[i] += times[i - 1];
    if (times[i].count() < kTime.least || times[i].count() > kTime.most)
      refuse_field(key, Unfit("is too long a time"));
  }
  deltas.times = std::move(times);
}

void Writer::operator()(const char* key, Deltas<const std::vector<std::chrono::microseconds>> deltas) const {
  std::vector<std::chrono::microseconds> distances = deltas.times;
  for (std::size_t i = distances.size(); i > 1; --i) distances[i - 1] -= distances[i - 2];
  (*this)(key, distances);
}

}  // namespace stateproof::schema
