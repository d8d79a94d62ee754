#include "harness/check/reference/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::check {
namespace {

using nlohmann::json;

bool is_empty(const json& value) {
  return value.is_null() || value == "" || (value.is_structured() && value.empty());
}

/// Lists whose elements have a key, and whether their order means something.
struct KeyedList {
  std::string_view list;
  const char* key;
  bool ordered;
};
constexpr std::array<KeyedList, 11> kKeyed{{{"volumes", "name", false},
                                            {"containers", "name", true},
                                            {"initContainers", "name", true},
                                            {"env", "name", true},
                                            {"volumeMounts", "mountPath", false},
                                            {"volumeDevices", "devicePath", false},
                                            {"imagePullSecrets", "name", false},
                                            {"ownerReferences", "uid", false},
                                            {"resourceClaims", "name", false},
                                            {"resizePolicy", "resourceName", false},
                                            {"hostAliases", "ip", false}}};

/// Elements by key, in their order; nullopt when one has no key of its own.
std::optional<std::vector<std::pair<std::string, const json*>>> by_key(const json& list, const char* key) {
  std::vector<std::pair<std::string, const json*>> elements;
  std::set<std::string> keys;
  for (const json& element : list) {
    std::string name = fields::text(element, key);
    if (name.empty() || !keys.insert(name).second) return std::nullopt;
    elements.emplace_back(std::move(name), &element);
  }
  return elements;
}

bool matches(std::string_view pattern, const FieldPath& path) {
  for (const std::string& name : path) {
    if (pattern.empty()) return true;
    const std::size_t end = std::min(pattern.find(' '), pattern.size());
    const std::string_view want = pattern.substr(0, end);
    if (want != "*" && want != name) return false;
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
  return pattern.empty();
}

std::string text_of(const FieldPath& path) {
  std::string text;
  bool in_list = false;
  for (const std::string& name : path) {
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return std::isalpha(c) != 0; });
    if (in_list || !plain)
      text += "[" + name + "]";
    else
      text += (text.empty() ? "" : ".") + name;
    in_list =
        std::any_of(kKeyed.begin(), kKeyed.end(), [&](const KeyedList& one) { return one.list == name; });
  }
  return text;
}

std::string value_text(const json* value) {
  constexpr std::size_t kMost = 200;
  if (value == nullptr) return "nothing";
  const std::string text = value->dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= kMost ? text : fmt::format("{:.{}}...", text, kMost);
}

class Comparison {
 public:
  explicit Comparison(const std::vector<Leeway>& leeways) : leeways_(leeways) {}

  void compare(const json* expected, const json* served) {
    if (expected != nullptr && served != nullptr && *expected == *served) return;
    if ((expected == nullptr || is_empty(*expected)) && (served == nullptr || is_empty(*served))) return;
    if (is_left_open(expected, served)) return;
    const auto structured = [](const json* value, json::value_t type) {
      return value == nullptr || value->is_null() || value->type() == type;
    };
    if (structured(expected, json::value_t::object) && structured(served, json::value_t::object))
      compare_objects(expected, served);
    else if (structured(expected, json::value_t::array) && structured(served, json::value_t::array))
      compare_lists(expected, served);
    else if (!same_quantity(expected, served))
      report(expected, served);
  }

  std::vector<Difference> found;

 private:
  void report(const json* expected, const json* served) {
    found.push_back({text_of(path_), value_text(expected), value_text(served)});
  }

  bool is_left_open(const json* expected, const json* served) const {
    return std::any_of(leeways_.begin(), leeways_.end(), [&](const Leeway& one) {
      return matches(one.where, path_) && one.holds(expected, served, path_);
    });
  }

  bool same_quantity(const json* expected, const json* served) const {
    if (expected == nullptr || served == nullptr) return false;
    if (std::find(path_.begin(), path_.end(), "resources") == path_.end()) return false;
    if (!expected->is_string() || !served->is_string()) return false;
    const auto one = parse_quantity(expected->get_ref<const std::string&>());
    return one && one == parse_quantity(served->get_ref<const std::string&>());
  }

