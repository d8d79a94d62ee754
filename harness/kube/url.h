#pragma once

#include <string>
#include <string_view>

namespace stateproof::kube {

/// Everything but letters, digits and "-._~" as %XX.
std::string percent_encoded(std::string_view text);

/// A query string in the making: "?a=1&b=x%20y", or nothing at all.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value);
  /// Leaves a parameter without a value away, as the API server reads it anyway.
  Query& add_if_set(std::string_view name, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace stateproof::kube
