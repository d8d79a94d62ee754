#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace stateproof::diagnosis {

using Labels = std::map<std::string, std::string>;

/// metadata.labels
Labels labels_of(const nlohmann::json& object);
/// Whether labels meet an expression of a selector (In, NotIn, Exists, DoesNotExist, Gt, Lt).
bool meets(const nlohmann::json& expression, const Labels& labels);
/// A LabelSelector as served. A null one selects nothing, an empty one everything.
bool selects(const nlohmann::json& selector, const Labels& labels);
/// A plain selector, such as a Service's: an empty one selects nothing.
bool selects(const Labels& selector, const Labels& labels);
/// Terms of a node selector, as volumes and affinities have them: any of them will do.
bool meets_any(const nlohmann::json& terms, const nlohmann::json& node);
/// "a=b,c=d"
std::string pairs(const Labels& labels);
/// A LabelSelector for people: "app=web,role in (a,b)".
std::string selector_text(const nlohmann::json& selector);

}  // namespace stateproof::diagnosis