  void compare_at(std::string name, const json* expected, const json* served) {
    path_.push_back(std::move(name));
    compare(expected, served);
    path_.pop_back();
  }

  /// An element that only one of them has is one difference.
  void compare_element(const std::string& name, const json* expected, const json* served) {
    if (expected != nullptr && served != nullptr) return compare_at(name, expected, served);
    path_.push_back(name);
    if (!is_left_open(expected, served)) report(expected, served);
    path_.pop_back();
  }

  void compare_objects(const json* expected, const json* served) {
    static const json kNone = json::object();
    const json& one = expected == nullptr || expected->is_null() ? kNone : *expected;
    const json& other = served == nullptr || served->is_null() ? kNone : *served;
    for (const auto& [name, value] : one.items()) {
      const auto there = other.find(name);
      compare_at(name, &value, there == other.end() ? nullptr : &*there);
    }
    for (const auto& [name, value] : other.items())
      if (!one.contains(name)) compare_at(name, nullptr, &value);
  }

  void compare_lists(const json* expected, const json* served) {
    static const json kNone = json::array();
    const json& one = expected == nullptr || expected->is_null() ? kNone : *expected;
    const json& other = served == nullptr || served->is_null() ? kNone : *served;
    const auto* keyed = std::find_if(kKeyed.begin(), kKeyed.end(), [&](const KeyedList& list) {
      return !path_.empty() && list.list == path_.back();
    });
    if (keyed != kKeyed.end()) {
      const auto wanted = by_key(one, keyed->key);
      const auto there = by_key(other, keyed->key);
      if (wanted && there) return compare_keyed(*wanted, *there, keyed->ordered);
    }
    if (!path_.empty() && path_.back() == "tolerations") return compare_as_bag(one, other);
    if (one.size() != other.size()) return report(expected, served);
    for (std::size_t i = 0; i < one.size(); ++i) compare_at(std::to_string(i), &one[i], &other[i]);
  }

  using Elements = std::vector<std::pair<std::string, const json*>>;
  void compare_keyed(const Elements& wanted, const Elements& there, bool ordered) {
    std::map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < there.size(); ++i) places[there[i].first] = i;
    std::size_t last = 0;
    for (const auto& [key, value] : wanted) {
      const auto place = places.extract(key);
      compare_element(key, value, place.empty() ? nullptr : there[place.mapped()].second);
      if (place.empty()) continue;
      if (ordered && place.mapped() < last) {
        found.push_back({text_of(path_), "the order of the template", key + " stands before others"});
        return;
      }
      last = place.mapped();
    }
    for (const auto& [key, place] : places) compare_element(std::string{key}, nullptr, there[place].second);
  }

  void compare_as_bag(const json& wanted, const json& there) {
    std::vector<const json*> rest;
    for (const json& one : there) rest.push_back(&one);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto same =
          std::find_if(rest.begin(), rest.end(), [&](const json* one) { return *one == wanted[i]; });
      if (same == rest.end())
        compare_element(std::to_string(i), &wanted[i], nullptr);
      else
        rest.erase(same);
    }
    for (const json* one : rest) compare_element("added", nullptr, one);
  }

  const std::vector<Leeway>& leeways_;
  FieldPath path_;
};

}  // namespace

bool is_added(const json* expected, const json* /*served*/, const FieldPath& /*path*/) {
  return expected == nullptr;
}
bool always(const json* /*expected*/, const json* /*served*/, const FieldPath& /*path*/) { return true; }

std::vector<Difference> differences(const json& expected, const json& served,
                                    const std::vector<Leeway>& leeways) {
  Comparison comparison(leeways);
  comparison.compare(&expected, &served);
  return std::move(comparison.found);
}

}  // namespace stateproof::check
