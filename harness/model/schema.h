#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/model/ids.h"
#include "harness/model/unfit.h"

/// Values as JSON, for all that comes from outside: recordings, journals, what programs inside pods print.
/// The fields of a type are declared once; the declaration reads and writes them:
///
///   template <>
///   struct schema::Fields<Gap> {
///     static void of(auto& gap, auto&& field) {
///       field("resource", gap.resource);
///       field("reason", gap.reason);
///     }
///   };
///
/// What is read is held to its type: a number that is no whole one, or lies beyond its bounds, is refused and
/// never cast.
namespace stateproof::schema {

/// Deeper than anything that is recorded. Whoever walks through a value does so on his stack.
inline constexpr std::size_t kDeepest = 100;

/// Text from outside. Throws Unfit when it is no JSON, or is nested deeper than kDeepest.
nlohmann::json parse(std::string_view text);

/// Bounds of a whole number, both included.
struct Bounds {
  std::int64_t least = 0;
  std::int64_t most = 0;
};
inline constexpr Bounds kSmall{0, 1'000'000};  ///< pods, ordinals, seconds
inline constexpr Bounds kCount{0, 1'000'000'000'000'000};
/// Microseconds of three hundred years, for programs inside pods tell the time since 1970: sums of a few
/// hundred do not overflow.
inline constexpr Bounds kTime{-10'000'000'000'000'000, 10'000'000'000'000'000};

/// `static void of(auto& value, auto&& field)`, see above; and where no field alone can tell whether the
/// whole fits, `static void check(const T& value)`, which throws Unfit.
template <class T>
struct Fields;

/// The words for an enumeration: `static constexpr auto all = std::array{std::pair{kOk, "ok"}, ...}`.
template <class T>
struct Words;

/// How one type is read and written. `read` throws Unfit, which says what the value is not.
template <class T>
struct Codec;

std::int64_t whole_number(const nlohmann::json& from, Bounds bounds);
std::string text(const nlohmann::json& from);
bool truth(const nlohmann::json& from);
const nlohmann::json& list(const nlohmann::json& from);
const nlohmann::json& pair(const nlohmann::json& from);
const nlohmann::json& object(const nlohmann::json& from);
[[noreturn]] void refuse_word(const nlohmann::json& from);
[[noreturn]] void refuse_field(const char* key, const Unfit& why);
[[noreturn]] void refuse_missing(const char* key);

template <class T>
T read(const nlohmann::json& from) {
  return Codec<T>::read(from);
}

template <class T>
nlohmann::json write(const T& value) {
  return Codec<T>::write(value);
}

/// Times that follow each other closely: written as the first one, and then the distances.
template <class Times>
struct Deltas {
  Times& times;
};
template <class Times>
Deltas(Times&) -> Deltas<Times>;

/// Takes fields from an object. Throws Unfit, which names the field.
class Reader {
 public:
  explicit Reader(const nlohmann::json& from) : from_(object(from)) {}

  template <class T>
  void operator()(const char* key, T& value) const {
    take(key, value, true, [](const nlohmann::json& from) { return read<T>(from); });
  }
  template <std::integral T>
  void operator()(const char* key, T& value, Bounds bounds) const {
    take(key, value, true,
         [&](const nlohmann::json& from) { return static_cast<T>(whole_number(from, bounds)); });
  }
  void operator()(const char* key, Deltas<std::vector<std::chrono::microseconds>> deltas) const;
  /// The value stays what it is when the field is missing.
  template <class T>
  void optional(const char* key, T& value) const {
    take(key, value, false, [](const nlohmann::json& from) { return read<T>(from); });
  }
  template <std::integral T>
  void optional(const char* key, T& value, Bounds bounds) const {
    take(key, value, false,
         [&](const nlohmann::json& from) { return static_cast<T>(whole_number(from, bounds)); });
  }

 private:
  template <class T, class Read>
  void take(const char* key, T& value, bool required, Read how) const {
    const auto found = from_.find(key);
    if (found == from_.end() && required) refuse_missing(key);
    if (found == from_.end()) return;
    try {
      value = how(*found);
    } catch (const Unfit& why) {
      refuse_field(key, why);
    }
  }
  const nlohmann::json& from_;
};

/// Puts fields into an object; optional ones only when they differ from what a new value has.
class Writer {
 public:
  explicit Writer(nlohmann::json& to) : to_(to) {}

  template <class T>
  void operator()(const char* key, const T& value, Bounds /*bounds*/ = {}) const {
    to_[key] = write(value);
  }
  void operator()(const char* key, Deltas<const std::vector<std::chrono::microseconds>> deltas) const;
  template <class T>
  void optional(const char* key, const T& value, Bounds /*bounds*/ = {}) const {
    if (!(value == T{})) to_[key] = write(value);
  }

 private:
  nlohmann::json& to_;
};

// --------------------------------------------------------------------------------------------- types

template <>
struct Codec<bool> {
  static bool read(const nlohmann::json& from) { return truth(from); }
  static nlohmann::json write(bool value) { return value; }
};

template <>
struct Codec<std::string> {
  static std::string read(const nlohmann::json& from) { return text(from); }
  static nlohmann::json write(const std::string& value) { return value; }
};

template <>
struct Codec<int> {
  static int read(const nlohmann::json& from) { return static_cast<int>(whole_number(from, kSmall)); }
  static nlohmann::json write(int value) { return value; }
};

template <>
struct Codec<std::int64_t> {
  static std::int64_t read(const nlohmann::json& from) { return whole_number(from, kCount); }
  static nlohmann::json write(std::int64_t value) { return value; }
};

template <>
struct Codec<std::uint64_t> {
  static std::uint64_t read(const nlohmann::json& from) {
    return static_cast<std::uint64_t>(whole_number(from, kCount));
  }
  static nlohmann::json write(std::uint64_t value) { return value; }
};

template <>
struct Codec<std::chrono::microseconds> {
  static std::chrono::microseconds read(const nlohmann::json& from) {
    return std::chrono::microseconds{whole_number(from, kTime)};
  }
  static nlohmann::json write(std::chrono::microseconds value) { return value.count(); }
};

template <>
struct Codec<Uid> {
  static Uid read(const nlohmann::json& from) { return {text(from)}; }
  static nlohmann::json write(const Uid& value) { return value.value; }
};

template <>
struct Codec<Ordinal> {
  static Ordinal read(const nlohmann::json& from) { return {schema::read<int>(from)}; }
  static nlohmann::json write(Ordinal value) { return value.value; }
};

template <>
struct Codec<Replicas> {
  static Replicas read(const nlohmann::json& from) { return {schema::read<int>(from)}; }
  static nlohmann::json write(Replicas value) { return value.value; }
};

/// An object, whatever is in it.
template <>
struct Codec<nlohmann::json> {
  static nlohmann::json read(const nlohmann::json& from) { return object(from); }
  static nlohmann::json write(const nlohmann::json& value) { return value; }
};

template <class T>
struct Codec<std::vector<T>> {
  static std::vector<T> read(const nlohmann::json& from) {
    std::vector<T> values;
    for (const nlohmann::json& one : list(from)) values.push_back(schema::read<T>(one));
    return values;
  }
  static nlohmann::json write(const std::vector<T>& values) {
    nlohmann::json all = nlohmann::json::array();
    for (const T& value : values) all.push_back(schema::write(value));
    return all;
  }
};

template <class A, class B>
struct Codec<std::pair<A, B>> {
  static std::pair<A, B> read(const nlohmann::json& from) {
    return {schema::read<A>(pair(from)[0]), schema::read<B>(pair(from)[1])};
  }
  static nlohmann::json write(const std::pair<A, B>& value) {
    return nlohmann::json::array({schema::write(value.first), schema::write(value.second)});
  }
};

/// An object.
template <class T>
struct Codec<std::map<std::string, T>> {
  static std::map<std::string, T> read(const nlohmann::json& from) {
    std::map<std::string, T> values;
    for (const auto& [key, value] : object(from).items()) values.emplace(key, schema::read<T>(value));
    return values;
  }
  static nlohmann::json write(const std::map<std::string, T>& values) {
    nlohmann::json all = nlohmann::json::object();
    for (const auto& [key, value] : values) all[key] = schema::write(value);
    return all;
  }
};

/// A list of pairs.
template <class T>
struct Codec<std::map<int, T>> {
  static std::map<int, T> read(const nlohmann::json& from) {
    std::map<int, T> values;
    for (const auto& [key, value] : schema::read<std::vector<std::pair<int, T>>>(from)) values[key] = value;
    return values;
  }
  static nlohmann::json write(const std::map<int, T>& values) {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& [key, value] : values) all.push_back({key, schema::write(value)});
    return all;
  }
};

template <class T>
  requires requires { Words<T>::all; }
struct Codec<T> {
  static T read(const nlohmann::json& from) {
    for (const auto& [value, word] : Words<T>::all)
      if (from == word) return value;
    refuse_word(from);
  }
  static nlohmann::json write(T value) {
    for (const auto& [one, word] : Words<T>::all)
      if (one == value) return word;
    return nullptr;  // every enumerator has a word
  }
};

template <class T>
  requires requires(T& value, Reader& reader) { Fields<T>::of(value, reader); }
struct Codec<T> {
  static T read(const nlohmann::json& from) {
    T value;
    Fields<T>::of(value, Reader(from));
    if constexpr (requires { Fields<T>::check(value); }) Fields<T>::check(value);
    return value;
  }
  static nlohmann::json write(const T& value) {
    nlohmann::json all = nlohmann::json::object();
    Fields<T>::of(value, Writer(all));
    return all;
  }
};

}  // namespace stateproof::schema
