#include "harness/diagnosis/selectors.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool compares(const json& expression, const std::string& label, bool greater) {
  const json& values = member(expression, "values");
  if (!values.is_array() || values.size() != 1 || !values.front().is_string()) return false;
  const auto has = whole(label);
  const auto bound = whole(values.front().get<std::string>());
  return has && bound && (greater ? *has > *bound : *has < *bound);
}

std::string expression_text(const json& expression) {
  const std::string how = text(expression, "operator");
  std::string values;
  for (const json& value : member(expression, "values"))
    if (value.is_string()) values += (values.empty() ? "" : ",") + value.get<std::string>();
  std::string out = text(expression, "key") + " " + how;
  return values.empty() ? out : out + " (" + values + ")";
}

}  // namespace

Labels labels_of(const json& object) { return texts(member(object, "metadata"), "labels"); }

bool meets(const json& expression, const Labels& labels) {
  const auto label = labels.find(text(expression, "key"));
  const bool there = label != labels.end();
  const std::string how = text(expression, "operator");
  const json& values = member(expression, "values");
  const bool listed = there && std::find(values.begin(), values.end(), label->second) != values.end();
  if (how == "In") return listed;
  if (how == "NotIn") return !listed;
  if (how == "Exists") return there;
  if (how == "DoesNotExist") return !there;
  return there && compares(expression, label->second, how == "Gt");
}

bool selects(const Labels& selector, const Labels& labels) {
  return !selector.empty() && std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
    const auto label = labels.find(wanted.first);
    return label != labels.end() && label->second == wanted.second;
  });
}

bool selects(const json& selector, const Labels& labels) {
  if (!selector.is_object()) return false;
  const Labels wanted = texts(selector, "matchLabels");
  if (!wanted.empty() && !selects(wanted, labels)) return false;
  const json& expressions = member(selector, "matchExpressions");
  return std::all_of(expressions.begin(), expressions.end(),
                     [&](const json& expression) { return meets(expression, labels); });
}

bool meets_any(const json& terms, const json& node) {
  const Labels labels = labels_of(node);
  const Labels fields{{"metadata.name", text(member(node, "metadata"), "name")}};
  return std::any_of(terms.begin(), terms.end(), [&](const json& term) {
    const json& expressions = member(term, "matchExpressions");
    const json& on_fields = member(term, "matchFields");
    if (expressions.empty() && on_fields.empty()) return false;  // a term without a word matches no node
    return std::all_of(expressions.begin(), expressions.end(),
                       [&](const json& one) { return meets(one, labels); }) &&
           std::all_of(on_fields.begin(), on_fields.end(),
                       [&](const json& one) { return meets(one, fields); });
  });
}

std::string pairs(const Labels& labels) {
  std::string all;
  for (const auto& [key, value] : labels) all += (all.empty() ? "" : ",") + key + "=" + value;
  return all;
}

std::string selector_text(const json& selector) {
  std::string all = pairs(texts(selector, "matchLabels"));
  for (const json& expression : member(selector, "matchExpressions"))
    all += (all.empty() ? "" : ",") + expression_text(expression);
  return all.empty() ? "everything" : all;
}

}  // namespace stateproof::diagnosis
