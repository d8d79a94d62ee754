#include "harness/report/markup.h"

#include <fmt/format.h>

#include "harness/report/text.h"

namespace stateproof::report {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : valid_text(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string element(std::string_view name, std::string_view attributes, std::string_view content) {
  return fmt::format("<{0}{1}{2}>{3}</{0}>", name, attributes.empty() ? "" : " ", attributes, content);
}

std::string text_element(std::string_view name, std::string_view attributes, std::string_view text) {
  return element(name, attributes, escaped(text));
}

std::string link(std::string_view address, std::string_view text) {
  const bool on_the_web = address.starts_with("https://") || address.starts_with("http://");
  return on_the_web ? text_element("a", fmt::format(R"(href="{}")", escaped(address)), text) : escaped(text);
}

}  // namespace stateproof::report
