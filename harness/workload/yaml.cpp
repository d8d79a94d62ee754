#include "harness/workload/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <optional>

namespace stateproof::workload {
namespace {

using nlohmann::json;

/// More than any manifest has: aliases can make a short text into a huge one.
constexpr std::size_t kMostValues = 500'000;
constexpr std::size_t kDeepest = 100;

template <class Number, class... Base>
std::optional<Number> number(std::string_view text, Base... base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

/// As in defaultMode: 0644.
std::optional<std::int64_t> octal(std::string_view text) {
  if (text.size() < 2 || text.front() != '0') return std::nullopt;
  text.remove_prefix(text[1] == 'o' ? 2 : 1);
  return number<std::int64_t>(text, 8);
}

// yaml-cpp marks a quoted scalar with the tag "!".
json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return text;
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  if (const auto integer = octal(text)) return *integer;
  if (const auto integer = number<std::int64_t>(text)) return *integer;
  if (text.find_first_of("0123456789") == std::string::npos) return text;
  if (const auto real = number<double>(text)) return *real;
  return text;
}

std::string escaped(std::string key) {
  for (std::size_t at = 0; (at = key.find_first_of("~/", at)) != std::string::npos; at += 2)
    key.replace(at, 1, key[at] == '~' ? "~0" : "~1");
  return key;
}

class Conversion {
 public:
  explicit Conversion(Document& document) : document_(document) {}

  json convert(const YAML::Node& node, const std::string& pointer, std::size_t depth = 0) {
    document_.lines.try_emplace(pointer, node.Mark().line + 1);
    if (++values_ > kMostValues)
      throw BadYaml(node.Mark().line + 1, "it holds more than half a million values");
    if (depth > kDeepest) throw BadYaml(node.Mark().line + 1, "it is nested more than a hundred levels deep");
    if (node.IsMap()) return map(node, pointer, depth);
    if (node.IsSequence()) {
      json array = json::array();
      for (const auto& element : node)
        array.push_back(convert(element, fmt::format("{}/{}", pointer, array.size()), depth + 1));
      return array;
    }
    return node.IsScalar() ? scalar(node) : json(nullptr);
  }

 private:
  json map(const YAML::Node& node, const std::string& pointer, std::size_t depth) {
    json object = json::object();
    json merged = json::object();
    for (const auto& member : node) {
      if (!member.first.IsScalar()) throw BadYaml(member.first.Mark().line + 1, "a key is not a word");
      const std::string& key = member.first.Scalar();
      const std::string place = pointer + "/" + escaped(key);
      if (object.contains(key))
        throw BadYaml(member.first.Mark().line + 1, fmt::format("\"{}\" stands there twice", key));
      json value = convert(member.second, place, depth + 1);
      document_.lines[place] = member.first.Mark().line + 1;
      if (key != "<<")
        object[key] = std::move(value);
      else
        merge(merged, value);
    }
    for (auto& [key, value] : merged.items())
      if (!object.contains(key)) object[key] = value;
    return object;
  }

  /// Of several, the first one counts.
  static void merge(json& merged, const json& value) {
    if (value.is_array())
      for (const json& one : value) merge(merged, one);
    if (value.is_object())
      for (const auto& [key, member] : value.items())
        if (!merged.contains(key)) merged[key] = member;
  }

  Document& document_;
  std::size_t values_ = 0;
};

}  // namespace

int Document::line_of(std::string pointer) const {
  while (true) {
    if (const auto found = lines.find(pointer); found != lines.end()) return found->second;
    if (pointer.empty()) return line;
    pointer.resize(pointer.rfind('/'));
  }
}

std::vector<Document> read_yaml(std::string_view text) {
  std::vector<Document> documents;
  try {
    for (const YAML::Node& node : YAML::LoadAll(std::string{text})) {
      if (!node.IsDefined() || node.IsNull()) continue;
      Document& document = documents.emplace_back();
      document.line = node.Mark().line + 1;
      document.value = Conversion(document).convert(node, "");
    }
  } catch (const YAML::Exception& error) {
    throw BadYaml(error.mark.line + 1, error.msg);
  }
  return documents;
}

}  // namespace stateproof::workload
